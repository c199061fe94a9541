/** `listenpost clear`: forgets messages; the listener stays. */
import type { Command } from 'commander';
import { addExamples } from '../examples.ts';
import { addCommon } from '../options/common.ts';
import { whole } from '../options/values.ts';
import { inSession, type Session } from '../session/session.ts';
import { count } from '../show/quantity.ts';

type Flags = { before?: number };

export function addClear(program: Command): void {
  const command = program
    .command('clear')
    .description('forget the messages of a listener, which goes on')
    .argument('<listener>', 'listener by id or name')
    .option('--before <seq>', 'only those with a smaller number', whole(1));
  addExamples(addCommon(command), [
    ['listenpost clear statsd', 'between two tests; numbers go on'],
    ['listenpost clear statsd --before 100', 'keeps message 100 and what came later'],
  ]).action(inSession(clear));
}

async function clear({ service, output }: Session, ref: string, { before }: Flags): Promise<void> {
  const listener = await service.listener(ref);
  const cleared = await listener.clear(before === undefined ? {} : { before });
  if (output.json) await output.object({ cleared });
  output.say(`cleared ${count(cleared, 'message')} of ${listener.name ?? listener.id}`);
}
