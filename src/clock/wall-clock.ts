/**
 * Clocks of a worker thread. Node gives the wall clock in whole milliseconds only; the finer digits come from the
 * monotonic clock, started at the thread's time origin and held within the millisecond that `Date.now()` says. So two
 * readings within a millisecond keep their order and distance, and steps and slews of the system clock are followed.
 */
import type { Instant } from '../records/chunk.ts';

const origin = performance.timeOrigin;
/** Wall clock at `performance.now()` 0: whole seconds, and nanoseconds on top. */
const baseSeconds = Math.floor(origin / 1000);
let baseNanos = (origin - baseSeconds * 1000) * 1e6;

/** `performance.now()` when the two clocks were compared last. */
let comparedAt = Number.NEGATIVE_INFINITY;

/** The wall clock now. The two clocks are compared once a millisecond: a reading of `Date.now()` costs as much as all else. */
export function wallClock(): Instant {
  const now = performance.now();
  let nanos = baseNanos + now * 1e6;
  if (now - comparedAt >= 1) {
    comparedAt = now;
    if (driftFrom(Date.now(), nanos) !== 0) {
      adjust();
      nanos = baseNanos + performance.now() * 1e6;
    }
  }
  const carry = Math.floor(nanos / 1e9);
  return { seconds: baseSeconds + carry, nanos: Math.floor(nanos - carry * 1e9) };
}

/** Nanoseconds of the monotonic clock, the scale of `process.hrtime` in every thread of the process. */
export function monotonicNanos(): number {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1e9 + nanos;
}

/** Microseconds since 1970. */
export function microsOf(at: Instant): number {
  return at.seconds * 1e6 + Math.floor(at.nanos / 1000);
}

/** Nanoseconds by which a reading lies outside the millisecond of `Date.now()`. */
function driftFrom(millis: number, nanos: number): number {
  const floor = (millis - baseSeconds * 1000) * 1e6;
  if (nanos < floor) return floor - nanos;
  return nanos >= floor + 1e6 ? floor + 999_999 - nanos : 0;
}

/** Moves the base so that both clocks agree again. Reads them until no preemption lies between the readings. */
function adjust(): void {
  for (let attempt = 0; attempt < 4; attempt++) {
    const millis = Date.now();
    const nanos = baseNanos + performance.now() * 1e6;
    if (Date.now() !== millis) continue;
    baseNanos += driftFrom(millis, nanos);
    return;
  }
}
