/**
 * Cursors: where a reader stands. A place names one record; `after` means records beyond it, `before` records short of
 * it, both exclusive. Places are pairs in lexicographic order:
 *
 * - within a listener (seq, k): message seq is (seq, 0), the k-th other record after it (seq, k). As text `57` or `57.2`;
 * - over all listeners (row, i): the i-th record, from 1, of the chunk stored as row. As text opaque to clients.
 */
export type Place = { readonly major: number; readonly minor: number };

/** Before everything. */
export const START: Place = { major: 0, minor: 0 };
/** Beyond everything. */
export const BEYOND: Place = { major: Number.MAX_SAFE_INTEGER, minor: 0 };

/** Negative when a lies before b, 0 when they are the same, positive when it lies beyond. */
export function comparePlaces(a: Place, b: Place): number {
  return a.major - b.major || a.minor - b.minor;
}

/** The farther one. */
export function later(a: Place, b: Place): Place {
  return comparePlaces(a, b) >= 0 ? a : b;
}

/** Cursor text within a listener. */
export function formatSeqCursor(major: number, minor: number): string {
  return minor === 0 ? `${major}` : `${major}.${minor}`;
}

/** The place of a cursor within a listener, undefined when the text is none. */
export function parseSeqCursor(text: string): Place | undefined {
  const match = /^(\d{1,16})(?:\.(\d{1,16}))?$/.exec(text);
  return match === null ? undefined : place(Number(match[1]), Number(match[2] ?? 0));
}

/** Cursor text over all listeners. */
export function formatJournalCursor(major: number, minor: number): string {
  return `j${major.toString(36)}.${minor.toString(36)}`;
}

/** The place of a cursor over all listeners, undefined when the text is none. `0` is the start, as within a listener. */
export function parseJournalCursor(text: string): Place | undefined {
  if (text === '0') return START;
  const match = /^j([0-9a-z]{1,11})\.([0-9a-z]{1,11})$/.exec(text);
  return match === null ? undefined : place(Number.parseInt(match[1]!, 36), Number.parseInt(match[2]!, 36));
}

function place(major: number, minor: number): Place | undefined {
  return Number.isSafeInteger(major) && Number.isSafeInteger(minor) ? { major, minor } : undefined;
}
