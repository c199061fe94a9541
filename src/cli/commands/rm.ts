/** `listenpost rm`: deletes listeners with their messages. */
import type { Command } from 'commander';
import { type Leaks, type Listener, ProblemError } from '../../client/index.ts';
import { addExamples } from '../examples.ts';
import { addCommon } from '../options/common.ts';
import { label } from '../options/values.ts';
import { reportFailure, UsageError } from '../session/failure.ts';
import { inSession, type Session } from '../session/session.ts';
import { count } from '../show/quantity.ts';

type Flags = { label?: Record<string, string>; all?: boolean };
/** What a listener held when it went. */
type Removed = Leaks['listeners'][number];

export function addRm(program: Command): void {
  const command = program
    .command('rm')
    .description('delete listeners and their messages')
    .argument('[listener...]', 'listeners by id or name')
    .option('--label <key:value>', 'those with this label; repeated: with all of them', label)
    .option('--all', 'every one');
  addExamples(addCommon(command), [
    ['listenpost rm statsd syslog', 'two of them'],
    ['listenpost rm --label suite:smoke', 'what a test run left behind'],
  ]).action(inSession(rm));
}

async function rm(session: Session, refs: string[], { label, all = false }: Flags): Promise<number> {
  if ([refs.length > 0, label !== undefined, all].filter(Boolean).length !== 1) {
    throw new UsageError('say which: LISTENER..., --label key:value or --all');
  }
  if (label !== undefined) return removeLabelled(session, label);
  const { service } = session;
  const found = all ? await service.listeners() : refs;
  let code = 0;
  for (const item of found) code = (await removeOne(session, item)) || code;
  return code;
}

async function removeLabelled({ http, ...session }: Pick<Session, 'http' | 'output'>, label: Record<string, string>) {
  const { listeners } = await http.json<Leaks>('DELETE', '/v1/listeners', { query: { label } });
  for (const removed of listeners) await show(session, removed);
  if (listeners.length === 0) session.output.say('no listener has that label');
  return 0;
}

/** One that is not there is loss and does not stop the rest. */
async function removeOne(session: Session, item: string | Listener): Promise<number> {
  try {
    const listener = typeof item === 'string' ? await session.service.listener(item) : item;
    const { id, name, unread, unmatched, stats } = listener.view;
    await listener.close();
    await show(session, { id, name: name ?? null, unread, unmatched, openConnections: stats.connectionsOpen });
    return 0;
  } catch (error) {
    if (error instanceof ProblemError) return reportFailure(error);
    throw error;
  }
}

async function show({ output }: Pick<Session, 'output'>, removed: Removed): Promise<void> {
  const { name, id, unread, openConnections } = removed;
  if (output.json) return output.object(removed);
  const held = [unread > 0 && `${unread} unread`, openConnections > 0 && count(openConnections, 'open connection')];
  const loss = held.filter(Boolean).join(', ');
  output.say(`removed ${name ?? id}${loss === '' ? '' : ` (${loss})`}`);
}
