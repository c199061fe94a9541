/** `regex=`: see matching/regex.ts. */
import { compileRegex } from '../../matching/regex.ts';
import type { ChunkReader } from '../../records/chunk.ts';
import { JournalError } from '../journal-error.ts';

/** Throws JournalError `filter_invalid` for what RE2 doesn't take and for patterns that are too large. */
export function regexTest(source: string) {
  const holds = compile(source);
  return {
    matches: (reader: ChunkReader) => holds(reader.payload),
    why: () => `text does not match /${source}/`,
  };
}

function compile(source: string): (payload: Uint8Array) => boolean {
  try {
    return compileRegex(source);
  } catch (error) {
    throw new JournalError('filter_invalid', `regex: ${(error as Error).message}`);
  }
}
