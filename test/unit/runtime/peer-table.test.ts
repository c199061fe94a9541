/** Numbers by key that threads share: one entry a key whoever makes it first, bounded, and no thread waits for a dead one. */
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { createPeerMemory, PeerTable } from '../../../src/runtime/peer-table.ts';

const FOREVER = Number.POSITIVE_INFINITY;
const keyed = (table: PeerTable, n: number) => table.keyOf(new Uint8Array(Int32Array.of(n).buffer), true);

/** Each thread adds one to every key, in the same order, so that they meet at entries that are not there yet. */
async function threads(memory: SharedArrayBuffer, count: number, keys: number): Promise<void> {
  const start = new Int32Array(new SharedArrayBuffer(4));
  const url = new URL('../../../src/runtime/peer-table.js', import.meta.url).href;
  const code = `
    import { workerData } from 'node:worker_threads';
    import { PeerTable } from ${JSON.stringify(url)};
    const { memory, start, keys, count } = workerData;
    const table = new PeerTable(memory);
    Atomics.add(start, 0, 1);
    while (Atomics.load(start, 0) < count);
    for (let n = 0; n < keys; n++) {
      const key = table.keyOf(new Uint8Array(Int32Array.of(n).buffer), true);
      table.add(table.take(key, Number.POSITIVE_INFINITY), 1);
    }`;
  const workers = Array.from({ length: count }, () => {
    const source = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
    return new Worker(source, { workerData: { memory, start, keys, count } });
  });
  await Promise.all(
    workers.map((worker) => new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject))),
  );
}

t.test('threads that meet at a key find one entry', async (t) => {
  const memory = createPeerMemory(40_000);
  await threads(memory, 4, 10_000);
  const table = new PeerTable(memory);
  let sum = 0;
  for (let n = 0; n < 10_000; n++) sum += table.valueOf(table.find(keyed(table, n), FOREVER));
  t.equal(sum, 40_000);
  t.equal([...table.values(FOREVER)].length, 10_000, 'none twice');
});

t.test('in a full bucket the one that was looked at least recently gives way', async (t) => {
  const table = new PeerTable(createPeerMemory(16));
  for (let n = 0; n < 16; n++) table.add(table.take(keyed(table, n), FOREVER), n + 1);
  t.same([...table.values(FOREVER)].length, 16);
  const fresh = table.take(keyed(table, 99), FOREVER);
  t.equal(table.valueOf(fresh), 0);
  t.equal([...table.values(FOREVER)].length, 16, 'bounded');
});

t.test('an entry after its time is another life', async (t) => {
  const table = new PeerTable(createPeerMemory(64));
  const at = table.take(keyed(table, 1), FOREVER);
  table.add(at, 5);
  const life = table.lifeOf(at);
  t.equal(table.find(keyed(table, 1), 0), -1);
  const next = table.take(keyed(table, 1), 0);
  t.equal(table.valueOf(next), 0);
  t.not(table.lifeOf(next), life);
  t.ok(table.change(next, 0, 3));
  t.notOk(table.change(next, 0, 4), 'somebody was there before');
  t.equal(table.valueOf(next), 3);
});

t.test('what a dead thread was about to fill is free after a second', async (t) => {
  const memory = createPeerMemory(16);
  const table = new PeerTable(memory);
  const words = new BigInt64Array(memory);
  const late = BigInt(-Number(process.hrtime.bigint() / 1_000_000n) + 2000);
  for (let entry = 0; entry < 16; entry++) words[2 + entry * 4] = late;
  t.ok(table.take(keyed(table, 1), FOREVER) > 0);
});
