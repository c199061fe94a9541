/** The schedule of a transmission, by a clock that the test moves. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { runScript } from '../../../../src/runtime/transmit/schedule.ts';
import { SendProgress } from '../../../../src/runtime/transmit/send-progress.ts';
import type { UdpOrder } from '../../../../src/workers/protocol.ts';
import { MovedClock } from '../../../support/moved-clock.ts';

/** Milliseconds at which each payload left, and the progress that was reported. */
async function times(wanted: Partial<UdpOrder>, step = 1) {
  const order: UdpOrder = {
    id: 's_1',
    protocol: 'udp',
    to: { host: '127.0.0.1', port: 9 },
    local: null,
    parts: [{ payload: Buffer.from('ping'), template: false }],
    count: 1,
    interval: 0,
    duration: null,
    expectReply: null,
    ...wanted,
  };
  const clock = new MovedClock();
  const sent: number[] = [];
  const progress: number[] = [];
  const { signal } = new AbortController();
  const control = { signal, report: (done: { progress: number }) => progress.push(done.progress) };
  const send = () => {
    sent.push(clock.monotonic());
  };
  let over = false;
  const running = runScript({ order, control, sendProgress: new SendProgress(0), thread: 't', clock, send }).then(
    () => {
      over = true;
    },
  );
  for (; !over; await nextTurn()) if (clock.pending > 0) clock.move(step);
  await running;
  return { sent, progress, took: clock.monotonic(), pending: clock.pending };
}

t.test('a burst keeps its rate, reports its progress, ends by duration', async (t) => {
  const { sent, progress, took, pending } = await times({ count: 1_000_000, interval: 0.5, duration: 500 });
  t.equal(sent.length, 999, 'two a millisecond, in half a second');
  t.ok(
    sent.every((at, i) => at === Math.ceil(i / 2)),
    'none early, none late by more than a timer',
  );
  t.equal(took, 500);
  t.equal(pending, 0);
  t.same(
    progress,
    progress.toSorted((a, b) => a - b),
  );
  t.ok(progress.length >= 499 && progress.some((share) => share > 0.4 && share < 0.6) && progress.at(-1)! < 1);
});

t.test('a late timer is made up for', async (t) => {
  const { sent } = await times({ count: 10, interval: 10 }, 35);
  t.same(sent, [0, 35, 35, 35, 70, 70, 70, 70, 105, 105]);
});

t.test('pauses between parts begin when the part before has left', async (t) => {
  const part = { payload: Buffer.from('x'), template: false };
  const { sent, took } = await times({ parts: [part, { delay: 10 }, part], count: 3, interval: 40 });
  t.same(sent, [0, 10, 40, 50, 80, 90]);
  t.equal(took, 90);
});
