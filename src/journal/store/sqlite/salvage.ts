/**
 * Salvage: makes a journal's file good again after an inspection found it damaged. Whatever can still be read goes into a
 * new file; what can't is a gap in the history of its listener. The damaged file is kept beside.
 */
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { SalvagedHistories } from './salvaged-histories.ts';
import { SalvagedRows } from './salvaged-rows.ts';
import * as sql from './schema.ts';
import { Statements } from './statements.ts';
import { Wreck } from './wreck.ts';

/** Returns what became of it, in one line. Throws an Error when nothing can be read, or the new file not be written. */
export function salvage(file: string, why: string): string {
  const [fresh, kept] = [`${file}.new`, `${file}.damaged`];
  remove(fresh);
  const wreck = new Wreck(file);
  try {
    const result = carryOver(wreck, fresh);
    wreck.close();
    swap(file, { fresh, kept });
    return `${file} was damaged (${why}): ${result}; the damaged file is kept as ${kept}`;
  } catch (error) {
    throw new Error(`${why}, and nothing can be made of it: ${(error as Error).message}`);
  } finally {
    wreck.close();
    remove(fresh);
  }
}

function carryOver(wreck: Wreck, fresh: string): string {
  const good = new DatabaseSync(fresh);
  try {
    good.exec(`${sql.NEW_FILE} BEGIN;`);
    const statements = new Statements(good);
    const rows = new SalvagedRows(wreck, statements);
    const histories = new SalvagedHistories(rows, statements);
    rows.carryOver();
    histories.carryOver(wreck.listeners());
    if (rows.used.size + histories.carried === 0) throw new Error('nothing can be read');
    for (const note of wreck.meta()) statements.run(sql.SAVE_META, ...note);
    good.exec('COMMIT');
    return summary(rows, histories);
  } finally {
    good.close();
  }
}

function summary({ used, damaged }: SalvagedRows, { lost, reduced }: SalvagedHistories): string {
  const parts = [
    `${used.size - damaged} chunks of messages are as they were`,
    `${damaged} are gaps now`,
    ...(lost.length === 0 ? [] : [`listeners ${lost.join(', ')} are lost`]),
    ...(reduced.length === 0 ? [] : [`of listeners ${reduced.join(', ')} only the messages and the port are left`]),
  ];
  return parts.join(', ');
}

/** At no moment is there no file. A log of the damaged one must not meet the new one. */
function swap(file: string, { fresh, kept }: { fresh: string; kept: string }): void {
  const written = openSync(fresh, 'r+');
  fsyncSync(written);
  closeSync(written);
  remove(kept);
  linkSync(file, kept);
  for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
  renameSync(fresh, file);
}

function remove(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true });
}
