/** One process a data directory: a lock that the kernel lifts however the process ends. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const BUSY = 5;

export type Claim = { release(): void };

/**
 * Makes the directory if need be and takes it for this process. The lock is that of an open transaction on a small
 * database of its own, so a kill leaves nothing behind. Throws an Error of one line when the directory can't be had.
 */
export function claimDirectory(directory: string): Claim {
  let lock: DatabaseSync | undefined;
  try {
    mkdirSync(directory, { recursive: true });
    lock = new DatabaseSync(join(directory, 'lock.db'));
    lock.exec('CREATE TABLE IF NOT EXISTS writable (proof INTEGER); BEGIN EXCLUSIVE; INSERT INTO writable VALUES (1)');
  } catch (error) {
    lock?.close();
    throw new Error(reason(directory, error as Error & { errcode?: number }));
  }
  const held = lock;
  return { release: () => held.close() };
}

function reason(directory: string, { errcode = 0, message }: Error & { errcode?: number }): string {
  if ((errcode & 0xff) === BUSY) return `data directory ${directory} is in use by another process`;
  return `data directory ${directory} can't be used: ${message}`;
}
