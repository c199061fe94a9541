/**
 * How long an append is held up: from posting a chunk until its credit comes back, while nothing else goes on, beside an
 * NDJSON export of 1,000,000 messages and beside a regular expression that matches none of them.
 * Run compiled: node dist/bench/micro/held-up-appends.js [directory]; the store is in memory and, with a directory, in a file there.
 */
import { MessageChannel } from 'node:worker_threads';
import { openJournal } from '../../src/journal/client.ts';
import type { Journal } from '../../src/journal/ports.ts';
import { addressBytes } from '../../src/net/address.ts';
import { encodeChunk } from '../../src/records/chunk.ts';
import { listenerId } from '../../src/records/ids.ts';
import type { Read } from '../../src/schemas/reads.ts';

const LISTENER = 4711;
const TOTAL = 1_000_000;
const PER_CHUNK = 500;
const SAMPLES = 2000;
/** Milliseconds between a credit and the next chunk. */
const APPEND_INTERVAL_MS = 2;

const all: Read = {
  ...{ scope: { listener: LISTENER }, after: null, before: null, order: 'asc', limit: 10_000, maxBytes: 1024 ** 2 },
  ...{ filter: {}, payload: 'full', format: 'json' },
};

const dataDir = process.argv[2] ?? null;
const journal = await openJournal({ dataDir, maxBytes: 4 * 1024 ** 3, execArgv: [] });
await journal.forget(LISTENER);
await journal.register({
  ...{ number: LISTENER, id: listenerId(LISTENER), protocol: 'udp', local: { address: '127.0.0.1', port: 9 } },
  capture: { maxMessages: 1e9, maxBytes: 4 * 1024 ** 3, maxAge: null, overflow: 'dropOldest' },
});
const post = appender(journal);
for (let sent = 0; sent < TOTAL; sent += PER_CHUNK) await post();

const rows = [];
for (const [beside, read] of [
  ['alone', null],
  ['export', exportAll],
  ['regex', matchNothing],
] as const) {
  rows.push(await held(beside, read));
}
console.table(rows);
await journal.close();

/** Posts chunk after chunk while `read` goes on again and again. */
async function held(beside: string, read: ((goesOn: () => boolean) => Promise<number>) | null) {
  let measuring = true;
  const reading = read?.(() => measuring);
  const times: number[] = [];
  for (let i = 0; i < SAMPLES; i++) {
    await new Promise((resolve) => setTimeout(resolve, APPEND_INTERVAL_MS));
    const start = performance.now();
    await post();
    times.push(performance.now() - start);
  }
  measuring = false;
  const messagesPerSecond = await reading;
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!.toFixed(2);
  return { beside, p50: at(0.5), p99: at(0.99), 'p99.9': at(0.999), max: at(1), 'read/s': messagesPerSecond };
}

async function exportAll(goesOn: () => boolean): Promise<number> {
  const start = performance.now();
  let messages = 0;
  for (let after: string | null = null; goesOn(); ) {
    const page = await journal.read({ ...all, format: 'ndjson', after });
    messages += page.messages;
    // Left to the garbage collector, it would stop the clock that measures.
    (page.body.buffer as ArrayBuffer).transfer(0);
    after = page.hasMore ? page.next : null;
  }
  return Math.round((messages * 1000) / (performance.now() - start));
}

async function matchNothing(goesOn: () => boolean): Promise<number> {
  const start = performance.now();
  let walks = 0;
  while (goesOn()) await journal.read({ ...all, filter: { regex: `nowhere${++walks}$` } });
  return Math.round((walks * TOTAL * 1000) / (performance.now() - start));
}

/** As a worker does it: by a port of its own; resolves when the credit is back. */
function appender(journal: Journal): () => Promise<void> {
  const { port1, port2 } = new MessageChannel();
  journal.attach(port2);
  let credited = () => {};
  port1.on('message', () => credited());
  port1.unref();
  const template = chunkOf(PER_CHUNK);
  return () =>
    new Promise((resolve) => {
      credited = resolve;
      const chunk = template.slice();
      port1.postMessage(chunk, [chunk.buffer]);
    });
}

function chunkOf(messages: number): Uint8Array<ArrayBuffer> {
  const payload = Buffer.alloc(64, 'abcdefgh');
  const draft = { kind: 0, direction: 0, size: payload.length, payload, remote: addressBytes('127.0.0.1') } as const;
  const drafts = Array.from({ length: messages }, (_, i) => {
    return { ...draft, remotePort: 5000, at: { seconds: 1_760_000_000, nanos: i * 1000 } };
  });
  const origin = { listener: LISTENER, node: 0, thread: 1, binding: 0, incarnation: 0 };
  return encodeChunk(origin, drafts, 0, 0) as Uint8Array<ArrayBuffer>;
}
