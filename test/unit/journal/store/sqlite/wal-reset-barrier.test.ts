import t from 'tap';
import { WalResetBarrier } from '../../../../../src/journal/store/sqlite/wal-reset-barrier.ts';

t.setTimeout(120_000);

t.test('the step is carried out at once when the reader is out, and after a while though it stays in', async (t) => {
  const writer = new WalResetBarrier();
  const reader = new WalResetBarrier(writer.cells);
  t.equal(
    writer.alone(() => 1),
    1,
  );
  reader.enter();
  t.equal(
    writer.alone(() => 2),
    2,
  );
  reader.leave();
  t.throws(
    () =>
      writer.alone(() => {
        throw new Error('no');
      }),
    { message: 'no' },
  );
  reader.enter();
  t.same([...writer.cells], [0, 1], 'open again whatever the step did');
});
