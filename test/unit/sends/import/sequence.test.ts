import fc from 'fast-check';
import t from 'tap';
import type { ImportItem } from '../../../../src/pcap/import-item.ts';
import { toSequence } from '../../../../src/sends/import/sequence.ts';

const item = (text: string, micros: number, direction: ImportItem['direction'] = 'in'): ImportItem => ({
  at: 1_751_328_000_000_000_000n + BigInt(micros) * 1000n,
  direction,
  from: null,
  to: null,
  payload: Buffer.from(text),
  truncated: false,
});
const payload = (text: string) => ({ payload: Buffer.from(text), template: false });

t.test('payloads with the pauses between them', async (t) => {
  const items = [item('a', 0), item('b', 20_000), item('c', 20_000), item('d', 520_000)];
  t.same(toSequence(items, { scale: 1 }), [
    payload('a'),
    { delay: 20 },
    payload('b'),
    payload('c'),
    { delay: 500 },
    payload('d'),
  ]);
  t.same(toSequence(items, { scale: 0.5 })[1], { delay: 10 });
  t.same(toSequence(items, { scale: 0 }), [...'abcd'].map(payload));
  t.same(toSequence([], { scale: 1 }), []);
});

t.test('only the direction asked for; what does not say counts as that', async (t) => {
  const items = [item('a', 0, 'out'), item('b', 5000), item('c', 7000, null)];
  t.same(toSequence(items, { scale: 1, direction: 'in' }), [payload('b'), { delay: 2 }, payload('c')]);
  t.same(toSequence(items, { scale: 1, direction: 'out' }), [payload('a'), { delay: 7 }, payload('c')]);
});

t.test('rounding adds up to nothing, and disorder in time does not stretch the replay', async () => {
  const times = fc.array(fc.nat({ max: 5_000_000 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(times, fc.constantFrom(0.1, 1, 3), (micros, scale) => {
      const parts = toSequence(
        micros.map((at) => item('x', at)),
        { scale },
      );
      const delays = parts.flatMap((part) => ('delay' in part ? [part.delay] : []));
      const span = Math.max(0, ...micros.map((at) => at - micros[0]!));
      const total = delays.reduce((sum, delay) => sum + delay, 0);
      return (
        total === Math.floor((span / 1000) * scale) && delays.every((delay) => delay > 0 && Number.isInteger(delay))
      );
    }),
  );
});
