/** DiskReserve: makes what frees space possible where there is none, with the ballast of the data directory. */
import type { Log } from '../log/log.ts';
import type { Ballast } from '../store/sqlite/ballast.ts';

/** Milliseconds to wait, where it matters, for a checkpoint that another thread is at. */
export const CHECKPOINT_TIMEOUT_MS = 200;
/** Bytes free on a disk on which room is tight, and those of a log that is short. */
const TIGHT = 64 * 1024 * 1024;
const SHORT_LOG = 2 * 1024 * 1024;
/** Bytes that must be left for a process to come up again. */
const SPARE_BYTES = 1024 * 1024;

export class DiskReserve {
  readonly #log: Log;
  /** null where nothing is on a disk. */
  readonly #ballast: Ballast | null;
  #isTight: boolean;
  #logged = 0;

  constructor(log: Log, ballast: Ballast | null) {
    this.#log = log;
    this.#ballast = ballast;
    this.#isTight = ballast !== null && ballast.free < TIGHT;
  }

  /** Bytes set aside. */
  get bytes(): number {
    return this.#ballast?.bytes ?? 0;
  }

  /** Where all is well: more is set aside, and what is free in the file goes back to the disk, a little each. */
  maintain(): void {
    if (this.#ballast === null) return;
    this.#ballast.grow();
    this.#isTight = this.#ballast.free < TIGHT;
    this.#log.store.shrink();
  }

  /** So many bytes were committed. Where room is tight, the log is kept so short that the ballast suffices to work it off. */
  committed(bytes: number): void {
    if (!this.#isTight) return;
    this.#logged += bytes;
    if (this.#logged < SHORT_LOG) return;
    this.#logged = 0;
    this.truncateWal();
  }

  /** Carries out a step with the ballast given up; sets it aside again with the room there is then. */
  withReserve<T>(step: () => T): T {
    this.#ballast?.release();
    try {
      return step();
    } finally {
      this.truncateWal(CHECKPOINT_TIMEOUT_MS);
      this.#ballast?.hold();
    }
  }

  /** There is room, on the disk, for so many bytes: in the log, and in the file when the log is worked off. */
  hasSpaceFor(bytes: number): boolean {
    return this.#ballast === null || this.#ballast.free >= 2 * bytes + SPARE_BYTES;
  }

  /**
   * Works off the log, so that the next commits write over it rather than beyond. False when that can't be done now.
   * @param timeoutMs milliseconds to wait for another thread that is at it
   */
  truncateWal(timeoutMs = 0): boolean {
    try {
      return this.#log.store.checkpoint(timeoutMs);
    } catch {
      return false;
    }
  }
}
