/**
 * Regular expressions over payloads: RE2 syntax, matched in time linear in the payload, so that no pattern and no payload
 * can stall the service. A payload is matched as UTF-8 text where it is that, else as latin1 (one character a byte).
 */
import { isUtf8 } from 'node:buffer';
import { RE2JS } from 're2js';

/** Repetitions unfold into the program; beyond this size even linear time is long. */
const MAX_PROGRAM = 5000;
const MAX_LENGTH = 1000;

/** A test of payloads. Throws SyntaxError for what RE2 doesn't take and for patterns that are too large. */
export function compileRegex(source: string): (payload: Uint8Array) => boolean {
  if (source.length > MAX_LENGTH) throw new SyntaxError(`is longer than ${MAX_LENGTH} characters`);
  const pattern = parse(source);
  if (pattern.programSize() > MAX_PROGRAM) throw new SyntaxError('is too large, use fewer repetitions');
  return (payload) => pattern.test(textOf(payload));
}

function parse(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    throw new SyntaxError((error as Error).message);
  }
}

function textOf(payload: Uint8Array): string {
  const { buffer, byteOffset, byteLength } = payload;
  return Buffer.from(buffer, byteOffset, byteLength).toString(isUtf8(payload) ? 'utf8' : 'latin1');
}
