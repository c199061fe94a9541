import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { Expiry } from '../../../../src/listeners/lifecycle/expiry.ts';

function setup() {
  const { promise, resolve } = Promise.withResolvers<number>();
  let count = 0;
  const expiry = new Expiry(() => {
    count++;
    resolve(performance.now());
  });
  return { expiry, expired: promise, count: () => count };
}

t.test('expires after its ttl, once', async (t) => {
  const { expiry, expired, count } = setup();
  const start = performance.now();
  expiry.set(40);
  const keepAlive = setInterval(() => {}, 5);
  t.ok((await expired) - start >= 39);
  t.equal(count(), 1);
  clearInterval(keepAlive);
});

t.test('use renews it', async (t) => {
  const { expiry, expired } = setup();
  const start = performance.now();
  expiry.set(60);
  await sleep(40);
  expiry.touch();
  const keepAlive = setInterval(() => {}, 5);
  t.ok((await expired) - start >= 99, 'the time started anew');
  clearInterval(keepAlive);
});

t.test('a hold stops the clock, its release starts it anew', async (t) => {
  const { expiry, expired, count } = setup();
  expiry.set(30);
  const release = expiry.hold(false);
  t.equal(expiry.expiresAt, null);
  await sleep(80);
  t.equal(count(), 0);
  release();
  release();
  t.type(expiry.expiresAt, 'number');
  const keepAlive = setInterval(() => {}, 5);
  await expired;
  clearInterval(keepAlive);
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
  const { expiry, count } = setup();
  expiry.set(10);
  const release = expiry.hold(true);
  expiry.stop();
  release();
  await sleep(30);
  t.equal(count(), 0);
  t.type(expiry.expiresAt, 'number', 'it still says when it would have');
});
