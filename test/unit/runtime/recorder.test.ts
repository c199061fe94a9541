import assert from 'node:assert/strict';
import { MessageChannel } from 'node:worker_threads';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { monotonicNanos, wallClock } from '../../../src/clock/wall-clock.ts';
import { CHUNK_LIMIT, type Draft, encodeChunk, KIND_MESSAGE, NO_PAYLOAD } from '../../../src/records/chunk.ts';
import { CreditedLink } from '../../../src/runtime/chunk-link.ts';
import { BindingCounters, createCounters } from '../../../src/runtime/counters.ts';
import { BindingRecorder } from '../../../src/runtime/recorder.ts';
import { boundedAbsence } from '../../support/waiting.ts';
import { decode, until } from '../workers/rig.ts';

const origin = { listener: 0x1234_5678_9abc, node: 0, thread: 2, binding: 1, incarnation: 3 };

function setUp(t: Test, credit = 1 << 24, failed: (error: unknown) => void = () => {}) {
  const { port1, port2 } = new MessageChannel();
  const chunks: Uint8Array[] = [];
  port2.on('message', (chunk: Uint8Array) => chunks.push(chunk));
  const port = new CreditedLink(port1, credit);
  const counters = new BindingCounters(createCounters(2), 1);
  const recorder = new BindingRecorder({ origin, port, counters, openedAt: monotonicNanos(), failed });
  t.teardown(() => port1.close());
  return {
    recorder,
    counters,
    port,
    chunks,
    records: () => chunks.flatMap(decode),
    pay: (n: number) => port2.postMessage(n),
  };
}

function message(text: string | Uint8Array, more: Partial<Draft> = {}): Draft {
  const payload = Uint8Array.from(Buffer.from(text as Uint8Array));
  return { kind: KIND_MESSAGE, direction: 0, at: wallClock(), size: payload.length, payload, ...more };
}

t.test('records of one loop turn leave as one chunk, in order and numbered', async (t) => {
  const { recorder, counters, chunks, records } = setUp(t);
  t.equal(recorder.record(message('a')), 0);
  t.equal(recorder.record(message('b', { direction: 1, reference: 0 })), 1);
  t.equal(recorder.record(message('', { kind: 1, payload: NO_PAYLOAD })), -1, 'only messages are numbered');
  t.equal(recorder.record(message('c')), 2);
  await until(() => chunks.length === 1);
  t.same(
    records().map(({ kind, text, ordinal }) => [kind, text, ordinal]),
    [
      ['message', 'a', 0],
      ['message', 'b', 1],
      ['connection', '', -1],
      ['message', 'c', 2],
    ],
  );
  t.match(records()[1], { reference: 0, direction: 1, origin });
  t.equal(counters.get('handed'), 2);
  recorder.record(message('d'));
  await until(() => chunks.length === 2);
  t.equal(records()[4]!.ordinal, 3);
});

t.test('flush ships at once; nothing open, nothing shipped', async (t) => {
  const { recorder, counters, chunks } = setUp(t);
  recorder.flush();
  recorder.record(message('a'));
  recorder.flush();
  t.equal(counters.get('handed'), 1);
  recorder.flush();
  await until(() => chunks.length === 1);
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(chunks.length, 1);
});

t.test(
  'a chunk has at most CHUNK_LIMIT bytes, or one record; elapsed and wall clock survive the packing',
  async (t) => {
    const sizes = fc.array(fc.oneof(fc.nat(200), fc.integer({ min: 0, max: 70_000 })), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(sizes, async (lengths) => {
        const { recorder, chunks, records } = setUp(t);
        for (const length of lengths) recorder.record(message(new Uint8Array(length)));
        recorder.flush();
        await until(() => records().length === lengths.length);
        assert.deepEqual(
          records().map(({ size, ordinal }) => [size, ordinal]),
          lengths.map((size, i) => [size, i]),
        );
        assert.ok(chunks.every((chunk) => chunk.length <= CHUNK_LIMIT || decode(chunk).length === 1));
      }),
      { numRuns: 25 },
    );
    const { recorder, chunks, records } = setUp(t);
    const now = wallClock();
    recorder.record(message('early', { at: { seconds: now.seconds - 5, nanos: now.nanos } }));
    recorder.record(message('now', { at: now }));
    recorder.flush();
    await until(() => chunks.length === 2, 'more than 2.1 s apart do not fit one chunk');
    const [early, late] = records();
    t.equal(late!.micros - early!.micros, 5_000_000);
    t.ok(Math.abs(late!.elapsed - early!.elapsed - 5e9) < 50e6);
  },
);

t.test('losses are one gap a reason, written before the next record', async (t) => {
  const { recorder, records } = setUp(t);
  recorder.record(message('a'));
  recorder.gap('overload', 2);
  recorder.gap('paused', 1);
  recorder.gap('overload', 3);
  recorder.gap('closed', 0);
  recorder.record(message('b'));
  recorder.flush();
  await until(() => records().length === 4);
  t.same(
    records().map(({ kind, reason, dropped, text }) => (kind === 'gap' ? [reason, dropped] : text)),
    ['a', ['overload', 5], ['paused', 1], 'b'],
  );
});

t.test('a gap that nothing follows is written a little later', async (t) => {
  const { recorder, records } = setUp(t);
  recorder.gap('paused', 4);
  t.equal(records().length, 0);
  await until(() => records().length === 1);
  t.match(records()[0], { kind: 'gap', reason: 'paused', dropped: 4 });
});

t.test('credit: bytes posted count until they are paid; a gap alone waits for it', async (t) => {
  const { recorder, chunks, records, pay } = setUp(t, 1_000);
  t.equal(recorder.hasCredit, true);
  recorder.record(message(new Uint8Array(1_500)));
  recorder.flush();
  t.equal(recorder.hasCredit, false);
  let called = 0;
  recorder.onCredit(() => called++);
  recorder.gap('overload', 1);
  await boundedAbsence(300);
  t.equal(chunks.length, 1, 'the gap is held back');
  pay(300);
  await boundedAbsence(20);
  t.equal(called, 0, 'not enough yet');
  pay(chunks[0]!.length - 300);
  await until(() => called === 1 && records().length === 2);
  t.match(records()[1], { kind: 'gap', dropped: 1 });
  pay(chunks[1]!.length);
  recorder.onCredit(() => called++);
  await until(() => called === 2, 'called back even when there is credit already');
});

t.test('chunks that a caller encodes keep order and numbers', async (t) => {
  const { recorder, counters, records } = setUp(t);
  recorder.record(message('first'));
  const ordinal = recorder.reserve(2);
  t.equal(ordinal, 1);
  const drafts = [message('own 1'), message('own 2', { direction: 1 })];
  recorder.ship(encodeChunk(origin, drafts, recorder.elapsed(), ordinal), 1);
  recorder.record(message('last'));
  recorder.flush();
  await until(() => records().length === 4);
  t.same(
    records().map(({ text, ordinal }) => [text, ordinal]),
    [
      ['first', 0],
      ['own 1', 1],
      ['own 2', 2],
      ['last', 3],
    ],
  );
  t.equal(counters.get('handed'), 3);
});

t.test('the clock is within a millisecond of the system clock, and never runs backwards', async (t) => {
  let before = wallClock();
  for (let i = 0; i < 20_000; i++) {
    const low = Date.now();
    const at = wallClock();
    const high = Date.now() + 1;
    const millis = at.seconds * 1000 + at.nanos / 1e6;
    if (millis < low - 1 || millis > high + 1) t.fail(`${millis} is not within ${low} and ${high}`);
    if (at.nanos < 0 || at.nanos >= 1e9 || !Number.isInteger(at.nanos)) t.fail(`${at.nanos} nanoseconds`);
    const step = (at.seconds - before.seconds) * 1e9 + at.nanos - before.nanos;
    if (step < -1_500_000) t.fail(`back by ${-step} ns`);
    before = at;
  }
  t.pass();
});

t.test('a chunk that can not be posted costs no credit; what it held is counted as lost, and written', async (t) => {
  const errors: unknown[] = [];
  const { recorder, counters, port, records } = setUp(t, 1, (error) => errors.push(error));
  // Memory that is shared can't be handed over.
  recorder.ship(new Uint8Array(new SharedArrayBuffer(100)), 3);
  t.equal(errors.length, 1);
  t.ok(port.hasCredit);
  t.equal(counters.get('handed'), 0);
  t.equal(counters.get('lost'), 3);
  recorder.record(message('next'));
  await until(() => records().length === 2);
  t.match(records(), [
    { kind: 'gap', reference: 3 },
    { kind: 'message', text: 'next' },
  ]);
});
