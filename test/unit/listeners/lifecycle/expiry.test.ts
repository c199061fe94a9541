import t from 'tap';
import { Expiry } from '../../../../src/listeners/lifecycle/expiry.ts';
import { MovedClock } from '../../../support/moved-clock.ts';

t.setTimeout(120_000);

const DAY = 86_400_000;

function setup() {
  const clock = new MovedClock();
  let count = 0;
  const expiry = new Expiry(() => {
    count++;
  }, clock);
  return { clock, expiry, count: () => count };
}

t.test('expires after its ttl, once', async (t) => {
  const { clock, expiry, count } = setup();
  expiry.set(40);
  clock.move(39);
  t.equal(count(), 0);
  clock.move(1);
  t.equal(count(), 1);
  clock.move(DAY);
  t.equal(count(), 1);
});

t.test('use renews it', async (t) => {
  const { clock, expiry, count } = setup();
  expiry.set(60);
  clock.move(40);
  expiry.touch();
  clock.move(59);
  t.equal(count(), 0, 'the time started anew');
  clock.move(1);
  t.equal(count(), 1);
});

t.test('a ttl longer than a timer of the platform', async (t) => {
  const { clock, expiry, count } = setup();
  expiry.set(40 * DAY);
  clock.move(40 * DAY - 1);
  t.equal(count(), 0);
  clock.move(1);
  t.equal(count(), 1);
});

t.test('a hold stops the clock, its release starts it anew', async (t) => {
  const { clock, expiry, count } = setup();
  expiry.set(30);
  const release = expiry.hold(false);
  t.equal(expiry.expiresAt, null);
  clock.move(80);
  t.equal(count(), 0);
  release();
  release();
  t.equal(expiry.expiresAt, clock.now() + 30);
  clock.move(29);
  t.equal(count(), 0);
  clock.move(1);
  t.equal(count(), 1);
});

t.test('the last tied hold ends it at once', async (t) => {
  const { expiry, count } = setup();
  const first = expiry.hold(true);
  const second = expiry.hold(true);
  expiry.hold(false);
  first();
  t.equal(count(), 0);
  second();
  t.equal(count(), 1);
});

t.test('a stopped one never expires', async (t) => {
  const { clock, expiry, count } = setup();
  expiry.set(10);
  const release = expiry.hold(true);
  expiry.stop();
  release();
  clock.move(DAY);
  t.equal(count(), 0);
  t.equal(clock.pending, 0);
  t.type(expiry.expiresAt, 'number', 'it still says when it would have');
});
