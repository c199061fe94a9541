import t from 'tap';
import { NO_ACTION, type TimedEvent } from '../../../../src/runtime/pipeline/behavior.ts';
import { EventTimers } from '../../../../src/runtime/pipeline/event-timers.ts';
import { PeerTimers } from '../../../../src/runtime/pipeline/peer-timers.ts';
import { MovedClock } from '../../../support/moved-clock.ts';

const event = (kind: 'idle' | 'every', ms: number): TimedEvent => ({ kind, ms, decide: () => NO_ACTION });

/** Timers that write down what they call for, and when. */
function rig() {
  const clock = new MovedClock();
  const log: string[] = [];
  const timers = new EventTimers(({ kind, ms }) => log.push(`${clock.monotonic()} ${kind} ${ms}`), clock);
  return { clock, log, timers };
}

t.test('idle comes once in each silence, and a message costs no timer', async (t) => {
  const { clock, log, timers } = rig();
  timers.wait([event('idle', 100)]);
  clock.move(60);
  timers.noteMessage();
  t.equal(clock.pending, 1);
  clock.move(100);
  t.same(log, ['160 idle 100']);
  clock.move(1_000);
  t.same(log, ['160 idle 100'], 'not again');
  t.equal(clock.pending, 0);
  timers.noteMessage();
  clock.move(99);
  t.equal(log.length, 1);
  clock.move(1);
  t.same(log.slice(1), ['1260 idle 100']);
});

t.test('every comes again and again, messages or not, beside silences', async (t) => {
  const { clock, log, timers } = rig();
  timers.wait([event('every', 40), event('idle', 100)]);
  clock.move(90);
  timers.noteMessage();
  clock.move(110);
  t.same(log, ['40 every 40', '80 every 40', '120 every 40', '160 every 40', '190 idle 100', '200 every 40']);
  t.equal(clock.pending, 1, 'one timer for all');
  timers.stop();
  t.equal(clock.pending, 0);
  clock.move(1_000);
  t.equal(log.length, 6);
});

t.test('what stays keeps its time, what is new begins now', async (t) => {
  const { clock, log, timers } = rig();
  timers.wait([event('idle', 50), event('every', 100)]);
  clock.move(60);
  timers.wait([event('every', 100), event('idle', 50), event('idle', 70)]);
  clock.move(40);
  t.same(log.splice(0), ['50 idle 50', '100 every 100'], 'a silence that was told is not told again');
  clock.move(30);
  t.same(log, ['130 idle 70']);
  timers.wait([]);
  t.equal(clock.pending, 0);
});

t.test('what an event does to the list counts at once', async (t) => {
  const clock = new MovedClock();
  const log: string[] = [];
  const timers: EventTimers = new EventTimers(({ kind }) => {
    log.push(kind);
    timers.stop();
  }, clock);
  timers.wait([event('every', 10), event('idle', 10)]);
  clock.move(100);
  t.same(log, ['every']);
});

t.test('peers: known until their silence is too long, so many at most', async (t) => {
  const clock = new MovedClock();
  const log: string[] = [];
  const peers = new PeerTimers(({ kind }, peer) => log.push(`${clock.monotonic()} ${kind} ${peer.remotePort}`), clock);
  const peer = (remotePort: number) => ({ remote: new Uint8Array(16), remotePort });
  peers.wait({ events: [event('every', 40), event('idle', 500)], most: 2, idle: 100 });
  peers.noteMessage(peer(1));
  clock.move(70);
  peers.noteMessage(peer(1));
  clock.move(1_000);
  t.same(
    log.splice(0),
    ['40 every 1', '80 every 1', '120 every 1', '160 every 1', '170 idle 1'],
    'its silence is told at the latest when it is forgotten',
  );
  t.equal(clock.pending, 0);
  for (const port of [1, 2, 1, 3]) peers.noteMessage(peer(port));
  clock.move(40);
  t.same(log.splice(0), ['1110 every 1', '1110 every 3'], 'the one that was silent longest gives way');
  peers.wait({ events: [event('every', 40)], most: 1, idle: 100 });
  clock.move(40);
  t.same(log, ['1150 every 3']);
  peers.stop();
  t.equal(clock.pending, 0);
});
