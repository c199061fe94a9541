/**
 * Regular expressions over payloads: RE2 syntax, matched in time linear in the payload, so that no pattern and no payload
 * can stall the service. A payload is matched as UTF-8 text where it is that, else as latin1 (one character a byte).
 */
import { isUtf8 } from 'node:buffer';
import { RE2JS, RE2Set } from 're2js';
import { asBuffer } from '../as-buffer.ts';
import type { Test } from './test.ts';

const MAX_LENGTH = 1000;
/**
 * Instructions a pattern may compile to. The worst pattern and payload need 8 ns per instruction and byte: 75 ms for a
 * payload of 64 KiB. Repetitions unfold, so `x{100}` has a hundred.
 */
const MAX_PROGRAM = 150;
/** Bytes for the automaton of one pattern. A larger one takes longer to build than it saves. */
const AUTOMATON_BYTES = 65_536;

/** Whether a payload matches. Throws SyntaxError for what RE2 doesn't take and for patterns that are too large. */
export function compileRegex(source: string): (payload: Uint8Array) => boolean {
  if (source.length > MAX_LENGTH) throw new SyntaxError(`is longer than ${MAX_LENGTH} characters`);
  // A set of one: unlike a lone pattern it lets its memory be bounded.
  const set = new RE2Set(RE2Set.UNANCHORED, 0, AUTOMATON_BYTES);
  let size: number;
  try {
    size = RE2JS.compile(source).programSize();
    set.add(source);
    set.compile();
  } catch (error) {
    throw new SyntaxError((error as Error).message);
  }
  if (size > MAX_PROGRAM) throw new SyntaxError('is too large, use fewer repetitions');
  return (payload) => set.match(textOf(payload)).length > 0;
}

/** @param holds what `compileRegex` made of the source */
export function regexTest(source: string, holds: (payload: Uint8Array) => boolean): Test {
  return {
    holds: ({ payload }) => holds(payload),
    miss: () => ({ why: `text does not match /${source}/`, closeness: 0 }),
  };
}

function textOf(payload: Uint8Array): string {
  return asBuffer(payload).toString(isUtf8(payload) ? 'utf8' : 'latin1');
}
