/** Tests of a payload's bytes against a pattern. */
import { asBuffer } from '../as-buffer.ts';
import { type BytePattern, differsAt, indexOfPattern } from './pattern.ts';
import { patternMiss } from './pattern-text.ts';
import type { Subject } from './subject.ts';
import type { Test } from './test.ts';

/**
 * Makes the question whether payloads contain these bytes, for those who have a quicker way than to look at each payload
 * on its own.
 */
export type Search = (wanted: Uint8Array) => (subject: Subject) => boolean;

export function equalsTest(pattern: BytePattern): Test {
  const { length } = pattern.bytes;
  return {
    holds: (subject) => subject.stored === length && liesAt(subject, pattern, 0),
    miss({ payload }) {
      if (differsAt(payload, pattern, 0) !== -1) return patternMiss(payload, pattern, 0);
      const why = `${payload.length - length} more bytes than expected after byte ${length - 1}`;
      return { why, closeness: 0.9 };
    },
  };
}

export function startsWithTest(pattern: BytePattern): Test {
  return {
    holds: (subject) => liesAt(subject, pattern, 0),
    miss: ({ payload }) => patternMiss(payload, pattern, 0),
  };
}

export function endsWithTest(pattern: BytePattern): Test {
  const { length } = pattern.bytes;
  return {
    holds: (subject) => subject.stored >= length && liesAt(subject, pattern, subject.stored - length),
    miss({ payload }) {
      const offset = payload.length - length;
      if (offset >= 0) return patternMiss(payload, pattern, offset);
      return { why: `size ${payload.length} is below the ${length} bytes it must end with`, closeness: 0 };
    },
  };
}

/** @param lacks what is said of a payload without the pattern */
export function containsTest(
  pattern: BytePattern,
  lacks: (payload: Uint8Array) => string,
  search: Search | undefined,
): Test {
  return {
    holds: containing(pattern, search),
    miss: ({ payload }) => ({
      why: lacks(payload),
      closeness: longestPrefixWithin(payload, pattern) / Math.max(1, pattern.bytes.length),
    }),
  };
}

function containing(pattern: BytePattern, search: Search | undefined): (subject: Subject) => boolean {
  const isWithin = ({ payload }: Subject) => indexOfPattern(payload, pattern) !== -1;
  if (search === undefined) return isWithin;
  const hasRun = search(pattern.run.bytes);
  if (pattern.mask === null) return hasRun;
  const { length } = pattern.bytes;
  return (subject) => subject.stored >= length && hasRun(subject) && isWithin(subject);
}

/** @param at offset in the payload */
function liesAt({ bytes, payloadOffset, stored }: Subject, pattern: BytePattern, at: number): boolean {
  return differsAt(bytes, pattern, payloadOffset + at, payloadOffset + stored) === -1;
}

/** How many of the pattern's first bytes are found somewhere, by halving; only a measure of closeness. */
function longestPrefixWithin(payload: Uint8Array, pattern: BytePattern): number {
  if (pattern.mask !== null) return 0;
  const view = asBuffer(payload);
  let length = pattern.bytes.length;
  while (length > 0 && view.indexOf(pattern.bytes.subarray(0, length)) === -1) length = length >> 1;
  return length;
}
