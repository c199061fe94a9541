/** Waiting for messages and proving that none come, without a sleep and without a race: both look from a cursor. */
import { type After, positionOf } from './cursor.ts';
import { WaitError } from './errors.ts';
import type { ListenerReads, ReadStart } from './listener-reads.ts';
import { Message } from './message.ts';
import { type Duration, type Filter, filterText, milliseconds, type PayloadMode } from './query.ts';
import { sightsOfWait } from './reading.ts';
import { report } from './report.ts';
import type { NearMiss, PageView } from './views.ts';

export type WaitOptions = Filter & {
  /** How long at most; default 5 s. */
  timeout?: Duration;
  /** Where to look from; default: beyond what an earlier wait or iteration gave out. */
  after?: After;
  payload?: PayloadMode;
  signal?: AbortSignal;
};
export type WaitManyOptions = WaitOptions & {
  /** How many messages. */
  count: number;
};
export type ExpectNoneOptions = Omit<WaitOptions, 'timeout'> & {
  /** How long it must stay quiet; default 200 ms. */
  within?: Duration;
};

/** The API's bounds of one wait: milliseconds, and messages. */
const LONGEST = 60_000;
const MOST = 1000;

type Asked = ReadStart & { filter: Filter; count: number; until: number; signal?: AbortSignal | undefined };

/** Waits for messages and moves the listener's cursor beyond the last of them. */
export async function waitFor(listener: ListenerReads, options: WaitOptions & { count?: number }): Promise<Message[]> {
  const { count = 1, timeout = '5s', after, signal, ...filter } = options;
  const { place, passed } = await placeOf(listener, { after, filter });
  const asked = { filter, place, passed, count, until: performance.now() + milliseconds(timeout), signal };
  const { messages, next, missed } = await collect(listener, asked);
  if (missed === undefined) {
    listener.given(messages, next, sightsOfWait(filter));
    return messages;
  }
  const lines: [string, string][] = [
    ['wanted', `${count} ${wantedText(filter)}, after #${positionOf(place)}`],
    ['got', gotText(messages)],
  ];
  const headline = `${messages.length} of ${count} messages within ${timeoutText(timeout)}`;
  throw new WaitError(await report(listener, { headline, lines, nearMisses: missed }), {
    messages,
    nearMisses: missed,
  });
}

/** Fails as soon as a message comes that matches. */
export async function expectNone(listener: ListenerReads, options: ExpectNoneOptions): Promise<void> {
  const { within = 200, after, signal, ...filter } = options;
  const { place, passed } = await placeOf(listener, { after, filter });
  const until = performance.now() + milliseconds(within);
  const { messages } = await collect(listener, { filter, place, passed, count: 1, until, signal });
  if (messages.length === 0) return;
  const lines: [string, string][] = [
    ['wanted', `no ${wantedText(filter)}, after #${positionOf(place)}`],
    ['got', gotText(messages)],
  ];
  const headline = `an unexpected message within ${timeoutText(within)}`;
  throw new WaitError(await report(listener, { headline, lines, nearMisses: [] }), { messages, nearMisses: [] });
}

/** Where a wait begins: `after`, or where those before have come to that look at the same. */
async function placeOf(
  listener: ListenerReads,
  { after, filter }: { after: After | undefined; filter: Filter },
): Promise<ReadStart> {
  if (after !== undefined) return { place: await listener.placeOf(after), passed: undefined };
  return listener.begin(sightsOfWait(filter));
}

type Collected = { messages: Message[]; next: string; missed: NearMiss[] | undefined };

/** One wait after the other until enough came or time is over. `missed` is there when it was not enough. */
async function collect(listener: ListenerReads, asked: Asked): Promise<Collected> {
  const { filter, place, passed, count, until, signal } = asked;
  const messages: Message[] = [];
  let next = place;
  while (messages.length < count) {
    const need = Math.min(count - messages.length, MOST);
    const began = performance.now();
    const wait = Math.min(Math.max(0, Math.ceil(until - began)), LONGEST);
    const query = { ...filter, after: next, wait: `${wait}ms`, count: need, limit: need };
    const page = await listener.rawPage(query, { extraTime: wait, signal });
    const isLast = wait < LONGEST || performance.now() - began < wait / 2;
    if (!page.satisfied && !isLast) continue;
    messages.push(...page.items.map((item) => new Message(item)).filter((message) => passed?.(message) !== true));
    next = endOf(page);
    if (!page.satisfied) return { messages, next, missed: page.nearMisses ?? [] };
  }
  return { messages, next, missed: undefined };
}

/** The cursor of the last item: a page's `next` may lie farther on. */
function endOf({ items, next }: PageView): string {
  const last = items.at(-1);
  return last?.seq === undefined ? next : `${last.seq}`;
}

function wantedText({
  direction = 'in',
  kind = 'message',
  payload: _,
  ...filter
}: Filter & { payload?: unknown }): string {
  const such = filterText(filter);
  return `${direction} ${kind}${such === '' ? '' : ` with ${such}`}`;
}

function gotText(messages: Message[]): string {
  return messages.length === 0 ? 'none' : messages.slice(0, 10).map(String).join('; ');
}

function timeoutText(timeout: Duration): string {
  return typeof timeout === 'number' ? `${timeout} ms` : timeout;
}
