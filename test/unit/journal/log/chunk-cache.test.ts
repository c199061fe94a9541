import t from 'tap';
import { START } from '../../../../src/journal/cursor.ts';
import { ChunkCache } from '../../../../src/journal/log/chunk-cache.ts';
import { SqliteStore } from '../../../../src/journal/store/sqlite/sqlite-store.ts';
import { A } from '../fixtures.ts';

t.setTimeout(120_000);

const MEGABYTE = 1024 * 1024;

/** A cache that was given so many chunks of a megabyte, which are rows 1, 2, …; it keeps eight. */
function filled(count: number) {
  const cache = new ChunkCache(new SqliteStore(null));
  const chunks = Array.from({ length: count }, () => new Uint8Array(MEGABYTE));
  chunks.forEach((chunk, i) => {
    cache.add(i + 1, chunk);
  });
  return { cache, chunks };
}

const spot = (row: number) => ({ row, listener: A, start: START, end: START });
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

t.test('a chunk that is dropped can be read until the turn ends, and takes no memory afterwards', async (t) => {
  const { cache, chunks } = filled(9);
  t.equal(chunks[0]!.length, MEGABYTE);
  await nextTurn();
  t.equal(chunks[0]!.length, 0);
  t.equal(chunks[1]!.length, MEGABYTE);
  t.equal(cache.get(spot(2)), chunks[1]);
  t.equal(cache.get(spot(1)), undefined);
});

t.test('chunks of a commit that failed are whole: they are appended once more', async (t) => {
  const { cache, chunks } = filled(9);
  cache.clear();
  await nextTurn();
  t.equal(chunks[0]!.length, MEGABYTE);
});

t.test('a part of a larger buffer is not let go of, for it is not the cache’s alone', async (t) => {
  const cache = new ChunkCache(new SqliteStore(null));
  const whole = new Uint8Array(2 * MEGABYTE);
  cache.add(1, whole.subarray(0, MEGABYTE));
  for (let row = 2; row <= 10; row++) cache.add(row, new Uint8Array(MEGABYTE));
  await nextTurn();
  t.equal(whole.length, 2 * MEGABYTE);
});
