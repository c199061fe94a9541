/** `listenpost tail`: what arrives, as it arrives. */
import type { Command } from 'commander';
import type { EventFeed, FeedOptions, Listener } from '../../client/index.ts';
import { addExamples } from '../examples.ts';
import { addCommon } from '../options/common.ts';
import { addFilters, type FilterFlags, filterOf } from '../options/filters.ts';
import { duration, whole } from '../options/values.ts';
import { inSession, type Session } from '../session/session.ts';
import { lossWords, Names, showFeed } from '../show/feed.ts';

type Flags = FilterFlags & { after?: string; limit?: number; for?: string; hex?: boolean };

export function addTail(program: Command): void {
  const command = program
    .command('tail')
    .description('print messages as they arrive, of one listener or of all')
    .argument('[listener]', 'listener by id or name; without it all')
    .option('--after <cursor>', 'begin after: start, a seq, or a cursor (default: now)')
    .option('--limit <number>', 'end after so many messages', whole(1))
    .option('--for <duration>', 'end after this long', duration)
    .option('--hex', 'show payloads as hex digits');
  addExamples(addCommon(addFilters(command)), [
    ['listenpost tail', 'everything, until Ctrl-C'],
    ['listenpost tail statsd --after start --direction in --limit 10', 'the first ten that came in'],
    ['listenpost tail --json | jq -r .text', 'payloads alone'],
  ]).action(inSession(tail));
}

async function tail({ service, output, signal }: Session, ref: string | undefined, flags: Flags): Promise<void> {
  const options: FeedOptions = {
    kind: ['message', 'gap'],
    ...filterOf(flags),
    ...(flags.limit !== undefined && { limit: flags.limit }),
    ...(flags.for !== undefined && { for: flags.for }),
    ...(output.json && flags.hex && { payload: 'hex' }),
    ...lossWords(output, service.url),
    signal,
  };
  const listener = ref === undefined ? undefined : await service.listener(ref);
  const feed = listener === undefined ? service.events(after(options, flags)) : fromListener(listener, options, flags);
  await feed.opened();
  output.say(`following ${listener?.name ?? ref ?? 'all listeners'}`);
  await showFeed(feed, { output, flags, ...(listener === undefined && { names: new Names(service) }) });
}

function fromListener(listener: Listener, options: FeedOptions, { after = 'now' }: Flags): EventFeed {
  return listener.events({ ...options, after });
}

/** Over all listeners a cursor is opaque; 0 is the start. */
function after({ hold: _, ...options }: FeedOptions, { after }: Flags) {
  return { ...options, ...(after !== undefined && after !== 'now' && { after: after === 'start' ? '0' : after }) };
}
