/** `listenpost show`: one listener, or one of its messages, in full. */
import { type Command, Option } from 'commander';
import { type Listener, type ListenerView, Message, type RecordView } from '../../client/index.ts';
import { addExamples } from '../examples.ts';
import { addCommon } from '../options/common.ts';
import { whole } from '../options/values.ts';
import { UsageError } from '../session/failure.ts';
import { paint } from '../session/output.ts';
import { inSession, type Session } from '../session/session.ts';
import { messageLine } from '../show/lines.ts';
import { bytes, count } from '../show/quantity.ts';
import { table } from '../show/table.ts';

type Flags = { hex?: boolean; raw?: boolean };

export function addShow(program: Command): void {
  const command = program
    .command('show')
    .description('show a listener, or one of its messages in full')
    .argument('<listener>', 'listener by id or name')
    .argument('[seq]', 'number of a message', whole(1))
    .addOption(new Option('--hex', 'show the payload as hex digits').conflicts('raw'))
    .option('--raw', 'write the payload alone, as it was on the wire');
  addExamples(addCommon(command), [
    ['listenpost show statsd', 'where it is, what it answers, what it counted'],
    ['listenpost show statsd 3 --raw > payload.bin', 'the bytes of a message'],
  ]).action(inSession(show));
}

async function show(session: Session, ref: string, seq: number | undefined, flags: Flags): Promise<void> {
  if (seq === undefined && (flags.hex || flags.raw))
    throw new UsageError('--hex and --raw are for a message: give SEQ');
  const { output } = session;
  const listener = await session.service.listener(ref);
  if (seq === undefined) return output.show(listener.view, () => listenerText(listener.view));
  const message = await messageOf(session, listener, seq);
  if (flags.raw) await output.write(message.bytes);
  else await output.show(message, () => messageLine(message, { hex: flags.hex }));
}

async function messageOf({ http }: Session, { id }: Listener, seq: number): Promise<Message> {
  return new Message(await http.json<RecordView>('GET', `/v1/listeners/${id}/messages/${seq}`));
}

/** A line for each thing worth knowing. */
function listenerText(view: ListenerView): string {
  const {
    id,
    name,
    state,
    protocol,
    address,
    error,
    labels = {},
    responder,
    unread,
    stats,
    createdAt,
    expiresAt,
  } = view;
  const rows: [string, string | undefined][] = [
    ['listener', name ?? id],
    ['id', id],
    ['state', error === undefined ? state : `${state}: ${error.detail}`],
    ['address', address?.url ?? `${protocol}://-`],
    ['answers', answersText(responder)],
    [
      'labels',
      Object.entries(labels)
        .map(([key, value]) => `${key}:${value}`)
        .join(' ') || undefined,
    ],
    ['created', createdAt],
    ['expires', expiresAt ?? undefined],
    ['received', `${count(stats.received, 'message')}, ${bytes(stats.receivedBytes)}`],
    ['sent', `${count(stats.sent, 'message')}, ${bytes(stats.sentBytes)}`],
    ['kept', stats.lastSeq < stats.firstSeq ? 'none' : `#${stats.firstSeq} to #${stats.lastSeq}, ${unread} unread`],
    ['connections', protocol === 'tcp' ? `${stats.connectionsOpen} open of ${stats.connectionsTotal}` : undefined],
    ['dropped', droppedText(view)],
  ];
  const shown = rows.filter((row): row is [string, string] => row[1] !== undefined);
  return table(shown)
    .map((line) => line.replace(/^\S+/, (head) => paint('bold', head)))
    .join('\n');
}

/** The kind of answer, and its settings. */
function answersText({ type, ...settings }: ListenerView['responder'] = { type: 'none' }): string {
  return Object.keys(settings).length === 0 ? type : `${type} ${JSON.stringify(settings)}`;
}

/** Reasons that struck; undefined when none did. */
function droppedText({ stats }: ListenerView): string | undefined {
  const struck = Object.entries(stats.dropped).filter(([, times]) => times !== null && times > 0);
  return struck.length === 0 ? undefined : struck.map(([reason, times]) => `${times} ${reason}`).join(', ');
}
