/** `listenpost wait`: until the messages are there, without a sleep and without a race. */
import type { Command } from 'commander';
import type { PayloadMode } from '../../client/index.ts';
import { addExamples } from '../examples.ts';
import { addCommon } from '../options/common.ts';
import { addFilters, type FilterFlags, filterOf } from '../options/filters.ts';
import { duration, whole } from '../options/values.ts';
import { inSession, type Session } from '../session/session.ts';
import { showMessages } from '../show/messages.ts';

type Flags = FilterFlags & { count: number; timeout: string; after: string; hex?: boolean };

export function addWait(program: Command): void {
  const command = program
    .command('wait')
    .description('wait for messages and print them; exit code 1 when they do not come in time')
    .argument('<listener>', 'listener by id or name')
    .option('--count <number>', 'how many', whole(1), 1)
    .option('--timeout <duration>', 'how long at most', duration, '5s')
    .option('--after <cursor>', 'only what comes after: start, now, or a seq', 'start')
    .option('--hex', 'show payloads as hex digits');
  addExamples(addCommon(addFilters(command)), [
    ['listenpost wait statsd --count 3 --timeout 5s', 'three messages, those already there count'],
    ['listenpost wait syslog --regex "panic|fatal" --json', 'one that matches, as JSON'],
  ]).action(inSession(wait));
}

async function wait({ service, output, signal }: Session, ref: string, flags: Flags): Promise<void> {
  const listener = await service.listener(ref);
  const { count, timeout, after, hex } = flags;
  const payload: { payload?: PayloadMode } = output.json && hex ? { payload: 'hex' } : {};
  const wanted = { ...filterOf(flags), ...payload, count, timeout, after, signal };
  await showMessages(output, { hex }, listener.waitFor(wanted));
}
