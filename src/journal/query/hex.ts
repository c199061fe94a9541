/** `hex=`: a payload contains a pattern of hex digits in which `??` stands for any byte. */
import { hexPairs } from '../../matching/pattern.ts';
import type { ChunkReader } from '../../records/chunk.ts';
import { JournalError } from '../journal-error.ts';
import { asBuffer, containsBytes } from './bytes.ts';

/** Bytes of a pattern; -1 is any. */
export type Pattern = readonly number[];

/** How far into a payload the nearest miss is looked for. */
const NEAREST_WITHIN = 4096;

/** Spaces, commas, colons and 0x are forgiven, as in payloads. Throws JournalError `filter_invalid`. */
export function parsePattern(text: string): Pattern {
  try {
    return hexPairs(text).map((pair) => (pair === '??' ? -1 : Number.parseInt(pair, 16)));
  } catch (error) {
    throw new JournalError('filter_invalid', `hex: ${(error as Error).message}`);
  }
}

/** The longest part without `??`, and where in the pattern it starts. */
export function longestRun(pattern: Pattern): { at: number; bytes: number[] } {
  let best = { at: 0, bytes: [] as number[] };
  let run = best;
  pattern.forEach((byte, at) => {
    if (byte === -1) run = { at: at + 1, bytes: [] };
    else run.bytes.push(byte);
    if (run.bytes.length > best.bytes.length) best = run;
  });
  return best;
}

export function hexTest(text: string) {
  const pattern = parsePattern(text);
  const { at, bytes } = longestRun(pattern);
  const run = Uint8Array.from(bytes);
  const hasRun = containsBytes(run);
  const isLiteral = run.length === pattern.length;
  return {
    matches: (reader: ChunkReader) =>
      reader.stored >= pattern.length && hasRun(reader) && (isLiteral || findPattern(reader.payload, pattern, run, at)),
    why: (reader: ChunkReader) => nearestMiss(reader.payload, pattern),
  };
}

function findPattern(payload: Uint8Array, pattern: Pattern, run: Uint8Array, at: number): boolean {
  const buffer = asBuffer(payload);
  const last = payload.length - pattern.length;
  for (let start = 0; start <= last; start++) {
    if (run.length > 0) {
      const hit = buffer.indexOf(asBuffer(run), start + at);
      if (hit === -1 || hit - at > last) return false;
      start = hit - at;
    }
    if (mismatch(payload, start, pattern) === -1) return true;
  }
  return false;
}

/** Index within the pattern of the first byte that differs, -1 when none does. */
function mismatch(payload: Uint8Array, start: number, pattern: Pattern): number {
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] !== -1 && pattern[i] !== payload[start + i]) return i;
  }
  return -1;
}

/** Names the first byte that differs where the pattern comes closest. */
function nearestMiss(payload: Uint8Array, pattern: Pattern): string {
  const last = Math.min(payload.length, NEAREST_WITHIN) - pattern.length;
  if (last < 0) return `its ${payload.length} bytes are fewer than the pattern's ${pattern.length}`;
  let best = { start: 0, alike: -1 };
  for (let start = 0; start <= last; start++) {
    const alike = pattern.reduce((sum, byte, i) => sum + (byte === -1 || byte === payload[start + i] ? 1 : 0), 0);
    if (alike > best.alike) best = { start, alike };
  }
  const at = mismatch(payload, best.start, pattern);
  return `byte ${best.start + at}: expected ${hexByte(pattern[at]!)}, was ${hexByte(payload[best.start + at]!)}`;
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
