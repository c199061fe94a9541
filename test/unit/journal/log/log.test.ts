import t from 'tap';
import type { CaptureLimits } from '../../../../src/journal/journal.ts';
import { KIND_CONNECTION, KIND_GAP, NO_PAYLOAD } from '../../../../src/records/chunk.ts';
import { MovedClock } from '../../../support/moved-clock.ts';
import { A, B, bench, chunk, instant, itemsOf, listener, message, seqsOf, texts, textsOf } from '../fixtures.ts';

t.setTimeout(120_000);

const ALL_KINDS = 0x3f;
/** Bytes of a chunk that holds one message of eight bytes. */
const ONE = 120;

/** A journal of one listener. */
function open(capture: Partial<CaptureLimits> = {}, maxBytes?: number) {
  const clock = new MovedClock();
  const { log, pull } = bench(maxBytes, clock);
  const history = log.register(listener(A, capture));
  const append = (...chunks: Uint8Array[]) => {
    log.append(chunks);
    return log.commit();
  };
  return { log, history, pull, append, clock };
}

t.test('messages are numbered from 1 without holes, over all bindings', async (t) => {
  const { append, pull, history } = open();
  append(chunk([message('a'), message('b')], A, { binding: 0 }), chunk([message('c')], A, { binding: 1 }));
  append(chunk([message('d')], A, { binding: 0, ordinal: 2 }));
  t.same(seqsOf(await pull()), [1, 2, 3, 4]);
  t.same(textsOf(await pull()), ['a', 'b', 'c', 'd']);
  t.match(history.history(), { firstSeq: 1, lastSeq: 4, captured: 4, evicted: 0 });
});

t.test('an answer refers to the seq of what it answers', async (t) => {
  const { append, pull } = open();
  const out = { direction: 1 };
  append(chunk([message('ping'), message('PING', { ...out, reference: 0 })], A, { binding: 0 }));
  append(chunk([message('other')], A, { binding: 1 }));
  append(
    chunk([message('late', { ...out, reference: 0 }), message('lost', { ...out, reference: 99 })], A, {
      binding: 0,
      ordinal: 2,
    }),
  );
  append(
    chunk([message('main', { ...out, answersSeq: 3 }), message('ahead', { ...out, answersSeq: 50 })], A, {
      binding: 2,
    }),
  );
  append(chunk([message('new life', { ...out, reference: 0 })], A, { binding: 0, incarnation: 1, ordinal: 1 }));
  const answers = itemsOf(await pull()).map(({ text, inReplyTo }) => [text, inReplyTo]);
  t.same(answers, [
    ...[
      ['ping', undefined],
      ['PING', 1],
      ['other', undefined],
      ['late', 1],
      ['lost', undefined],
    ],
    ...[
      ['main', 3],
      ['ahead', undefined],
      ['new life', undefined],
    ],
  ]);
});

t.test('ordinals wrap around', async (t) => {
  const { append, pull } = open();
  append(
    chunk([message('a'), message('b', { reference: 0xffff_ffff }), message('c', { reference: 0 })], A, {
      ordinal: 0xffff_ffff,
    }),
  );
  t.same(
    itemsOf(await pull()).map(({ inReplyTo }) => inReplyTo),
    [undefined, 1, 2],
  );
});

t.test('the bound by count is exact to the message', async (t) => {
  const { append, pull, history } = open({ maxMessages: 3 });
  append(chunk(['a', 'b', 'c', 'd', 'e'].map((text) => message(text))));
  t.same(seqsOf(await pull()), [3, 4, 5]);
  append(...texts('f'));
  t.same(seqsOf(await pull()), [4, 5, 6]);
  t.match(history.history(), { firstSeq: 4, lastSeq: 6, captured: 6, evicted: 3 });
});

t.test('the bound by bytes is exact to the record', async (t) => {
  const { append, pull, history } = open({ maxBytes: 2 * ONE });
  append(...texts('12345678', '12345678', '12345678'));
  t.same(seqsOf(await pull()), [2, 3]);
  append(chunk([message('12345678'), message('12345678')]));
  t.same(seqsOf(await pull()), [4, 5], '176 bytes of the new chunk, 56 below the bound would not hold the 120 before');
  append(chunk([message('a'.repeat(8)), message('b'.repeat(8)), message('c'.repeat(8))]));
  t.same(seqsOf(await pull()), [6, 7, 8]);
  append(chunk(Array.from({ length: 10 }, () => message('12345678'))));
  t.same(seqsOf(await pull()), [15, 16, 17, 18], 'four records of 56 bytes fit into 240');
  t.ok(history.history().bytes <= 2 * ONE);
});

t.test('the bound by age is exact to the record', async (t) => {
  const { append, pull, log, history, clock } = open({ maxAge: 1000 });
  const start = clock.now();
  append(
    chunk([
      message('old', { at: instant(start - 1500) }),
      message('older', { at: instant(start - 1200) }),
      message('new', { at: instant(start) }),
    ]),
  );
  t.same(textsOf(await pull()), ['new']);
  clock.move(1000);
  t.same(textsOf(await pull()), ['new'], 'as old as it may be');
  clock.move(1);
  t.same(textsOf(await pull()), []);
  t.match(log.history(history), { firstSeq: 4, lastSeq: 3, evicted: 3, bytes: 0 });
});

t.test('a smaller bound evicts at once, a larger one brings nothing back', async (t) => {
  const { append, pull, log, history } = open();
  append(...texts('a', 'b', 'c', 'd'));
  log.configure(history, { ...listener().capture, maxMessages: 2 });
  t.same(seqsOf(await pull()), [3, 4]);
  log.configure(history, { ...listener().capture, maxMessages: 100 });
  t.same(seqsOf(await pull()), [3, 4]);
});

t.test('rows below the floor are freed', async (t) => {
  const { append, log } = open({ maxMessages: 10 });
  for (let i = 0; i < 1000; i++) append(...texts(`${i}`));
  append();
  t.ok(log.store.rows <= 12, `${log.store.rows} rows`);
});

t.test('a listener that keeps nothing counts', async (t) => {
  const { append, pull, history } = open({ maxMessages: 0 });
  const { touched } = append(chunk([message('a'), message('b', { direction: 1 })]));
  t.ok(touched.has(history), 'its end moved');
  t.match(history.history(), { firstSeq: 3, lastSeq: 2, captured: 1, evicted: 2 });
  t.same(seqsOf(await pull()), []);
});

t.test('dropNewest keeps the oldest, counts what it refuses and says so by a gap', async (t) => {
  const { append, pull, history, log } = open({ maxMessages: 3, overflow: 'dropNewest' });
  append(chunk([message('a'), message('b')]));
  append(chunk([message('c'), message('d'), message('e', { direction: 1 }), message('f')]));
  append(...texts('g', 'h'));
  t.same(textsOf(await pull()), ['a', 'b', 'c']);
  t.match(history.history(), { captured: 3, full: 4, lastSeq: 3, evicted: 0 });
  const gaps = itemsOf(await pull({ filter: { kinds: 1 << KIND_GAP } }));
  t.equal(
    gaps.reduce((sum, gap) => sum + (gap.dropped as number), 0),
    4,
    'only what came in',
  );
  t.ok(gaps.every((gap) => gap.reason === 'full' && gap.afterSeq === 3));
  log.clear(history);
  append(...texts('i'));
  t.same(
    itemsOf(await pull()).map(({ seq, text }) => [seq, text]),
    [[4, 'i']],
  );
});

t.test('while it stays full the n-th gap comes n seconds after the one before, or a minute', async (t) => {
  const { append, pull, clock } = open({ maxMessages: 1, overflow: 'dropNewest' });
  append(...texts('kept', 'refused'));
  // Each is told with the next gap that is due, or with the last one, which a reader brings about.
  for (let second = 1; second <= 2000; second++) {
    clock.move(1000);
    append(...texts('refused'));
  }
  const gaps = itemsOf(await pull({ filter: { kinds: 1 << KIND_GAP }, limit: 1000 })).map(({ dropped }) => dropped);
  const expected = [1, ...Array.from({ length: 62 }, (_, i) => Math.min(i + 1, 60))];
  t.same(gaps.slice(0, expected.length), expected);
  t.equal(
    gaps.reduce((sum: number, dropped) => sum + (dropped as number), 0),
    2001,
  );
});

t.test('a gap stands where the refusal was', async (t) => {
  const { append, pull, history, log } = open({ maxMessages: 1, overflow: 'dropNewest' });
  append(...texts('a', 'b', 'c'));
  log.configure(history, { ...listener().capture, maxMessages: 3, overflow: 'dropNewest' });
  append(...texts('d'));
  const seen = itemsOf(await pull({ filter: { kinds: ALL_KINDS } })).map(
    ({ kind, text, dropped }) => text ?? `${kind} ${dropped}`,
  );
  t.same(seen, ['a', 'gap 2', 'd']);
});

t.test('dropNewest by bytes', async (t) => {
  const { append, pull, history } = open({ maxBytes: 2 * ONE, overflow: 'dropNewest' });
  append(...texts('12345678', '12345678', '12345678'));
  t.same(seqsOf(await pull()), [1, 2]);
  t.match(history.history(), { captured: 2, full: 1 });
});

t.test('a refused message is no answer to refer to', async (t) => {
  const { append, pull, log, history } = open({ maxMessages: 1, overflow: 'dropNewest' });
  append(chunk([message('a'), message('refused')]));
  log.configure(history, listener().capture);
  append(
    chunk([message('x', { direction: 1, reference: 1 }), message('y', { direction: 1, reference: 0 })], A, {
      ordinal: 2,
    }),
  );
  t.same(
    itemsOf(await pull()).map(({ inReplyTo }) => inReplyTo),
    [undefined, undefined, 1],
  );
});

t.test('what a binding handed over is accounted for, refused or not', async (t) => {
  const { append, history } = open({ maxMessages: 1, overflow: 'dropNewest' });
  append(chunk([message('a'), message('b'), message('c', { direction: 1 })], A, { binding: 3, incarnation: 2 }));
  t.equal(history.accounted(3, 2), 2);
  t.equal(history.accounted(3, 1), 0);
  append(
    chunk([message('a')], A, { binding: 3, incarnation: 3 }),
    chunk([message('a')], A, { binding: 3, incarnation: 4 }),
  );
  t.equal(history.accounted(3, 4), 1);
  t.equal(history.accounted(3, 2), 0, 'only the last two lives of a binding are remembered');
});

t.test('clearing removes messages and counts them as read; seq goes on', async (t) => {
  const { append, pull, log, history } = open();
  append(chunk(['a', 'b', 'c', 'd'].map((text) => message(text))));
  t.equal(log.clear(history, 3), 2);
  t.same(seqsOf(await pull()), [3, 4]);
  t.equal(log.clear(history), 2);
  t.equal(log.clear(history), 0);
  append(...texts('e'));
  t.same(seqsOf(await pull()), [5]);
  t.match(history.history(), { cleared: 4, evicted: 0, captured: 5, unread: 0 });
  t.same((await pull({ after: '1' })).gap, { reason: 'cleared', dropped: 3, fromSeq: 2, toSeq: 4 });
});

t.test('unread are the in messages beyond the highest seq ever served', async (t) => {
  const { append, pull, history } = open();
  append(chunk([message('a'), message('A', { direction: 1 }), message('b'), message('c')]), ...texts('d'));
  t.equal(history.history().unread, 4);
  await pull({ limit: 2 });
  t.equal(history.history().unread, 3);
  await pull({ after: '2', limit: 1 });
  t.equal(history.history().unread, 2);
  await pull({ limit: 1 });
  t.equal(history.history().unread, 2, 'reading again what was read changes nothing');
  await pull({ order: 'desc', limit: 1 });
  t.equal(history.history().unread, 0);
});

t.test('the cap on all of it evicts the oldest first', async (t) => {
  const { append, pull, log, history } = open({}, 100 * 300);
  const other = log.register(listener(B));
  for (let i = 0; i < 100; i++) append(chunk([message(`${i}`)]), chunk([message(`${i}`)], B));
  t.ok(log.store.bytes <= 100 * 300);
  t.ok(Math.abs(history.kept - other.kept) <= 1, 'both give the same');
  t.equal(history.history().evicted, 100 - history.kept);
  t.same(seqsOf(await pull()).at(-1), 100);
  t.same(seqsOf(await pull()).length, history.kept);
});

t.test('forgetting takes everything along', async (t) => {
  const { append, pull, log, history } = open();
  log.register(listener(B));
  append(...texts('a'), chunk([message('b')], B));
  log.forget(history);
  append(chunk([message('too late')]));
  await t.rejects(pull(), { code: 'unknown_listener' });
  t.same(textsOf(await pull({ scope: { listeners: null } })), ['b']);
  t.equal(log.store.rows, 1);
  log.register(listener(A));
  append(chunk([message('anew')]));
  t.same(
    itemsOf(await pull()).map(({ seq, text }) => [seq, text]),
    [[1, 'anew']],
  );
});

t.test('registering again keeps the history', async (t) => {
  const { append, pull, log, history } = open();
  append(...texts('a'));
  t.equal(log.register({ ...listener(), local: { address: '127.0.0.1', port: 99 } }), history);
  t.same(itemsOf(await pull())[0]?.local, { address: '127.0.0.1', port: 99 });
});

t.test('bytes that are no chunk are refused and change nothing', async (t) => {
  const { log, pull } = open();
  t.equal(log.append([new Uint8Array(100)]), 0);
  const miscounted = chunk([message('a')]);
  new DataView(miscounted.buffer).setUint16(50, 7, true);
  t.equal(log.append([miscounted]), 0);
  t.same(seqsOf(await pull()), []);
});

t.test('connections are records without a seq', async (t) => {
  const { append, pull, history } = open();
  const connection = { ...message('', { connection: 1 }), kind: KIND_CONNECTION, payload: NO_PAYLOAD };
  append(chunk([connection, message('a', { connection: 1 }), { ...connection, direction: 1 }]));
  const seen = itemsOf(await pull({ filter: { kinds: ALL_KINDS } })).map(
    ({ seq, afterSeq, phase }) => phase ?? seq ?? afterSeq,
  );
  t.same(seen, ['opened', 1, 'closed']);
  t.match(history.history(), { lastSeq: 1, captured: 1 });
});
