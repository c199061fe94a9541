/** How connections are met that reach this thread. A mode for so many of them counts over all threads of the listener. */
import type { AcceptPhase } from '../../../workers/protocol.ts';

/** Whether threads accept at all: otherwise the kernel meets who connects, and no thread may listen. */
export function isOpen(phase: AcceptPhase | undefined): boolean {
  return phase?.mode !== 'refuse' && phase?.mode !== 'blackhole';
}

export class Acceptance {
  readonly #onUsedUp: () => void;
  #mode: AcceptPhase['mode'] | undefined;
  #left: Int32Array | null = null;

  /** @param onUsedUp called in one thread, when the last connection is taken */
  constructor(phase: AcceptPhase | undefined, onUsedUp: () => void) {
    this.#onUsedUp = onUsedUp;
    this.update(phase);
  }

  update(phase: AcceptPhase | undefined): void {
    this.#mode = phase?.mode;
    const left = phase?.left ?? null;
    this.#left = left === null ? null : new Int32Array(left);
  }

  /** Whether this mode takes the connection that has just come. */
  takes(mode: 'reset' | 'stall'): boolean {
    if (mode !== this.#mode) return false;
    if (this.#left === null) return true;
    if (Atomics.load(this.#left, 0) <= 0) return false;
    const before = Atomics.sub(this.#left, 0, 1);
    if (before === 1) this.#onUsedUp();
    return before > 0;
  }
}
