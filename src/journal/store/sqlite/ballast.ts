/**
 * Ballast: a file of the data directory that only takes up room. On a full disk nothing can be written, not even that
 * something goes; with the room of this file it can.
 */
import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Its size where there is room: two write-ahead logs between checkpoints. */
export const BALLAST = 8 * 1024 * 1024;
/** Written at a time, and the least of it that is of use. Random, so that no file system can store it in less. */
const BLOCK = randomFillSync(new Uint8Array(1024 * 1024));

export class Ballast {
  readonly #directory: string;
  readonly #path: string;
  /** What it takes up at the moment. */
  bytes = 0;

  /** Gives up what an earlier process held, so that a journal can be opened on a full disk. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#path = join(directory, 'journal.ballast');
    this.release();
  }

  /** Bytes that are free beside it. */
  get free(): number {
    const { bavail, bsize } = statfsSync(this.#directory);
    return bavail * bsize;
  }

  /** Takes up as much as it may: on a small disk half of it, so that a log that fills the rest can be worked off. */
  hold(): void {
    while (this.grow());
  }

  /** Takes up one block more, about a millisecond. False when it has enough, or there is no room. */
  grow(): boolean {
    if (this.bytes >= BALLAST) return false;
    try {
      if (this.free < this.bytes + BLOCK.length) return false;
      this.#append();
      return true;
    } catch {
      this.release();
      return false;
    }
  }

  /** Gives up the room. What can't be removed, as on a read-only disk, is no help to anybody. */
  release(): void {
    this.bytes = 0;
    try {
      rmSync(this.#path, { force: true });
    } catch {}
  }

  #append(): void {
    const file = openSync(this.#path, 'a');
    try {
      if (writeSync(file, BLOCK) < BLOCK.length) throw new Error('the disk is full');
      this.bytes += BLOCK.length;
    } finally {
      closeSync(file);
    }
  }
}
