/** DiskFile: what a journal takes on the disk, its file and its write-ahead log, and what keeps both bounded. */
import { statSync } from 'node:fs';
import { INCREMENTAL, PAGE } from './schema.ts';
import type { Statements } from './statements.ts';
import type { WalResetBarrier } from './wal-reset-barrier.ts';

/** Free pages that stay for what comes next, beside an eighth of the file: 4 MiB. */
const SPARE_PAGES = 512;
/** Pages given back in one step; about a millisecond. */
const STEP_PAGES = 128;
export const STEP_BYTES = STEP_PAGES * PAGE;
/** Bytes of a log that is to begin anew where that is cheap. */
const LONG_LOG = 32 * 1024 * 1024;
/** Bytes of a log that has to be worked off, and milliseconds to wait for it. */
const LONGEST_LOG = 64 * 1024 * 1024;
const STALL = 5000;
/** Milliseconds between two looks whether another thread is done. */
const RETRY_INTERVAL_MS = 5;
const NEVER = new Int32Array(new SharedArrayBuffer(4));

export class DiskFile {
  readonly #path: string;
  readonly #statements: Statements;
  readonly #barrier: WalResetBarrier;
  /** Pages can be given back: not those of a file that an older version made. */
  readonly #shrinks: boolean;

  /** @param barrier that of whoever else reads the file */
  constructor(path: string, statements: Statements, barrier: WalResetBarrier) {
    this.#path = path;
    this.#barrier = barrier;
    this.#statements = statements;
    this.#shrinks = this.#number('PRAGMA auto_vacuum') === INCREMENTAL;
  }

  get sizes(): { file: number; log: number } {
    return { file: sizeOf(this.#path), log: sizeOf(`${this.#path}-wal`) };
  }

  /** More pages are free than is of use. */
  get isSlack(): boolean {
    if (!this.#shrinks) return false;
    return this.#number('PRAGMA freelist_count') > SPARE_PAGES + this.#number('PRAGMA page_count') / 8;
  }

  /** Gives up to STEP_BYTES back, within a transaction. */
  shrink(): void {
    this.#statements.all(`PRAGMA incremental_vacuum(${STEP_PAGES})`);
  }

  /** See Store. The reader stays out meanwhile: the log can begin anew only when nobody reads from it. */
  checkpoint(timeoutMs: number): boolean {
    return this.#barrier.alone(() => this.#truncate(timeoutMs));
  }

  /** Begins the log anew when it is long, at a moment when that takes little. */
  easeLog(): void {
    this.#bound(LONG_LOG, 0);
  }

  /** Where checkpoints beside don't keep up with the appends, these have to wait. */
  boundLog(): void {
    this.#bound(LONGEST_LOG, STALL);
  }

  /** A full disk is for the next commit to tell. */
  #bound(bytes: number, timeoutMs: number): void {
    if (this.sizes.log < bytes) return;
    try {
      this.checkpoint(timeoutMs);
    } catch {}
  }

  #truncate(timeoutMs: number): boolean {
    for (let waited = 0; waited <= timeoutMs; waited += RETRY_INTERVAL_MS) {
      if (waited > 0) Atomics.wait(NEVER, 0, 0, RETRY_INTERVAL_MS);
      if (this.#number('PRAGMA wal_checkpoint(TRUNCATE)') === 0) return true;
    }
    return false;
  }

  #number(text: string): number {
    return this.#statements.get(text)![0] as number;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
