/** What holds for every store: chunks appended, walked, found and trimmed, and what is kept beside them. */
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { BEYOND, comparePositions, type Position, START } from '../../../../src/journal/cursor.ts';
import { History } from '../../../../src/journal/log/history.ts';
import { mayMatch } from '../../../../src/journal/query/conditions.ts';
import type { HistoryState } from '../../../../src/journal/store/history-state.ts';
import {
  ANYTHING,
  type ChunkRange,
  type Conditions,
  type Entry,
  type ReadStore,
  type Store,
} from '../../../../src/journal/store/store.ts';
import { ChunkReader } from '../../../../src/records/chunk.ts';
import { summarizeChunk } from '../../../../src/records/chunk-summary.ts';
import { A, B, chunk, listener, message } from '../fixtures.ts';

export type OpenedStore = {
  store: Store;
  /** Whoever else reads what is committed. */
  readers: ReadStore[];
  /** Opens what was closed anew; undefined where nothing outlives the store. */
  reopen?: () => Store;
};

type Stored = Entry & { row: number };

/** Chunks of a listener as they follow one another, each of so many messages from one thread. */
class Source {
  readonly #listener: number;
  #end: Position = START;
  #bytes = 0;
  #incoming = 0;

  constructor(number: number) {
    this.#listener = number;
  }

  next(messages = 1, thread = 1): Entry {
    const drafts = Array.from({ length: messages }, (_, i) => message(`message ${i} of ${messages}`));
    const bytes = chunk(drafts, this.#listener, { thread });
    const summary = summarizeChunk(new ChunkReader(bytes));
    const start = this.#end;
    const end = { major: start.major + messages, minor: summary.trailing };
    const sums = { bytesBefore: this.#bytes, incomingBefore: this.#incoming };
    this.#end = end;
    this.#bytes += bytes.length;
    this.#incoming += summary.incoming;
    return { listener: this.#listener, start, end, summary, thread, ...sums, chunk: bytes };
  }
}

/** @param open a store with nothing in it */
export function storeContract(name: string, open: (t: Test) => Promise<OpenedStore> | OpenedStore): void {
  const test = (title: string, run: (t: Test, opened: OpenedStore) => Promise<void> | void) =>
    t.test(`${name}: ${title}`, async (t) => run(t, await open(t)));

  test('append: rows rise over all listeners, and the first is returned', (t, { store }) => {
    const [a, b] = [new Source(A), new Source(B)];
    t.equal(store.append([a.next()]), 1);
    t.equal(store.append([b.next(), a.next(3), b.next()]), 2);
    t.equal(store.append([a.next()]), 5);
    t.equal(store.lastRow, 5);
    t.equal(store.rows, 5);
    store.commit(false);
    t.same(rowsOf(store, null), [1, 2, 3, 4, 5]);
    t.same(rowsOf(store, A), [1, 3, 5]);
    t.same(rowsOf(store, B), [2, 4]);
  });

  test('data: the bytes as they were, and none of a row that is not there', (t, { store, readers }) => {
    const entries = [new Source(A).next(2), new Source(B).next(1)];
    store.append(entries);
    store.commit(false);
    for (const reader of [store, ...readers]) {
      entries.forEach((entry, i) => {
        t.same(Buffer.from(reader.data(i + 1)!), Buffer.from(entry.chunk));
      });
      t.equal(reader.data(3), undefined);
    }
  });

  test('chunks: what lies on the way from a place, upward and downward', (t, { store, readers }) => {
    const stored = filled(store);
    fc.assert(
      fc.property(ranges, (range) => {
        const wanted = walk(stored, range);
        for (const reader of [store, ...readers]) same(reader.chunks(range, null), wanted);
      }),
      { numRuns: 300 },
    );
    t.pass();
  });

  test('chunks: what surely holds no match does not fit', (t, { store, readers }) => {
    const stored = filled(store);
    fc.assert(
      fc.property(ranges, conditions, (range, asked) => {
        const wanted = walk(stored, range).map((found) => {
          const { summary, thread } = stored[found.row - 1]!;
          return { ...found, fits: mayMatch(asked, summary, thread) };
        });
        for (const reader of [store, ...readers]) same(reader.chunks(range, asked), wanted);
      }),
      { numRuns: 300 },
    );
    t.pass();
  });

  test('oldest and first: the rows that bounds ask for', (t, { store, readers }) => {
    const stored = filled(store);
    const ofA = stored.filter((entry) => entry.listener === A);
    for (const reader of [store, ...readers]) {
      t.same(
        reader.oldest(3).map(({ row }) => row),
        [1, 2, 3],
      );
      t.match(reader.oldest(1)[0], { listener: A, bytes: stored[0]!.chunk.length, bytesBefore: 0, incomingBefore: 0 });
      for (const entry of ofA) {
        const last = { major: entry.end.major - 1, minor: 0 };
        t.match(reader.first(A, last, -1, Number.MIN_SAFE_INTEGER), { row: entry.row, end: entry.end });
        t.equal(reader.first(A, START, entry.bytesBefore, 0)?.row, entry.row);
      }
      t.equal(reader.first(A, BEYOND, -1, 0), undefined);
      t.equal(reader.first(A, START, -1, Number.MAX_SAFE_INTEGER), undefined);
    }
  });

  test('trim: the oldest of a listener up to a place, or of all up to a row, so many at most', (t, { store }) => {
    const stored = filled(store);
    const ofA = stored.filter((entry) => entry.listener === A);
    const bytes = store.bytes;
    t.equal(store.trim({ listener: A, to: START, limit: 10 }), 0);
    t.equal(store.trim({ listener: A, to: { major: ofA[3]!.end.major, minor: 0 }, limit: 2 }), 2);
    t.same(
      rowsOf(store, A),
      ofA.slice(2).map(({ row }) => row),
    );
    t.equal(store.trim({ listener: A, to: { major: ofA[3]!.end.major, minor: 0 }, limit: 10 }), 2);
    t.same(
      rowsOf(store, A),
      ofA.slice(4).map(({ row }) => row),
    );
    t.equal(store.rows, stored.length - 4);
    t.ok(store.bytes < bytes);
    const left = rowsOf(store, null);
    t.equal(store.trim({ listener: null, to: { major: left[2]!, minor: 0 }, limit: 2 }), 2);
    t.equal(store.trim({ listener: null, to: { major: left[2]!, minor: 0 }, limit: 2 }), 1);
    t.same(rowsOf(store, null), left.slice(3));
    while (store.trim({ listener: null, to: BEYOND, limit: 5 }) === 5);
    store.commit(false);
    t.same([store.rows, store.bytes], [0, 0]);
    t.equal(store.append([new Source(B).next()]), stored.length + 1, 'no row is used twice');
  });

  test('replace: another chunk in the same place', (t, { store }) => {
    store.append([new Source(A).next(2)]);
    const other = new Source(A).next(1).chunk;
    t.equal(store.replace(1, other), true);
    t.same(Buffer.from(store.data(1)!), Buffer.from(other));
    store.commit(false);
  });

  test('notes: kept, changed and taken away', (t, { store }) => {
    t.equal(store.note('key'), undefined);
    store.setNote('key', 'one');
    store.setNote('key', 'two');
    t.equal(store.note('key'), 'two');
    store.setNote('key', null);
    t.equal(store.note('key'), undefined);
    store.commit(false);
  });

  test('states: kept until they are forgotten; the rows go by trim', (t, { store }) => {
    store.save(stateOf(A, 1));
    store.save(stateOf(A, 2));
    store.save(stateOf(B, 3));
    store.append([new Source(A).next(), new Source(B).next()]);
    t.match(
      store.load().toSorted((x, y) => x.captured - y.captured),
      [stateOf(A, 2), stateOf(B, 3)],
    );
    t.same(store.orphans(), []);
    store.forget(A);
    t.same(
      store.load().map((state) => state.listener.number),
      [B],
    );
    t.same(store.orphans(), [A]);
    store.trim({ listener: A, to: BEYOND, limit: 9 });
    t.same(store.orphans(), []);
    store.commit(true);
  });

  test('what outlives the store is there when it is opened anew, and no row is used twice', async (t, opened) => {
    const { store, reopen } = opened;
    if (reopen === undefined) return;
    const stored = filled(store);
    store.save(stateOf(A, 1));
    store.saveSpec(A, '{"spec":1}');
    store.setNote('key', 'value');
    store.trim({ listener: null, to: { major: stored.length, minor: 0 }, limit: 2 });
    store.trim({ listener: stored.at(-1)!.listener, to: BEYOND, limit: stored.length });
    store.commit(true);
    const { rows, bytes } = store;
    const left = rowsOf(store, null);
    await store.close();

    const again = reopen();
    t.same([again.rows, again.bytes, again.lastRow], [rows, bytes, stored.length]);
    t.same(rowsOf(again, null), left);
    t.match(again.load(), [stateOf(A, 1)]);
    t.same([...again.savedSpecs()], [[A, '{"spec":1}']]);
    t.equal(again.note('key'), 'value');
    t.notOk(again.isLogDamaged);
    t.ok(again.disk.file > 0);
  });

  test('rollback: as if nothing had been written since the commit', (t, { store, reopen }) => {
    if (reopen === undefined) return;
    const stored = filled(store);
    store.save(stateOf(A, 1));
    store.commit(false);
    const { rows, bytes, lastRow } = store;
    store.append([new Source(77).next()]);
    store.trim({ listener: null, to: BEYOND, limit: 4 });
    store.save(stateOf(A, 2));
    store.setNote('key', 'value');
    store.forget(B);
    store.rollback();
    t.same([store.rows, store.bytes, store.lastRow], [rows, bytes, lastRow]);
    t.same(
      rowsOf(store, null),
      stored.map(({ row }) => row),
    );
    t.match(store.load(), [stateOf(A, 1)]);
    t.equal(store.note('key'), undefined);
  });
}

/** Chunks of two listeners in turn, of several sizes and threads, committed. */
function filled(store: Store): Stored[] {
  const sources = [new Source(A), new Source(B)];
  const entries = Array.from({ length: 24 }, (_, i) => sources[i % 3 === 1 ? 1 : 0]!.next(1 + (i % 4), i % 5));
  const first = store.append(entries);
  store.commit(false);
  return entries.map((entry, i) => ({ ...entry, row: first + i }));
}

/** The same of an array. */
function walk(stored: readonly Stored[], { listener: number, order, from, limit }: ChunkRange) {
  const isUpward = order === 'asc';
  const onWay = stored.filter(({ row, listener: own, end }) => {
    if (number === null) return isUpward ? row >= from.major : row <= from.major;
    if (own !== number) return false;
    return isUpward ? comparePositions(end, from) > 0 : comparePositions(end, from) <= 0;
  });
  const inOrder = isUpward ? onWay : onWay.toReversed();
  return inOrder.slice(0, limit).map(({ row, listener, start, end }) => ({ row, listener, start, end, fits: true }));
}

const ranges: fc.Arbitrary<ChunkRange> = fc.record({
  listener: fc.constantFrom(A, B, 5, null),
  order: fc.constantFrom('asc' as const, 'desc' as const),
  from: fc.oneof(
    fc.constantFrom(START, BEYOND),
    fc.record({ major: fc.integer({ min: 0, max: 45 }), minor: fc.integer({ min: -1, max: 2 }) }),
  ),
  limit: fc.integer({ min: 1, max: 30 }),
});

const now = Date.now() * 1000;
const conditions: fc.Arbitrary<Conditions> = fc
  .record(
    {
      since: fc.constantFrom(now - 1e9, now + 1e9),
      until: fc.constantFrom(now - 1e9, now + 1e9),
      kinds: fc.constantFrom(1, 2, 3),
      directions: fc.constantFrom(0x40, 0x80, 0xc0),
      exempt: fc.constantFrom(0, 1, 2),
      minSize: fc.integer({ min: 0, max: 40 }),
      maxSize: fc.integer({ min: 0, max: 40 }),
      addresses: fc.nat(0xffff),
      endpoints: fc.nat(0xffff),
      thread: fc.constantFrom(null, 0, 1, 4),
    },
    { requiredKeys: [] },
  )
  .map((some) => ({ ...ANYTHING, ...some }));

function same(actual: unknown, wanted: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(wanted))
    throw new Error(`${JSON.stringify(actual)} is not ${JSON.stringify(wanted)}`);
}

function rowsOf(store: Store, number: number | null): number[] {
  const range: ChunkRange = { listener: number, order: 'asc', from: START, limit: 1000 };
  return store.chunks(range, null).map(({ row }) => row);
}

function stateOf(number: number, captured: number): HistoryState {
  return { ...new History(listener(number)).state(), captured };
}
