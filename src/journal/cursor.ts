/**
 * Cursors: where a reader stands. A place names one record; `after` means records beyond it, `before` records short of
 * it, both exclusive. Places are pairs in lexicographic order:
 *
 * - within a listener (seq, k): message seq is (seq, 0), the k-th other record after it (seq, k). As text `57` or `57.2`;
 * - over all listeners (row, i): the i-th record, from 1, of the chunk stored as row. As text opaque to clients.
 *
 * A cursor that is given out also says which history it means: `57.2~k3f9x2`. What stands behind the `~` is the epoch,
 * another for every listener ever made and for every journal ever begun. So a cursor of an earlier life is told from one
 * of this life, though its number may be there in both. A bare seq means the history at hand.
 */
import { randomBytes } from 'node:crypto';

export type Position = { readonly major: number; readonly minor: number };

/** A cursor of another history than the one at hand. */
export const STALE = 'stale';

/** Before everything. */
export const START: Position = { major: 0, minor: 0 };
/** Beyond everything. */
export const BEYOND: Position = { major: Number.MAX_SAFE_INTEGER, minor: 0 };

const EPOCH_MARK = '~';
/** Values of an epoch; it has six characters of base 36. */
const EPOCHS = 36 ** 6;

/** Negative when a lies before b, 0 when they are the same, positive when it lies beyond. */
export function comparePositions(a: Position, b: Position): number {
  return a.major - b.major || a.minor - b.minor;
}

/** The farther one. */
export function later(a: Position, b: Position): Position {
  return comparePositions(a, b) >= 0 ? a : b;
}

/** The one that comes first. */
export function earlier(a: Position, b: Position): Position {
  return comparePositions(a, b) < 0 ? a : b;
}

/** The epoch of a listener's history: its number is random, and no two listeners share one. */
export function epochOf(listener: number): string {
  const mixed = (BigInt(listener) * 0x9e37_79b9_7f4a_7c15n) & 0xffff_ffff_ffff_ffffn;
  return Number((mixed >> 16n) % BigInt(EPOCHS))
    .toString(36)
    .padStart(6, '0');
}

/** The epoch of a journal that begins. */
export function newEpoch(): string {
  return epochOf(randomBytes(6).readUIntBE(0, 6));
}

/** Cursor text within a listener. */
export function formatSeqCursor(major: number, minor: number, epoch: string): string {
  return `${minor === 0 ? major : `${major}.${minor}`}${EPOCH_MARK}${epoch}`;
}

/** The place of a cursor within a listener, STALE when it is one of another history, undefined when the text is none. */
export function parseSeqCursor(text: string, epoch: string): Position | typeof STALE | undefined {
  return parse(text, epoch, seqPlace);
}

/** Cursor text over all listeners. */
export function formatJournalCursor(major: number, minor: number, epoch: string): string {
  return `j${major.toString(36)}.${minor.toString(36)}${EPOCH_MARK}${epoch}`;
}

/** The same over all listeners. `0` is the start, as within a listener; any other place without an epoch is STALE. */
export function parseJournalCursor(text: string, epoch: string): Position | typeof STALE | undefined {
  const position = parse(text, epoch, journalPlace);
  return position === START || text.includes(EPOCH_MARK) ? position : position && STALE;
}

/** A cursor that a client may have made up, as one that is given out in the same history as `other`. */
export function withEpochOf(cursor: string, other: string): string {
  const mark = other.indexOf(EPOCH_MARK);
  return cursor.includes(EPOCH_MARK) || mark === -1 ? cursor : cursor + other.slice(mark);
}

function parse(text: string, epoch: string, placeOf: (position: string) => Position | undefined) {
  const [, position = text, given = epoch] = /^(.*)~([0-9a-z]{6})$/s.exec(text) ?? [];
  const place = placeOf(position);
  return place === undefined || given === epoch ? place : STALE;
}

function seqPlace(position: string): Position | undefined {
  const match = /^(\d{1,16})(?:\.(\d{1,16}))?$/.exec(position);
  return match === null ? undefined : place(Number(match[1]), Number(match[2] ?? 0));
}

function journalPlace(position: string): Position | undefined {
  if (position === '0') return START;
  const match = /^j([0-9a-z]{1,11})\.([0-9a-z]{1,11})$/.exec(position);
  return match === null ? undefined : place(Number.parseInt(match[1]!, 36), Number.parseInt(match[2]!, 36));
}

function place(major: number, minor: number): Position | undefined {
  return Number.isSafeInteger(major) && Number.isSafeInteger(minor) ? { major, minor } : undefined;
}
