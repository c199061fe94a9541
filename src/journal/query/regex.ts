/**
 * `regex=`: RE2 syntax, matched in time linear in the payload, so that no pattern and no payload can stall the journal.
 * A payload is matched as UTF-8 text where it is that, else as latin1 (one character a byte).
 */
import { isUtf8 } from 'node:buffer';
import { RE2JS } from 're2js';
import type { ChunkReader } from '../chunk.ts';
import { JournalError } from '../journalError.ts';
import { asBuffer } from './bytes.ts';

/** Repetitions unfold into the program; beyond this size even linear time is long. */
const MAX_PROGRAM = 5000;
const MAX_LENGTH = 1000;

/** Throws JournalError `filter_invalid` for what RE2 doesn't take and for patterns that are too large. */
export function regexTest(source: string) {
  const pattern = compile(source);
  return {
    matches: (reader: ChunkReader) => pattern.test(asText(reader.payload)),
    why: () => `text does not match /${source}/`,
  };
}

function compile(source: string): RE2JS {
  if (source.length > MAX_LENGTH)
    throw new JournalError('filter_invalid', `regex: is longer than ${MAX_LENGTH} characters`);
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(source);
  } catch (error) {
    throw new JournalError('filter_invalid', `regex: ${(error as Error).message}`);
  }
  if (pattern.programSize() > MAX_PROGRAM)
    throw new JournalError('filter_invalid', 'regex: is too large, use fewer repetitions');
  return pattern;
}

function asText(payload: Uint8Array): string {
  return asBuffer(payload).toString(isUtf8(payload) ? 'utf8' : 'latin1');
}
