/**
 * Checkpoints: moves what is committed from the write-ahead log into the database, on a thread of its own. A checkpoint
 * waits for the disk, tens of milliseconds at the least, and an append must not.
 */
import { Worker } from 'node:worker_threads';

/** Bytes committed between two checkpoints. */
const INTERVAL = 4 * 1024 * 1024;
/** Milliseconds the last checkpoint may take at the end. */
const PATIENCE = 5000;

/** What the thread is told at its start. `ended[0]` is 1 once it has let go of the file. */
export type CheckpointStart = { file: string; ended: Int32Array };

export class Checkpoints {
  readonly #worker: Worker;
  readonly #ended = new Int32Array(new SharedArrayBuffer(4));
  #bytes = 0;

  constructor(file: string) {
    const workerData: CheckpointStart = { file, ended: this.#ended };
    const url = new URL('./checkpointThread.js', import.meta.url);
    this.#worker = new Worker(url, { name: 'checkpoints', workerData, execArgv: [] });
    this.#worker.unref();
  }

  /** So many bytes were committed. True when a checkpoint was due, and ordered. */
  committed(bytes: number): boolean {
    this.#bytes += bytes;
    if (this.#bytes < INTERVAL) return false;
    this.#bytes = 0;
    this.#worker.postMessage('checkpoint');
    return true;
  }

  /** Answers when the thread has let go of the file. */
  close(): void {
    this.#worker.postMessage('end');
    Atomics.wait(this.#ended, 0, 0, PATIENCE);
  }
}
