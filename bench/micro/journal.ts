/**
 * What the journal costs: appending (chunks of 500 messages and of one), pulling pages and streams, scanning by a filter.
 * Run compiled: node dist/bench/micro/journal.js. Times are per message unless the row says otherwise; the store is in memory
 * and, with a directory as argument, in a file there.
 */
import { MessageChannel } from 'node:worker_threads';
import { openJournal } from '../../src/journal/client.ts';
import { Log } from '../../src/journal/log/log.ts';
import type { Journal } from '../../src/journal/ports.ts';
import { SqliteStore } from '../../src/journal/store/sqlite/sqlite-store.ts';
import { addressBytes } from '../../src/net/address.ts';
import { type Draft, encodeChunk, H } from '../../src/records/chunk.ts';
import { listenerId } from '../../src/records/ids.ts';
import type { Read } from '../../src/schemas/reads.ts';

const LISTENER = 4711;
const SIZE = 64;
const CREDIT = 16 * 1024 * 1024;
const rows: { what: string; value: string }[] = [];

const pull: Read = {
  scope: { listener: LISTENER },
  after: null,
  before: null,
  order: 'asc',
  limit: 1000,
  maxBytes: 8 * 1024 * 1024,
  filter: {},
  payload: 'full',
  format: 'json',
};

appendCost('append and commit, 500 a chunk', 500, 1_000_000);
appendCost('append, commit and evict, 500 a chunk', 500, 1_000_000, 10_000);
appendCost('append and commit, 1 a chunk', 1, 200_000);
appendCost('append, commit and evict, 1 a chunk', 1, 200_000, 10_000);
await throughThread('through the thread, 500 a chunk', 500, 1_000_000);
await throughThread('through the thread, 1 a chunk', 1, 200_000);
await reading();
await waiting();
console.table(rows);

/** The log alone, in this thread, committing every 64 chunks as a busy ingest does. */
function appendCost(what: string, perChunk: number, total: number, maxMessages = 1e9): void {
  const log = new Log(new SqliteStore(null), 4 * 1024 ** 3);
  log.register(described(maxMessages));
  const chunk = chunkOf(perChunk, 0);
  const chunks = Array.from({ length: total / perChunk }, (_, i) => numbered(chunk, i * perChunk));
  const start = performance.now();
  chunks.forEach((each, i) => {
    log.append([each]);
    if (i % 64 === 63) log.commit();
  });
  log.commit();
  report(what, (performance.now() - start) / total);
  log.store.close();
}

async function throughThread(what: string, perChunk: number, total: number): Promise<void> {
  const journal = await opened();
  const start = performance.now();
  await fill(journal, perChunk, total);
  await journal.histories([LISTENER]);
  report(what, (performance.now() - start) / total);
  const { appendSeconds } = await journal.stats();
  report(`${what}: journal thread busy appending`, (appendSeconds * 1000) / total);
  await journal.close();
}

async function reading(): Promise<void> {
  const total = 1_000_000;
  const journal = await opened();
  await fill(journal, 500, total);
  for (const format of ['json', 'sse', 'ndjson'] as const) {
    const start = performance.now();
    let messages = 0;
    for (let after: string | null = null, more = true; more; ) {
      const page = await journal.read({ ...pull, format, after });
      messages += page.messages;
      after = page.next;
      more = page.hasMore;
    }
    if (messages !== total) throw new Error(`pulled ${messages} of ${total}`);
    report(`pull all by pages of 1000 as ${format}`, (performance.now() - start) / total);
  }
  const middle = total / 2;
  await timed('page of 100 in the middle', 500, (i) => journal.read({ ...pull, after: `${middle + i}`, limit: 100 }));
  await timed('page of 1 at the end', 500, (i) => journal.read({ ...pull, order: 'desc', limit: 1, maxBytes: i }));
  await timed('text that is nowhere in 1,000,000', 3, (i) =>
    journal.read({ ...pull, filter: { text: `nowhere${i}` } }),
  );
  await timed('source that is nowhere in 1,000,000', 10, (i) =>
    journal.read({ ...pull, filter: { remote: { bytes: addressBytes(`10.1.2.${i}`), prefix: 128 } } }),
  );
  await journal.close();
}

/** What appending costs while 2,000 waits for different texts sleep on the listener, and while none does. */
async function waiting(): Promise<void> {
  for (const waits of [0, 2000]) {
    const journal = await opened();
    const asleep = Array.from({ length: waits }, (_, i) =>
      journal.wait({ ...pull, filter: { text: `id=${i};` }, count: 1, timeout: 60_000 }, new AbortController().signal),
    );
    const start = performance.now();
    await fill(journal, 10, 100_000);
    report(`through the thread, 10 a chunk, ${waits} waits`, (performance.now() - start) / 100_000);
    await journal.close();
    await Promise.all(asleep);
  }
}

async function timed(what: string, times: number, read: (i: number) => Promise<unknown>): Promise<void> {
  await read(times);
  const start = performance.now();
  for (let i = 0; i < times; i++) await read(i);
  report(`${what} (whole answer)`, (performance.now() - start) / times);
}

async function opened(): Promise<Journal> {
  const journal = await openJournal({ dataDir: process.argv[2] ?? null, maxBytes: 4 * 1024 ** 3, execArgv: [] });
  await journal.forget(LISTENER);
  await journal.register(described(1e9));
  return journal;
}

/** As a worker does: chunks by a port of its own, never more than its credit under way. */
async function fill(journal: Journal, perChunk: number, total: number): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  journal.attach(port2);
  let owed = 0;
  let wake = () => {};
  port1.on('message', (bytes: number) => {
    owed -= bytes;
    wake();
  });
  const template = chunkOf(perChunk, 0);
  for (let sent = 0; sent < total; sent += perChunk) {
    const chunk = numbered(template, sent);
    owed += chunk.length;
    port1.postMessage(chunk, [chunk.buffer]);
    if (owed > CREDIT) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  await journal.histories([LISTENER]);
  port1.close();
}

function described(maxMessages: number) {
  const capture = { maxMessages, maxBytes: 4 * 1024 ** 3, maxAge: null, overflow: 'dropOldest' as const };
  const local = { address: '127.0.0.1', port: 9 };
  return { number: LISTENER, id: listenerId(LISTENER), protocol: 'udp' as const, local, capture };
}

function chunkOf(messages: number, ordinal: number): Uint8Array<ArrayBuffer> {
  const remote = addressBytes('127.0.0.1');
  const payload = Buffer.alloc(SIZE, 'abcdefgh');
  const draft: Draft = {
    kind: 0,
    direction: 0,
    at: { seconds: 1_760_000_000, nanos: 0 },
    size: SIZE,
    payload,
    remote,
    remotePort: 5000,
  };
  const drafts = Array.from({ length: messages }, (_, i) => ({ ...draft, at: { ...draft.at, nanos: i * 1000 } }));
  const origin = { listener: LISTENER, node: 0, thread: 1, binding: 0, incarnation: 0 };
  return encodeChunk(origin, drafts, 0, ordinal) as Uint8Array<ArrayBuffer>;
}

function numbered(chunk: Uint8Array<ArrayBuffer>, ordinal: number): Uint8Array<ArrayBuffer> {
  const copy = chunk.slice();
  new DataView(copy.buffer).setUint32(H.ordinal, ordinal, true);
  return copy;
}

function report(what: string, milliseconds: number): void {
  const value = milliseconds >= 0.1 ? `${milliseconds.toFixed(2)} ms` : `${(milliseconds * 1000).toFixed(3)} µs`;
  rows.push({ what, value });
}
