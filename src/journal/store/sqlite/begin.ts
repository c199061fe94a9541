/** Opens the store of a data directory, and makes good first what is damaged. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DamagedFile } from './inspection.ts';
import { salvage } from './salvage.ts';
import { SqliteStore } from './sqlite-store.ts';

type StoreOptions = NonNullable<ConstructorParameters<typeof SqliteStore>[1]>;
type Notify = (line: string) => void;

export const FILE = 'journal.db';
const LOG = `${FILE}-wal`;
/** What lies beside a database that holds anything; a first start that was cut off leaves none of it. */
const COMPANIONS = [LOG, 'journal.ballast'];

/** Throws an Error of one line where nothing is left of a journal that was there. To be asked before anything is written. */
export function checkCompanions(directory: string, notify: Notify): void {
  const sizeOf = (name: string) => statSync(join(directory, name), { throwIfNoEntry: false })?.size;
  const size = sizeOf(FILE);
  if (size !== undefined && size > 0) return;
  const what = `${FILE} is ${size === 0 ? 'empty' : 'missing'}`;
  const left = COMPANIONS.filter((name) => (sizeOf(name) ?? 0) > 0);
  if (left.includes(LOG) || (size === 0 && left.length > 0))
    throw new Error(`${what} beside ${left.join(' and ')}: put it back from a copy, or remove these to begin anew`);
  if (size === 0 || left.length > 0) notify(`${what} in ${directory}: a new journal is begun`);
}

/** Throws what node:sqlite throws, and an Error where nothing can be made of the file. */
export function openStore(file: string, options: StoreOptions, notify: Notify): SqliteStore {
  const store = openSound(file, options, notify);
  if (store.isLogDamaged) notify(`${file}-wal is damaged: what was stored last is lost, and numbers are passed over`);
  return store;
}

function openSound(file: string, options: StoreOptions, notify: Notify): SqliteStore {
  try {
    return new SqliteStore(file, options);
  } catch (error) {
    if (!(error instanceof DamagedFile)) throw error;
    notify(salvage(file, error.message));
    return new SqliteStore(file, options);
  }
}
