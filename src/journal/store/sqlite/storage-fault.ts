/**
 * Which errors of SQLite say that the disk, not the journal, is at fault. They pass, and then storing goes on; but for
 * damage, which lasts until the next start has made the file good.
 */

/** SQLite's primary result codes. */
/** The file is not what was written. */
export const DAMAGED = 'damaged';
const MALFORMED = 11;
const FAULTS: Record<number, string> = {
  5: 'busy',
  8: 'read_only',
  10: 'io_error',
  11: DAMAGED,
  13: 'disk_full',
  14: 'cannot_open',
  26: DAMAGED,
};

/** Whether the error says that the file is not what was written. */
export function isDamage(error: unknown): boolean {
  return codeOf(error) === DAMAGED;
}

/** The file is a database, but a damaged one. */
export function isMalformed(error: unknown): boolean {
  return isDamage(error) && ((error as { errcode?: number }).errcode! & 0xff) === MALFORMED;
}

/** What is wrong with the disk, null when the error says something else. */
export function storageFault(error: unknown): { code: string; detail: string } | null {
  const fault = codeOf(error);
  if (fault === undefined) return null;
  const { message } = error as Error;
  const advice = fault === DAMAGED ? '; a restart makes of the file what can be made of it' : '';
  return { code: fault, detail: `messages can't be stored: ${message}${advice}` };
}

function codeOf(error: unknown): string | undefined {
  const { code, errcode = 0 } = error as Error & { code?: string; errcode?: number };
  return code === 'ERR_SQLITE_ERROR' ? FAULTS[errcode & 0xff] : undefined;
}
