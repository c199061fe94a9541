/**
 * Descriptors: how many file descriptors the process may still open. Sockets of listeners, their connections and sends ask
 * here first, so that the last ones stay for the API: who has taken everything must still be able to give it back. All
 * threads share one count, which only goes up between two looks at what is really open. The nearer the limit the more often
 * it is looked; far from it that costs nothing.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Kept for connections of the API, files of the journal and the like. */
export const KEPT_BACK = 64;
/** Where the system lists what is open. */
const OPEN = process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd';

/** Places in the shared memory. */
const LIMIT = 0;
const COUNT = 1;
const SINCE = 2;
const BYTES = 12;
/** A look is due when so much of what was left has been taken. */
const SHARE = 1 / 8;
/** Of its time a thread spends at most so much looking. */
const EFFORT = 1 / 20;
const UNLIMITED = 2 ** 31 - 1;

export class Descriptors {
  readonly memory: SharedArrayBuffer;
  readonly #state: Int32Array;
  /** performance.now() before which this thread does not look again. */
  #nextLook = 0;

  /** @param memory of the main thread's, for the other threads */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#state = new Int32Array(memory);
  }

  /** For the process as it is now. Where less is allowed than is kept back, half of what is left is. */
  static ofProcess(allowed = descriptorLimit()): Descriptors {
    const descriptors = new Descriptors(new SharedArrayBuffer(BYTES));
    const open = countOpen() ?? 0;
    const kept = Math.min(KEPT_BACK, Math.max(0, Math.floor((allowed - open) / 2)));
    descriptors.#state[LIMIT] = Math.min(UNLIMITED, allowed - kept);
    descriptors.#state[COUNT] = open;
    return descriptors;
  }

  /** What listeners and sends may have open, together with everything else. */
  get limit(): number {
    return this.#state[LIMIT]!;
  }

  /** Whether so many more may be opened; then they count from now on. */
  take(wanted: number): boolean {
    if (this.limit === UNLIMITED) return true;
    const taken = Atomics.add(this.#state, SINCE, wanted) + wanted;
    if (taken > (this.limit - this.#state[COUNT]!) * SHARE) this.#look();
    if (Atomics.add(this.#state, COUNT, wanted) + wanted <= this.limit) return true;
    Atomics.sub(this.#state, COUNT, wanted);
    return false;
  }

  #look(): void {
    const begun = performance.now();
    if (begun < this.#nextLook) return;
    const open = countOpen();
    Atomics.store(this.#state, COUNT, open ?? this.limit);
    Atomics.store(this.#state, SINCE, 0);
    const now = performance.now();
    this.#nextLook = now + (now - begun) / EFFORT;
  }
}

/** Open descriptors of the process, null where it can't be told: most likely for want of one. */
function countOpen(): number | null {
  try {
    return readdirSync(OPEN).length;
  } catch {
    return null;
  }
}

/** The soft limit; Infinity where there is none or nobody says. */
export function descriptorLimit(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
