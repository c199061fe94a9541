/** One process a data directory: a lock that the kernel lifts however the process ends. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** SQLite's result codes. */
const BUSY = 5;
const FULL = 13;

export type DirectoryLock = { release(): void };

/**
 * Makes the directory if need be and takes it for this process. The lock is that of an open transaction on a small
 * database of its own, so a kill leaves nothing behind. Throws an Error of one line when the directory can't be had.
 */
export function claimDirectory(directory: string): DirectoryLock {
  let lock: DatabaseSync | undefined;
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    const held = new DatabaseSync(join(directory, 'lock.db'));
    lock = held;
    held.exec('CREATE TABLE IF NOT EXISTS writable (proof INTEGER)');
    take(held);
    return { release: () => held.close() };
  } catch (error) {
    lock?.close();
    throw unusable(directory, error as Error);
  }
}

/** What is wrong with a data directory, in one line. */
export function unusable(directory: string, error: Error): Error {
  if (primaryCode(error) === BUSY) return new Error(`data directory ${directory} is in use by another process`);
  return new Error(`data directory ${directory} can't be used: ${error.message.replaceAll(/\s*\n\s*/g, ' ')}`);
}

/** A full disk is no reason not to have it: what it holds can be read and removed. */
function take(lock: DatabaseSync): void {
  lock.exec('BEGIN EXCLUSIVE');
  try {
    lock.exec('INSERT INTO writable (proof) VALUES (1)');
  } catch (error) {
    if (primaryCode(error as Error) !== FULL) throw error;
    if (!lock.isTransaction) lock.exec('BEGIN EXCLUSIVE');
  }
}

function primaryCode({ errcode = 0 }: Error & { errcode?: number }): number {
  return errcode & 0xff;
}
