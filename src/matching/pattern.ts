/** Byte patterns: what `text` and `hex` compare payloads with. A pattern from hex digits may have `??` for any byte. */

import { asBuffer } from '../as-buffer.ts';
import { HALF_CHARACTER, hexDigits } from '../schemas/payload.ts';

export type BytePattern = {
  readonly bytes: Buffer;
  /** One entry a byte, 0 where any byte will do; null when none is free. */
  readonly mask: Uint8Array | null;
  /** The longest part without free bytes, and where in the pattern it starts: a search looks for that first. */
  readonly run: { readonly at: number; readonly bytes: Buffer };
};

/** Throws SyntaxError on text that no UTF-8 can hold: what would be looked for in its place is something else. */
export function textPattern(text: string): BytePattern {
  if (!text.isWellFormed()) throw new SyntaxError(HALF_CHARACTER);
  return literalPattern(Buffer.from(text, 'utf8'));
}

export function literalPattern(bytes: Buffer): BytePattern {
  return { bytes, mask: null, run: { at: 0, bytes } };
}

/** Pairs of hex digits or `??`; spaces, commas, colons and 0x are forgiven. Throws SyntaxError on anything else. */
export function hexPattern(text: string): BytePattern {
  const digits = hexDigits(text);
  if (!/^(?:[0-9a-f]{2}|\?\?)*$/i.test(digits)) throw new SyntaxError('is not pairs of hex digits or ??');
  const pairs: string[] = digits.match(/../g) ?? [];
  const bytes = Buffer.from(pairs.map((pair) => (pair === '??' ? 0 : Number.parseInt(pair, 16))));
  if (!pairs.includes('??')) return literalPattern(bytes);
  const mask = Uint8Array.from(pairs, (pair) => (pair === '??' ? 0 : 0xff));
  return { bytes, mask, run: longestRun(bytes, mask) };
}

function longestRun(bytes: Buffer, mask: Uint8Array): BytePattern['run'] {
  let best = { at: 0, length: 0 };
  let at = 0;
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) at = i + 1;
    else if (i + 1 - at > best.length) best = { at, length: i + 1 - at };
  }
  return { at: best.at, bytes: bytes.subarray(best.at, best.at + best.length) };
}

/**
 * Where the first difference lies when the pattern is laid over the bytes at `offset`; -1 when there is none.
 * @param end where the payload ends
 */
export function differsAt(bytes: Uint8Array, pattern: BytePattern, offset: number, end = bytes.length): number {
  const { bytes: wanted, mask } = pattern;
  for (let i = 0; i < wanted.length; i++) {
    if (offset + i >= end) return i;
    if (bytes[offset + i] !== wanted[i] && (mask === null || mask[i] !== 0)) return i;
  }
  return -1;
}

/** The first place of the pattern in the payload; -1 when it isn't there. */
export function indexOfPattern(payload: Uint8Array, pattern: BytePattern): number {
  const buffer = asBuffer(payload);
  if (pattern.mask === null) return buffer.indexOf(pattern.bytes);
  const { run } = pattern;
  const last = payload.length - pattern.bytes.length;
  if (run.bytes.length === 0) return last >= 0 ? 0 : -1;
  for (let at = 0; at <= last; at++) {
    const found = buffer.indexOf(run.bytes, at + run.at);
    if (found === -1 || found - run.at > last) return -1;
    at = found - run.at;
    if (differsAt(payload, pattern, at) === -1) return at;
  }
  return -1;
}
