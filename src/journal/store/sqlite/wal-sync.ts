/**
 * WalSync: brings the write-ahead log of a journal onto the disk, for the case that the machine goes down. A process that
 * is killed loses nothing either way: what is committed is with the kernel.
 */
import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';

/** When a commit must be on the disk: before it shows, within a second, or when the kernel likes. */
export const FSYNCS = ['every', 'interval', 'never'] as const;
export type Fsync = (typeof FSYNCS)[number];

/** Milliseconds between two syncs. */
const INTERVAL = 1000;

export class WalSync {
  readonly #path: string;
  readonly #fsync: Fsync;
  readonly #timer: NodeJS.Timeout | undefined;
  #file: number | undefined;
  #dirty = false;
  #syncing = false;

  /** @param journal path of the database */
  constructor(journal: string, fsync: Fsync) {
    this.#path = `${journal}-wal`;
    this.#fsync = fsync;
    if (fsync === 'interval') this.#timer = setInterval(() => this.#syncBeside(), INTERVAL);
  }

  /** A transaction was committed. Throws what fdatasync throws; then nobody knows what is on the disk. */
  written(mustSync: boolean): void {
    this.#dirty = true;
    if (!mustSync && this.#fsync !== 'every') return;
    this.#dirty = false;
    fdatasyncSync(this.#open());
  }

  close(): void {
    clearInterval(this.#timer);
    if (this.#file !== undefined && !this.#syncing) closeSync(this.#file);
  }

  /** On another thread, so that the journal goes on meanwhile. */
  #syncBeside(): void {
    if (!this.#dirty || this.#syncing) return;
    this.#dirty = false;
    this.#syncing = true;
    fdatasync(this.#open(), (error) => {
      this.#syncing = false;
      if (error !== null) throw error;
    });
  }

  /** The file is there for as long as the database is open. */
  #open(): number {
    this.#file ??= openSync(this.#path, 'r+');
    return this.#file;
  }
}
