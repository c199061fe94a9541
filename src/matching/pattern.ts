/** Byte patterns: what `text` and `hex` compare payloads with. A pattern from hex digits may have `??` for any byte. */
import { HALF_CHARACTER, hexDigits } from '../schemas/payload.ts';
import type { Miss } from './test.ts';

export type BytePattern = {
  bytes: Buffer;
  /** One entry a byte, 0 where any byte will do; null when none is free. */
  mask: Uint8Array | null;
};

/** Throws SyntaxError on text that no UTF-8 can hold: what would be looked for in its place is something else. */
export function textPattern(text: string): BytePattern {
  if (!text.isWellFormed()) throw new SyntaxError(HALF_CHARACTER);
  return { bytes: Buffer.from(text, 'utf8'), mask: null };
}

/** Pairs of hex digits or `??`; spaces, commas, colons and 0x are forgiven. Throws SyntaxError on anything else. */
export function hexPattern(text: string): BytePattern {
  const pairs = hexPairs(text);
  const bytes = Buffer.from(pairs.map((pair) => (pair === '??' ? 0 : Number.parseInt(pair, 16))));
  const free = pairs.includes('??');
  return { bytes, mask: free ? Uint8Array.from(pairs, (pair) => (pair === '??' ? 0 : 0xff)) : null };
}

/** The pairs of a hex pattern as they are written. Throws SyntaxError. */
export function hexPairs(text: string): string[] {
  const digits = hexDigits(text);
  if (!/^(?:[0-9a-f]{2}|\?\?)*$/i.test(digits)) throw new SyntaxError('is not pairs of hex digits or ??');
  return digits.match(/../g) ?? [];
}

/** Where the first difference lies when the pattern is laid over the payload at `offset`; -1 when there is none. */
export function differsAt(payload: Uint8Array, pattern: BytePattern, offset: number): number {
  const { bytes, mask } = pattern;
  for (let i = 0; i < bytes.length; i++) {
    if (mask !== null && mask[i] === 0) {
      if (offset + i >= payload.length) return i;
    } else if (payload[offset + i] !== bytes[i]) return i;
  }
  return -1;
}

/** The first place of the pattern in the payload; -1 when it isn't there. */
export function indexOfPattern(payload: Uint8Array, pattern: BytePattern): number {
  const view = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  if (pattern.mask === null) return view.indexOf(pattern.bytes);
  const anchor = pattern.mask.indexOf(0xff);
  const last = payload.length - pattern.bytes.length;
  if (anchor === -1) return last >= 0 ? 0 : -1;
  for (let at = 0; at <= last; at++) {
    const found = view.indexOf(pattern.bytes[anchor]!, at + anchor);
    if (found === -1 || found - anchor > last) return -1;
    at = found - anchor;
    if (differsAt(payload, pattern, at) === -1) return at;
  }
  return -1;
}

/** Why a pattern that should lie at `offset` does not, byte by byte. */
export function patternMiss(payload: Uint8Array, pattern: BytePattern, offset: number): Miss {
  const at = differsAt(payload, pattern, offset);
  const place = offset + at;
  const expected = byteText(pattern, at);
  const was = place >= 0 && place < payload.length ? hex(payload[place]!) : 'nothing (it ends there)';
  return {
    why: `byte ${place}: expected ${expected}, was ${was}`,
    closeness: pattern.bytes.length === 0 ? 0 : at / pattern.bytes.length,
    diff: {
      offset,
      expected: patternText(pattern),
      actual: hexText(payload.subarray(Math.max(0, offset), offset + pattern.bytes.length)),
    },
  };
}

/** `00 ff ??` */
export function patternText(pattern: BytePattern): string {
  return Array.from(pattern.bytes.subarray(0, 256), (_, i) => byteText(pattern, i)).join(' ');
}

export function hexText(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, 256), hex).join(' ');
}

function byteText(pattern: BytePattern, i: number): string {
  return pattern.mask !== null && pattern.mask[i] === 0 ? '??' : hex(pattern.bytes[i] ?? 0);
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
