/** The story of a failure for a test report: what was wanted, what came, what came near, and what was lost. */
import type { ListenerReads } from './listener-reads.ts';
import { Message, quoted, type RecordView } from './message.ts';
import { toHex } from './payload.ts';
import type { ListenerView, NearMiss } from './views.ts';

export type Story = {
  /** The first line. */
  headline: string;
  /** Named lines below it. */
  lines: [label: string, text: string][];
  nearMisses: NearMiss[];
};

/** Messages shown at the end of a report, and bytes shown of each. */
const LAST = 5;
const BYTES = 32;

/** Writes the report. What can't be had any more (the listener may be gone) is left out. */
export async function report(listener: ListenerReads, story: Story): Promise<string> {
  const [view, last] = await Promise.all([
    listener.refresh().catch(() => undefined),
    lastRecords(listener).catch(() => undefined),
  ]);
  const lines = [
    `${story.headline} on ${listener.name ?? listener.id} (${listener.url})`,
    ...story.lines.map(([label, text]) => line(label, text)),
    ...story.nearMisses.map(({ seq, why }, index) => line(index === 0 ? 'near' : '', `#${seq}: ${why}`)),
    ...(last === undefined ? [] : lastLines(last)),
    ...(view === undefined ? [] : [line('state', stateText(view)), line('drops', dropsText(view))]),
  ];
  return lines.join('\n');
}

/** A label and its text; further lines of the text stand below its first. */
function line(label: string, text: string): string {
  return `  ${label.padEnd(8)} ${text.replaceAll('\n', `\n${' '.repeat(11)}`)}`;
}

async function lastRecords(listener: ListenerReads): Promise<RecordView[]> {
  const page = await listener.rawPage({ order: 'desc', limit: LAST, kind: 'message,gap' });
  return page.items.reverse();
}

function lastLines(records: RecordView[]): string[] {
  if (records.length === 0) return [line('last', 'nothing ever came')];
  return records.flatMap((record, index) => recordLines(record, index === 0 ? 'last' : ''));
}

function recordLines(record: RecordView, label: string): string[] {
  if (record.kind !== 'message') return [line(label, `gap: ${record.dropped} messages, ${record.reason}`)];
  const message = new Message(record);
  const { seq, direction, at, remote, size, bytes } = message;
  const way = `${direction === 'in' ? 'from' : 'to'} ${remote.address}:${remote.port}`;
  const cut = bytes.length > BYTES ? ' …' : '';
  return [
    line(label, `#${seq} ${direction} ${at.slice(11, 23)} ${way}, ${size} bytes`),
    line('', `  text ${quoted(message.text)}`),
    line('', `  hex  ${toHex(bytes.subarray(0, BYTES), ' ')}${cut}`),
  ];
}

function stateText({ state, stats, error }: ListenerView): string {
  const why = error === undefined ? '' : `: ${error.detail}`;
  return `${state}${why}, received ${stats.received}, captured ${stats.captured}, sent ${stats.sent}`;
}

function dropsText({ stats }: ListenerView): string {
  const drops = Object.entries(stats.dropped).filter(([, count]) => count !== 0 && count !== null);
  const others = Object.entries({ evicted: stats.evicted, truncated: stats.truncated }).filter(
    ([, count]) => count > 0,
  );
  return [...drops, ...others].map(([reason, count]) => `${reason} ${count}`).join(', ') || 'none';
}
