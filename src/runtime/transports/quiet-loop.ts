/** Lets the event loop read what the kernel has queued, for engines that can't read on demand. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds at most: under a flood there is always more, and a page must not wait for its end. */
const LIMIT = 25;

/** Turns the loop until `progress` stays the same for a whole turn, at most LIMIT milliseconds. */
export async function pollUntilQuiet(progress: () => number): Promise<void> {
  const deadline = performance.now() + LIMIT;
  await nextTurn();
  for (let seen = Number.NaN; seen !== progress() && performance.now() < deadline; ) {
    seen = progress();
    await nextTurn();
  }
}
