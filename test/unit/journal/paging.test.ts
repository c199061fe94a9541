/**
 * Paging against a model: whatever is appended, evicted and cleared between the pages, following `next` yields each
 * record that is still there once and in order, and a gap for what is not.
 */
import fc from 'fast-check';
import t from 'tap';
import {
  type Draft,
  HEADER_BYTES,
  KIND_CONNECTION,
  KIND_GAP,
  KIND_MESSAGE,
  recordBytes,
} from '../../../src/records/chunk.ts';
import type { Read, ReadResult } from '../../../src/schemas/reads.ts';
import {
  A,
  B,
  type Bench,
  chunk,
  cursorAt,
  type Item,
  inFile,
  inMemory,
  itemsOf,
  listener,
  message,
} from './fixtures.ts';

t.setTimeout(120_000);

const ALL_KINDS = 0x3f;
const C = 99;

/** A record in the model: its place, its text and the cumulative bytes up to its end. */
type Known = { listener: number; major: number; minor: number; kind: number; text: string; bytes: number };

type Step =
  | { do: 'append'; listener: number; kinds: number[] }
  | { do: 'clear'; listener: number; keep: number }
  | { do: 'bound'; listener: number; maxMessages: number; maxBytes: number };

const one = fc.constantFrom(A, B, C);
const kind = fc.constantFrom(KIND_MESSAGE, KIND_MESSAGE, KIND_MESSAGE, KIND_CONNECTION, KIND_GAP);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      listener: one,
      kinds: fc.array(kind, { minLength: 1, maxLength: 6 }),
    }),
    weight: 8,
  },
  { arbitrary: fc.record({ do: fc.constant('clear' as const), listener: one, keep: fc.nat(6) }), weight: 1 },
  {
    arbitrary: fc.record({
      do: fc.constant('bound' as const),
      listener: one,
      maxMessages: fc.integer({ min: 1, max: 30 }),
      maxBytes: fc.integer({ min: 100, max: 3000 }),
    }),
    weight: 1,
  },
);

/** The journal beside a list of all records that should be seen. */
class Model {
  readonly bench: Bench;
  readonly order: Known[] = [];
  readonly #tails = new Map<number, { major: number; minor: number; bytes: number }>();
  readonly #bounds = new Map<number, { maxMessages: number; maxBytes: number }>();
  readonly #floors = new Map<number, number>();
  #count = 0;

  constructor(bench: Bench) {
    this.bench = bench;
    for (const number of [A, B, C]) this.bench.log.register(listener(number));
  }

  run(step: Step): void {
    const { log } = this.bench;
    const history = log.histories.get(step.listener)!;
    if (step.do === 'append') this.#append(step.listener, step.kinds);
    else if (step.do === 'clear') {
      const before = history.lastSeq - step.keep + 1;
      log.clear(history, before);
      this.#raise(
        step.listener,
        (known) => step.keep === 0 || known.major < before - 1 || (known.major === before - 1 && known.minor === 0),
      );
    } else {
      this.#bounds.set(step.listener, step);
      log.configure(history, { ...listener().capture, maxMessages: step.maxMessages, maxBytes: step.maxBytes });
      this.#evict(step.listener);
    }
    log.commit();
  }

  /** What a reader should see, oldest first. */
  visible(number: number | null, kinds: number): Known[] {
    const seen = new Map<number, number>();
    return this.order.filter((known) => {
      const index = seen.get(known.listener) ?? 0;
      seen.set(known.listener, index + 1);
      const isThere = index >= (this.#floors.get(known.listener) ?? 0);
      return isThere && (number === null || known.listener === number) && ((kinds >>> known.kind) & 1) === 1;
    });
  }

  #append(number: number, kinds: number[]): void {
    const tail = this.#tails.get(number) ?? { major: 0, minor: 0, bytes: 0 };
    tail.bytes += HEADER_BYTES;
    const drafts = kinds.map((each) => {
      const text = `${++this.#count}`;
      if (each === KIND_MESSAGE) {
        tail.major++;
        tail.minor = 0;
      } else tail.minor++;
      tail.bytes += recordBytes(text.length);
      const { major, minor, bytes } = tail;
      this.order.push({ listener: number, major, minor, kind: each, text, bytes });
      return { ...message(text), kind: each, connection: this.#count } as Draft;
    });
    this.#tails.set(number, tail);
    this.bench.log.append([chunk(drafts, number)]);
    this.#evict(number);
  }

  #evict(number: number): void {
    const bounds = this.#bounds.get(number);
    const tail = this.#tails.get(number);
    if (bounds === undefined || tail === undefined) return;
    this.#raise(
      number,
      (known) =>
        known.major <= tail.major - bounds.maxMessages &&
        (known.minor === 0 || known.major < tail.major - bounds.maxMessages),
    );
    const own = this.order.filter((known) => known.listener === number);
    this.#raise(number, (_, index) => startOf(own, index) < tail.bytes - bounds.maxBytes);
  }

  /** Hides the records from the oldest on for which the test holds. */
  #raise(number: number, goes: (known: Known, index: number) => boolean): void {
    const own = this.order.filter((known) => known.listener === number);
    let floor = 0;
    while (floor < own.length && goes(own[floor]!, floor)) floor++;
    this.#floors.set(number, Math.max(floor, this.#floors.get(number) ?? 0));
  }
}

/** Cumulative bytes at which a record begins; the first one of a chunk begins with the header. */
function startOf(own: Known[], index: number): number {
  return own[index - 1]?.bytes ?? 0;
}

function keyOf(item: Item, number: number): string {
  const seq = item.seq ?? item.afterSeq;
  return `${item.listenerId ?? number} ${item.kind} ${seq} ${item.text ?? ''}`;
}

function keyOfKnown({ listener: number, major, kind, text }: Known): string {
  const name = ['message', 'connection', 'gap'][kind];
  return `${listener === null ? '' : listenerOf(number)} ${name} ${major} ${kind === KIND_MESSAGE ? text : ''}`;
}

function listenerOf(number: number): string {
  return listener(number).id;
}

async function follow(
  pull: (more: Partial<Read>) => Promise<ReadResult>,
  request: Partial<Read>,
  limits: number[],
): Promise<Item[]> {
  const items: Item[] = [];
  let next: string | null = null;
  for (let i = 0; i < 1000; i++) {
    const place: Partial<Read> = request.order === 'desc' ? { before: next } : { after: next };
    const pulled = await pull({ ...request, ...place, limit: limits[i % limits.length]! });
    const found = itemsOf(pulled);
    if (found.length !== pulled.items) throw new Error('miscounted');
    items.push(...found);
    next = pulled.next;
    if (!pulled.hasMore) return items;
    if (found.length === 0) throw new Error('an empty page that says there is more');
  }
  throw new Error('it never ends');
}

const limits = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 });
const steps = fc.array(step, { maxLength: 25 });

for (const [where, bench] of [
  ['in memory', inMemory],
  ['in a file', inFile(t)],
] as const) {
  for (const [name, number] of [
    ['one listener', A],
    ['all listeners', null],
  ] as const) {
    for (const order of ['asc', 'desc'] as const) {
      for (const kinds of [1, ALL_KINDS]) {
        t.test(`${where}, ${name}, ${order}, ${kinds === 1 ? 'messages' : 'all records'}: each once, in order`, (t) =>
          fc
            .assert(
              fc.asyncProperty(steps, limits, async (steps, limits) => {
                const model = new Model(bench());
                for (const each of steps) model.run(each);
                const scope = number === null ? { listeners: null } : { listener: number };
                const items = await follow(model.bench.pull, { scope, order, filter: { kinds } }, limits);
                const wanted = model.visible(number, kinds).map(keyOfKnown);
                const got = items.map((item) => keyOf(item, A));
                model.bench.done();
                if (order === 'desc') got.reverse();
                if (JSON.stringify(got) !== JSON.stringify(wanted)) throw new Error(`got ${got}, wanted ${wanted}`);
              }),
              { numRuns: 60 },
            )
            .then(() => t.pass()),
        );
      }
    }
  }

  t.test(`${where}, while appends and evictions go on, pages and gaps together tell of every message once`, (t) =>
    fc
      .assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), limits, async (steps, limits) => {
          const model = new Model(bench());
          const seen: number[] = [];
          let after = '0';
          const read = async (limit: number) => {
            const { pull } = model.bench;
            const pulled = await pull({ after, limit });
            const { gap } = pulled;
            if (gap !== undefined) for (let seq = gap.fromSeq!; seq <= gap.toSeq!; seq++) seen.push(seq);
            seen.push(...itemsOf(pulled).map((item) => item.seq!));
            after = pulled.next;
            return pulled.hasMore;
          };
          for (const [i, each] of steps.entries()) {
            model.run(each);
            await read(limits[i % limits.length]!);
          }
          while (await read(5));
          const { lastSeq } = model.bench.log.histories.get(A)!;
          model.bench.done();
          const wanted = Array.from({ length: lastSeq }, (_, i) => i + 1);
          if (JSON.stringify(seen) !== JSON.stringify(wanted)) throw new Error(`saw ${seen}, of ${lastSeq}`);
        }),
        { numRuns: 150 },
      )
      .then(() => t.pass()),
  );

  t.test(`${where}, after and before together bound a page on both sides`, async (t) => {
    const { log, pull, done } = bench();
    t.teardown(done);
    log.register(listener());
    for (let i = 0; i < 10; i++) log.append([chunk([message(`${i}`), message(`${i}`)])]);
    log.commit();
    for (const order of ['asc', 'desc'] as const) {
      const page = await pull({ after: '5', before: '9', order });
      const seqs = itemsOf(page).map(({ seq }) => seq);
      t.same(order === 'asc' ? seqs : seqs.reverse(), [6, 7, 8]);
      t.equal(page.hasMore, false);
      t.equal((await pull({ after: '5', before: '9', order, limit: 2 })).hasMore, true);
      t.equal((await pull({ after: '5', before: '9', order, limit: 3 })).hasMore, false);
    }
    t.same((await pull({ after: '9', before: '5' })).items, 0);
  });

  t.test(`${where}, cursors that lead nowhere`, async (t) => {
    const { log, pull, done } = bench();
    t.teardown(done);
    log.register(listener());
    t.match(await pull(), { items: 0, next: cursorAt(0), hasMore: false });
    t.match(await pull({ order: 'desc' }), { items: 0, hasMore: false });
    t.match(await pull({ scope: { listeners: null }, order: 'desc' }), { items: 0, hasMore: false });
    log.append([chunk([message('a')])]);
    log.commit();
    t.match(await pull({ after: '1' }), { items: 0, next: cursorAt(1), hasMore: false });
    await t.rejects(pull({ after: '2' }), { code: 'cursor_ahead' });
    await t.rejects(pull({ after: '1.1' }), { code: 'cursor_ahead' });
    await t.rejects(pull({ after: 'x' }), { code: 'cursor_invalid' });
    await t.rejects(pull({ scope: { listeners: null }, after: '1' }), { code: 'cursor_invalid' });
    const far = `jzzzzz.1~${log.epoch}`;
    await t.rejects(pull({ scope: { listeners: null }, after: far }), { code: 'cursor_ahead' });
    await t.rejects(pull({ after: cursorAt(2) }), { code: 'cursor_ahead' });
    t.match(await pull({ before: '99', order: 'desc' }), { items: 1 });
  });

  t.test(`${where}, a cursor of an earlier life gets a gap and everything there is`, async (t) => {
    const { log, pull, done } = bench();
    t.teardown(done);
    log.register(listener());
    const all = { scope: { listeners: null } };
    const { next } = await pull(all);
    for (const text of ['a', 'b', 'c']) log.append([chunk([message(text)])]);
    log.commit();
    const gap = { reason: 'restart', dropped: 0 };
    for (const stale of [cursorAt(9, B), cursorAt('1.1', B), cursorAt(0, B)]) {
      t.match(await pull({ after: stale, limit: 2 }), { items: 2, gap, next: cursorAt(2), hasMore: true });
      t.match(await pull({ before: stale, order: 'desc' }), { items: 3, gap });
      t.match(await pull({ after: cursorAt(1), before: stale }), { items: 2, gap });
    }
    t.match(await pull({ ...all, after: 'j9.1~zzzzzz' }), { items: 3, gap });
    t.match(await pull({ ...all, before: 'j9.1~zzzzzz', order: 'desc' }), { items: 3, gap });
    t.equal((await pull({ ...all, after: next })).gap, undefined);
    t.equal((await pull({ ...all, after: '0' })).gap, undefined);
    log.clear(log.histories.get(A)!, 3);
    log.commit();
    const later = await pull({ after: cursorAt(9, B) });
    t.match(later, { items: 1, gap: { reason: 'restart', dropped: 2, fromSeq: 1, toSeq: 2 } });
  });

  t.test(`${where}, a page ends early at its bytes, but never empty`, async (t) => {
    const { log, pull, done } = bench();
    t.teardown(done);
    log.register(listener());
    log.append([chunk(Array.from({ length: 5 }, () => message('0123456789')))]);
    log.commit();
    t.match(await pull({ maxBytes: 25 }), { items: 2, next: cursorAt(2), hasMore: true });
    t.match(await pull({ maxBytes: 1 }), { items: 1, next: cursorAt(1), hasMore: true });
    t.match(await pull({ maxBytes: 25, after: '3' }), { items: 2, next: cursorAt(5), hasMore: false });
  });
}
