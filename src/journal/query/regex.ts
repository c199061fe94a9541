/**
 * `regex=`: RE2 syntax, matched in time linear in the payload, so that no pattern and no payload can stall the journal.
 * A payload is matched as UTF-8 text where it is that, else as latin1 (one character a byte).
 */
import { isUtf8 } from 'node:buffer';
import { RE2JS, RE2Set } from 're2js';
import type { ChunkReader } from '../chunk.ts';
import { JournalError } from '../journalError.ts';
import { asBuffer } from './bytes.ts';

const MAX_LENGTH = 1000;
/**
 * Instructions a pattern may compile to. The worst pattern and payload need 8 ns per instruction and byte: 75 ms for a
 * payload of 64 KiB. Repetitions unfold, so `x{100}` has a hundred.
 */
const MAX_PROGRAM = 150;
/** Bytes for the automaton of one pattern. A larger one takes longer to build than it saves. */
const AUTOMATON_BYTES = 65_536;

/** Throws JournalError `filter_invalid` for what RE2 doesn't take and for patterns that are too large. */
export function regexTest(source: string) {
  const pattern = compile(source);
  return {
    matches: (reader: ChunkReader) => pattern.match(asText(reader.payload)).length > 0,
    why: () => `text does not match /${source}/`,
  };
}

/** A set of one: unlike a lone pattern it lets its memory be bounded. */
function compile(source: string): RE2Set {
  if (source.length > MAX_LENGTH) throw invalid(`is longer than ${MAX_LENGTH} characters`);
  const set = new RE2Set(RE2Set.UNANCHORED, 0, AUTOMATON_BYTES);
  let size: number;
  try {
    size = RE2JS.compile(source).programSize();
    set.add(source);
    set.compile();
  } catch (error) {
    throw invalid((error as Error).message);
  }
  if (size > MAX_PROGRAM) throw invalid('is too large, use fewer repetitions');
  return set;
}

function invalid(reason: string): JournalError {
  return new JournalError('filter_invalid', `regex: ${reason}`);
}

function asText(payload: Uint8Array): string {
  return asBuffer(payload).toString(isUtf8(payload) ? 'utf8' : 'latin1');
}
