/** `listenpost reset`: back to an empty service. */
import type { Command } from 'commander';
import { addExamples } from '../examples.ts';
import { addCommon } from '../options/common.ts';
import { inSession, type Session } from '../session/session.ts';

export function addReset(program: Command): void {
  const command = program
    .command('reset')
    .description('remove everything: listeners, messages, sends and running waits');
  addExamples(addCommon(command), [['listenpost reset', 'at once, without asking']]).action(inSession(reset));
}

async function reset({ service, output }: Session): Promise<void> {
  await service.reset();
  output.say('removed all listeners, messages and sends');
}
