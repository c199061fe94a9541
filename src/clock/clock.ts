/**
 * Clock: the port through which code that waits takes the time and its timers, so that a test moves it instead of
 * sleeping. What handles single datagrams does not go through it: it reads the platform's clocks itself (wall-clock.ts).
 * Times are milliseconds.
 */
import { after, every } from './timers.ts';

export interface Clock {
  /** Since 1970, as the system says: it may be set back and forth. */
  now(): number;
  /** Since some beginning; never set. */
  monotonic(): number;
  /** Calls back once, after however long. A timer in the background does not keep the process. Returns how to cancel it. */
  after(milliseconds: number, callback: () => void, options?: TimerOptions): () => void;
  /** The same again and again. */
  every(milliseconds: number, callback: () => void, options?: TimerOptions): () => void;
}

export type TimerOptions = { background?: boolean };

/** The platform's clocks and timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (milliseconds, callback, options) => after(milliseconds, callback, options),
  every,
};

/** Resolves after so many milliseconds of the clock, or at once when it is called off. */
export function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      signal.removeEventListener('abort', end);
      cancel();
      resolve();
    };
    const cancel = clock.after(milliseconds, end);
    signal.addEventListener('abort', end);
  });
}

/** Resolves after so many milliseconds of the clock. */
export function passed(clock: Clock, milliseconds: number, options?: TimerOptions): Promise<void> {
  return new Promise((resolve) => clock.after(milliseconds, resolve, options));
}
