import t from 'tap';
import { encoderFor } from '../../../../src/journal/encode/encoders.ts';
import { logRangeOf } from '../../../../src/journal/query/log-range.ts';
import { compileFilter } from '../../../../src/journal/query/predicate.ts';
import { ResultCollector } from '../../../../src/journal/query/result-collector.ts';
import { Scan } from '../../../../src/journal/query/scan.ts';
import type { Read } from '../../../../src/schemas/reads.ts';
import { A, bench, chunk, cursorAt, listener, message, pullOf, seqsOf } from '../fixtures.ts';

t.setTimeout(120_000);

/** 20 chunks of 100 messages; every tenth says "ten". */
function filled(scope: Read['scope'] = { listener: A }) {
  const { log } = bench();
  const history = log.register(listener());
  const append = (chunks: number) => {
    for (let i = 0; i < chunks; i++) {
      log.append([chunk(Array.from({ length: 100 }, (_, j) => message(j % 10 === 9 ? 'ten' : 'other')))]);
    }
    log.commit();
  };
  append(20);
  const scan = (more: Partial<Read> = {}) => {
    const request = pullOf({ scope, filter: { text: 'ten' }, ...more });
    const results = new ResultCollector(encoderFor(request.format, request.payload), request);
    return new Scan(log, request, {
      range: logRangeOf(log, scope),
      predicate: compileFilter(request.filter),
      results,
    });
  };
  return { log, history, append, scan };
}

/** Steps as small as they come, with something done between them. */
function inSlices(scan: Scan, between: () => void = () => {}): number {
  const goal = scan.range.tail;
  let slices = 1;
  while (!scan.step(0, goal)) {
    slices++;
    between();
  }
  return slices;
}

for (const scope of [{ listener: A }, { listeners: null }]) {
  for (const order of ['asc', 'desc'] as const) {
    t.test(`${order} over ${Object.keys(scope)[0]}: slices find what one walk finds`, (t) => {
      const { scan } = filled(scope);
      const sliced = scan({ order });
      const whole = scan({ order });
      t.ok(inSlices(sliced) > 20);
      t.ok(whole.step(Number.POSITIVE_INFINITY, whole.range.tail));
      const found = seqsOf(sliced.answer());
      t.equal(found.length, 200);
      t.same(found, seqsOf(whole.answer()));
      t.end();
    });
  }
}

t.test('what is appended between the slices waits for the next pull', (t) => {
  const { scan, append } = filled();
  const walk = scan();
  inSlices(walk, () => append(1));
  const answer = walk.answer();
  t.equal(answer.items, 200);
  t.equal(answer.next, cursorAt(2000));
  t.equal(answer.hasMore, true);
  t.end();
});

t.test('what is evicted between the slices ends the page, and the next one begins with the gap', (t) => {
  const { scan, log, history } = filled();
  const walk = scan({ after: '0' });
  let slices = 0;
  inSlices(walk, () => {
    if (++slices === 10) log.clear(history, 1501);
  });
  const page = walk.answer();
  t.ok(page.items > 0 && page.items < 200, `${page.items} items`);
  t.equal(page.hasMore, true);
  t.equal(page.gap, undefined);
  const rest = scan({ after: page.next });
  inSlices(rest);
  const answer = rest.answer();
  t.match(answer.gap, { reason: 'cleared', fromSeq: Number.parseInt(page.next, 10) + 1, toSeq: 1500 });
  t.equal(seqsOf(answer)[0], 1510);
  t.equal(answer.items, 50);
  t.end();
});

t.test('what is evicted before anything was found moves the reader', (t) => {
  const { scan, log, history } = filled();
  const walk = scan({ filter: { text: 'nothing' } });
  inSlices(walk, () => log.clear(history));
  t.match(walk.answer(), { items: 0, next: cursorAt(2000), hasMore: false });
  t.end();
});

for (const scope of [{ listener: A }, { listeners: null }]) {
  t.test(
    `a way up to a place ends there over ${Object.keys(scope)[0]}, though nothing matched or more lies beyond`,
    (t) => {
      const { scan } = filled(scope);
      const half = scan({ limit: 100 });
      inSlices(half);
      const before = half.answer().next;
      for (const filter of [{ text: 'nothing' }, { text: 'nothing', kinds: 0x3f }, { text: 'other', kinds: 0x3f }]) {
        let after: string | null = null;
        let pages = 0;
        for (let hasMore = true; hasMore && pages < 30; pages++) {
          const page = scan({ filter, before, after });
          inSlices(page);
          ({ next: after, hasMore } = page.answer());
        }
        t.ok(pages < 30, `${JSON.stringify(filter)} ends`);
      }
      t.end();
    },
  );
}
