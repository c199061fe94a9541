/** When a listener counts as idle, by a clock that is moved. */
import t from 'tap';
import { watchIdle } from '../../../../src/listeners/lifecycle/completion.ts';
import { MovedClock } from '../../../support/moved-clock.ts';

t.setTimeout(120_000);

const IDLE = 60_000;

function watched(completeAfterIdle: string | null = '1m') {
  const clock = new MovedClock();
  const sums = { connectionsOpen: 0, lastRequestAt: 0 };
  let idle = 0;
  const listener = { spec: { completeAfterIdle }, state: 'listening', counters: { sums: () => sums } };
  const stop = watchIdle(listener as unknown as Parameters<typeof watchIdle>[0], () => idle++, clock);
  return { clock, sums, listener, stop, idle: () => idle };
}

t.test('without a request it is idle after the time that was given, and is told so once', async (t) => {
  const { clock, idle } = watched();
  clock.move(IDLE - 1);
  t.equal(idle(), 0);
  clock.move(1);
  t.equal(idle(), 1);
  clock.move(10 * IDLE);
  t.equal(idle(), 1);
});

t.test('each request begins the time anew', async (t) => {
  const { clock, sums, idle } = watched();
  for (let i = 0; i < 5; i++) {
    clock.move(IDLE - 1);
    sums.lastRequestAt = clock.now();
  }
  clock.move(IDLE - 1);
  t.equal(idle(), 0);
  clock.move(1);
  t.equal(idle(), 1);
});

t.test('open connections and a pause hold it; the time begins when they end, to a quarter of it', async (t) => {
  const { clock, sums, listener, idle } = watched();
  sums.connectionsOpen = 1;
  clock.move(3 * IDLE);
  sums.connectionsOpen = 0;
  listener.state = 'paused';
  clock.move(3 * IDLE);
  listener.state = 'listening';
  clock.move(0.75 * IDLE - 1);
  t.equal(idle(), 0);
  clock.move(0.5 * IDLE + 1);
  t.equal(idle(), 1);
});

t.test('a watch that was stopped, and one that never was begun', async (t) => {
  const { clock, stop, idle } = watched();
  stop();
  clock.move(2 * IDLE);
  t.same([idle(), clock.pending], [0, 0]);
  t.equal(watched(null).clock.pending, 0);
});
