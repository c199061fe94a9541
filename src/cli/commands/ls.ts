/** `listenpost ls`: the listeners. */
import { type Command, Option } from 'commander';
import type { ListenersQuery, ListenerView } from '../../client/index.ts';
import { LISTENER_STATES } from '../../schemas/listener-states.ts';
import { addExamples } from '../examples.ts';
import { addCommon } from '../options/common.ts';
import { label } from '../options/values.ts';
import { paint } from '../session/output.ts';
import { inSession, type Session } from '../session/session.ts';
import { table } from '../show/table.ts';

type Flags = ListenersQuery & { names?: boolean };

export function addLs(program: Command): void {
  const command = program
    .command('ls')
    .description('list listeners')
    .addOption(new Option('--protocol <protocol>', 'only of this protocol').choices(['udp', 'tcp']))
    .addOption(new Option('--state <state>', 'only in this state').choices(LISTENER_STATES))
    .option('--label <key:value>', 'only with this label; repeated: with all of them', label)
    .option('--names', 'names alone, or ids, one a line');
  addExamples(addCommon(command), [
    ['listenpost ls', 'all of them'],
    ['listenpost ls --label suite:smoke --names', 'names for a script'],
  ]).action(inSession(ls));
}

async function ls({ service, output }: Session, { names = false, ...query }: Flags): Promise<void> {
  const { protocol, state, label } = query;
  const only = { ...(protocol && { protocol }), ...(state && { state }), ...(label && { label }) };
  const views = (await service.listeners(only)).map(({ view }) => view);
  if (output.json) for (const view of views) await output.object(view);
  else if (names) for (const { name, id } of views) await output.line(name ?? id);
  else if (views.length === 0) output.say('no listeners');
  else await output.line(listing(views));
}

function listing(views: ListenerView[]): string {
  const [head = '', ...lines] = table([
    ['NAME', 'ADDRESS', 'STATE', 'ANSWERS', 'RECEIVED', 'UNREAD'],
    ...views.map(row),
  ]);
  return [paint('bold', head), ...lines].join('\n');
}

function row({ name, id, protocol, address, state, responder, stats, unread }: ListenerView): string[] {
  const where = address?.url ?? `${protocol}://-`;
  return [name ?? id, where, state, responder?.type ?? 'none', `${stats.received}`, `${unread}`];
}
