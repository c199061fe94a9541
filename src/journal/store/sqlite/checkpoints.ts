/**
 * Checkpoints: moves what is committed from the write-ahead log into the database, on a thread of its own. A checkpoint
 * waits for the disk, tens of milliseconds at the least, and an append must not.
 */
import { AuxiliaryThread } from './auxiliary-thread.ts';

/** Bytes committed between two checkpoints. */
const INTERVAL = 4 * 1024 * 1024;

export type CheckpointOrder = 'checkpoint' | 'end';

export class Checkpoints {
  readonly #thread: AuxiliaryThread<CheckpointOrder, 'done'>;
  #bytes = 0;

  /** @param done called after each checkpoint, when the thread is at rest */
  constructor(file: string, done: () => void) {
    const url = new URL('./checkpoint-thread.js', import.meta.url);
    this.#thread = new AuxiliaryThread('checkpoints', url, { file, receive: done });
  }

  /** So many bytes were committed. True when a checkpoint was due, and ordered. */
  committed(bytes: number): boolean {
    this.#bytes += bytes;
    if (this.#bytes < INTERVAL) return false;
    try {
      this.#thread.post('checkpoint');
    } catch {
      // What was committed is; the checkpoint is due again with the next commit.
      return false;
    }
    this.#bytes = 0;
    return true;
  }

  /** Resolves when the thread has let go of the file. */
  close(): Promise<void> {
    return this.#thread.close('end');
  }
}
