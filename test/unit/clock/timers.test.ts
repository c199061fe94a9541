import t from 'tap';
import { pause, systemClock } from '../../../src/clock/clock.ts';
import { after, LONGEST_TIMER } from '../../../src/clock/timers.ts';
import { parseDuration, whyNotDuration } from '../../../src/schemas/units.ts';

t.test('a timer longer than one of the platform is as long as asked', async (t) => {
  const begun = performance.now();
  await new Promise<void>((resolve) => after(120, resolve, { longest: 50 }));
  t.ok(performance.now() - begun >= 115, 'in three parts');
  let rang = false;
  const cancel = after(LONGEST_TIMER + 1, () => {
    rang = true;
  });
  await new Promise<void>((resolve) => after(20, resolve));
  t.notOk(rang, 'it does not go off at once');
  cancel();
});

t.test('called off, in whichever part', async (t) => {
  let rang = false;
  const cancel = after(
    90,
    () => {
      rang = true;
    },
    { longest: 30 },
  );
  await new Promise<void>((resolve) => after(45, resolve));
  cancel();
  await new Promise<void>((resolve) => after(90, resolve));
  t.notOk(rang);
});

t.test('a pause ends when it is over, or called off', async (t) => {
  const { signal } = new AbortController();
  const begun = performance.now();
  await pause(systemClock, 30, signal);
  t.ok(performance.now() - begun >= 28);
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 5);
  await pause(systemClock, LONGEST_TIMER * 2, abort.signal);
  await pause(systemClock, LONGEST_TIMER * 2, abort.signal);
});

t.test('a century is the longest duration', async (t) => {
  t.equal(parseDuration('36500d'), 3_153_600_000_000);
  for (const value of ['36501d', '1000000000h', 1e300, Number.POSITIVE_INFINITY]) {
    t.equal(parseDuration(value), undefined);
    t.match(whyNotDuration(value), /longer than 36500d/);
  }
  for (const value of ['5 s', 'soon', -1, Number.NaN]) {
    t.equal(parseDuration(value), undefined);
    t.match(whyNotDuration(value), /must be a duration/);
  }
});
