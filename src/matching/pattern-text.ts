/** Byte patterns for people: as they are written, and where a payload differs from one. */
import { type BytePattern, differsAt } from './pattern.ts';
import type { Miss } from './test.ts';

/** Bytes of a pattern or a payload that are shown. */
const SHOWN = 256;
/** How far into a payload the place is looked for where a pattern comes closest. */
const NEAREST_WITHIN = 4096;

/** Why a pattern that should lie at `offset` does not, byte by byte. */
export function patternMiss(payload: Uint8Array, pattern: BytePattern, offset: number): Miss {
  const at = differsAt(payload, pattern, offset);
  const place = offset + at;
  const was = place >= 0 && place < payload.length ? hex(payload[place]!) : 'nothing (it ends there)';
  return {
    why: `byte ${place}: expected ${byteText(pattern, at)}, was ${was}`,
    closeness: pattern.bytes.length === 0 ? 0 : at / pattern.bytes.length,
    diff: {
      offset,
      expected: patternText(pattern),
      actual: hexText(payload.subarray(Math.max(0, offset), offset + pattern.bytes.length)),
    },
  };
}

/** Names the first byte that differs where a pattern comes closest in a payload that does not contain it. */
export function nearestMiss(payload: Uint8Array, pattern: BytePattern): string {
  const { bytes } = pattern;
  const last = Math.min(payload.length, NEAREST_WITHIN) - bytes.length;
  if (last < 0) return `its ${payload.length} bytes are fewer than the pattern's ${bytes.length}`;
  let best = { start: 0, alike: -1 };
  for (let start = 0; start <= last; start++) {
    const alike = alikeAt(payload, pattern, start);
    if (alike > best.alike) best = { start, alike };
  }
  const at = differsAt(payload, pattern, best.start);
  return `byte ${best.start + at}: expected ${hex(bytes[at]!)}, was ${hex(payload[best.start + at]!)}`;
}

function alikeAt(payload: Uint8Array, { bytes, mask }: BytePattern, start: number): number {
  let alike = 0;
  for (let i = 0; i < bytes.length; i++) {
    if ((mask !== null && mask[i] === 0) || bytes[i] === payload[start + i]) alike++;
  }
  return alike;
}

/** `00 ff ??` */
export function patternText(pattern: BytePattern): string {
  return Array.from(pattern.bytes.subarray(0, SHOWN), (_, i) => byteText(pattern, i)).join(' ');
}

function hexText(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, SHOWN), hex).join(' ');
}

function byteText(pattern: BytePattern, i: number): string {
  return pattern.mask !== null && pattern.mask[i] === 0 ? '??' : hex(pattern.bytes[i] ?? 0);
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
