/** What the statements of schema.ts take and give, in the store's words. */
import type { SQLInputValue } from 'node:sqlite';
import type { Conditions, Entry, FoundRow, Row } from '../store.ts';
import { CHECK_UNIT, checkOf } from './notes.ts';

/** In the order of the conditions. */
export function conditionValues(c: Conditions): SQLInputValue[] {
  return [
    ...[c.since, c.until, c.kinds, c.thread, c.thread, c.exempt, c.directions, c.minSize, c.maxSize],
    ...[c.addresses, c.addresses, c.endpoints, c.endpoints],
  ];
}

export function asFound(values: unknown[]): FoundRow {
  const [row, listener, first, skip, last, rest, fits] = values as number[];
  return {
    row: row!,
    listener: listener!,
    start: { major: first! - 1, minor: skip! },
    end: { major: last!, minor: rest! },
    fits: fits === 1,
  };
}

export function asRow(values: unknown[]): Row {
  const [row, listener, first, skip, last, rest, bytes, bytesBefore, incomingBefore] = values as number[];
  return {
    row: row!,
    listener: listener!,
    start: { major: first! - 1, minor: skip! },
    end: { major: last!, minor: rest! },
    bytes: bytes!,
    bytesBefore: bytesBefore!,
    incomingBefore: incomingBefore!,
  };
}

/** What is stored of a chunk beside its bytes, in the order of the columns. The check stands above the kinds. */
export function notesOf(row: number, { listener, start, end, summary, chunk, ...entry }: Entry): number[] {
  const notes = [
    ...[row, listener, end.major, end.minor, start.major + 1, start.minor, summary.start, summary.stop, summary.kinds],
    ...[summary.smallest, summary.largest, summary.addresses, summary.endpoints, entry.thread],
    ...[chunk.length, entry.bytesBefore, entry.incomingBefore],
  ];
  notes[KINDS_PLACE] = summary.kinds + CHECK_UNIT * checkOf(notes);
  return notes;
}

const KINDS_PLACE = 8;
