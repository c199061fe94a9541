import fc from 'fast-check';
import t from 'tap';
import { stampOf } from '../../../src/pcap/blocks.ts';

t.test('timestamps are exact to the nanosecond', async () => {
  const seconds = fc.integer({ min: 3, max: 0xffff_ffff });
  const nanos = fc.integer({ min: -2_147_483_648, max: 3_147_483_647 });
  fc.assert(
    fc.property(seconds, nanos, (seconds, nanos) => {
      const { high, low } = stampOf(seconds, nanos);
      return ((BigInt(high) << 32n) | BigInt(low)) === BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
    }),
  );
});
