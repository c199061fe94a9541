/** Which errors of SQLite say that the disk, not the journal, is at fault: they pass, and then storing goes on. */

/** SQLite's primary result codes. */
const FAULTS: Record<number, string> = {
  5: 'busy',
  8: 'read_only',
  10: 'io_error',
  13: 'disk_full',
  14: 'cannot_open',
};

/** What is wrong with the disk, null when the error says something else. */
export function storageFault(error: unknown): { code: string; detail: string } | null {
  const { code, errcode = 0, message } = error as Error & { code?: string; errcode?: number };
  const fault = code === 'ERR_SQLITE_ERROR' ? FAULTS[errcode & 0xff] : undefined;
  return fault === undefined ? null : { code: fault, detail: `messages can't be stored: ${message}` };
}
