/** Compiles a Match into a Test. All members together are an "and"; the first that fails gives the reason. */
import { sameJson } from '../json/canonical.ts';
import type { FieldType, Match } from '../schemas/match.ts';
import {
  type BytePattern,
  differsAt,
  hexPattern,
  indexOfPattern,
  patternMiss,
  patternText,
  textPattern,
} from './pattern.ts';
import { parsePeer, peerHolds } from './peer.ts';
import { parsePointer, shownValue, valueAt } from './pointer.ts';
import { compileRegex } from './regex.ts';
import { MatchError, type Subject, type Test } from './test.ts';

/** Throws MatchError, which names the member, for a pattern, pointer or address that can't be read. */
export function compileMatch(match: Match, pointer = ''): Test {
  const tests: Test[] = [];
  if (match.text !== undefined) tests.push(...bytesTests(match.text, textPattern, `${pointer}/text`, true));
  if (match.hex !== undefined) tests.push(...bytesTests(match.hex, hexPattern, `${pointer}/hex`, false));
  if (match.text?.regex !== undefined) tests.push(regexTest(match.text.regex, `${pointer}/text/regex`));
  if (match.size !== undefined) tests.push(sizeTest(match.size));
  if (match.field !== undefined) tests.push(fieldTest(match.field, `${pointer}/field`));
  if (match.json !== undefined) tests.push(jsonTest(match.json, `${pointer}/json`));
  if (match.remote !== undefined) tests.push(remoteTest(match.remote, `${pointer}/remote`));
  match.all?.forEach((inner, i) => {
    tests.push(compileMatch(inner, `${pointer}/all/${i}`));
  });
  if (match.any !== undefined)
    tests.push(anyOf(match.any.map((inner, i) => compileMatch(inner, `${pointer}/any/${i}`))));
  if (match.not !== undefined) tests.push(not(compileMatch(match.not, `${pointer}/not`)));
  return allOf(tests);
}

export function allOf(tests: readonly Test[]): Test {
  if (tests.length === 1) return tests[0]!;
  return {
    holds: (subject) => tests.every((test) => test.holds(subject)),
    miss(subject) {
      const failed = tests.filter((test) => !test.holds(subject)).map((test) => test.miss(subject));
      const first = failed[0]!;
      return { ...first, closeness: (tests.length - failed.length + first.closeness) / tests.length };
    },
  };
}

function anyOf(tests: readonly Test[]): Test {
  return {
    holds: (subject) => tests.some((test) => test.holds(subject)),
    miss: (subject) =>
      tests.map((test) => test.miss(subject)).reduce((best, miss) => (miss.closeness > best.closeness ? miss : best)),
  };
}

function not(test: Test): Test {
  return {
    holds: (subject) => !test.holds(subject),
    miss: () => ({ why: 'it matches what `not` excludes', closeness: 0.5 }),
  };
}

type BytesMatch = { equals?: string; startsWith?: string; endsWith?: string; contains?: string };

function bytesTests(match: BytesMatch, parse: (text: string) => BytePattern, pointer: string, isText: boolean): Test[] {
  const tests: Test[] = [];
  for (const how of ['equals', 'startsWith', 'endsWith', 'contains'] as const) {
    const text = match[how];
    if (text === undefined) continue;
    const pattern = read(() => parse(text), `${pointer}/${how}`);
    const shown = isText ? JSON.stringify(text.slice(0, 200)) : patternText(pattern);
    tests.push(BYTES_TESTS[how](pattern, `${isText ? 'text' : 'bytes'}`, shown));
  }
  return tests;
}

const BYTES_TESTS: Record<
  'equals' | 'startsWith' | 'endsWith' | 'contains',
  (pattern: BytePattern, what: string, shown: string) => Test
> = {
  equals: (pattern) => ({
    holds: ({ payload }) => payload.length === pattern.bytes.length && differsAt(payload, pattern, 0) === -1,
    miss({ payload }) {
      if (differsAt(payload, pattern, 0) !== -1) return patternMiss(payload, pattern, 0);
      const why = `${payload.length - pattern.bytes.length} more bytes than expected after byte ${pattern.bytes.length - 1}`;
      return { why, closeness: 0.9 };
    },
  }),
  startsWith: (pattern) => ({
    holds: ({ payload }) => differsAt(payload, pattern, 0) === -1,
    miss: ({ payload }) => patternMiss(payload, pattern, 0),
  }),
  endsWith: (pattern) => ({
    holds: ({ payload }) =>
      payload.length >= pattern.bytes.length &&
      differsAt(payload, pattern, payload.length - pattern.bytes.length) === -1,
    miss({ payload }) {
      const offset = payload.length - pattern.bytes.length;
      if (offset >= 0) return patternMiss(payload, pattern, offset);
      return {
        why: `size ${payload.length} is below the ${pattern.bytes.length} bytes it must end with`,
        closeness: 0,
      };
    },
  }),
  contains: (pattern, what, shown) => ({
    holds: ({ payload }) => indexOfPattern(payload, pattern) !== -1,
    miss: ({ payload }) => ({
      why: what === 'text' ? `text does not contain ${shown}` : `bytes do not contain ${shown}`,
      closeness: longestPrefixWithin(payload, pattern) / Math.max(1, pattern.bytes.length),
    }),
  }),
};

/** How many of the pattern's first bytes are found somewhere, by halving; only a measure of closeness. */
function longestPrefixWithin(payload: Uint8Array, pattern: BytePattern): number {
  if (pattern.mask !== null) return 0;
  const view = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  let length = pattern.bytes.length;
  while (length > 0 && view.indexOf(pattern.bytes.subarray(0, length)) === -1) length = length >> 1;
  return length;
}

function regexTest(source: string, pointer: string): Test {
  const holds = read(() => compileRegex(source), pointer);
  return {
    holds: ({ payload }) => holds(payload),
    miss: () => ({ why: `text does not match /${source}/`, closeness: 0 }),
  };
}

type NumberMatch = { equals?: number; min?: number; max?: number };

/** Comparisons by order are exact between a number and a bigint, too. */
function numberMiss(value: number | bigint, match: NumberMatch, what: string): string | undefined {
  const { equals } = match;
  if (equals !== undefined && !(value >= equals && value <= equals))
    return `${what} is ${value}, expected ${match.equals}`;
  if (match.min !== undefined && value < match.min) return `${what} ${value} is below ${match.min}`;
  if (match.max !== undefined && value > match.max) return `${what} ${value} is above ${match.max}`;
  return undefined;
}

function sizeTest(size: NonNullable<Match['size']>): Test {
  const match: NumberMatch = typeof size === 'number' ? { equals: size } : size;
  return {
    holds: (subject) => numberMiss(subject.size, match, 'size') === undefined,
    miss: (subject) => ({ why: numberMiss(subject.size, match, 'size')!, closeness: 0.3 }),
  };
}

type FieldMatch = NonNullable<Match['field']>;

function fieldTest(field: FieldMatch, pointer: string): Test {
  checkExact(field, pointer);
  const reason = (subject: Subject): string | undefined => {
    const value = fieldValue(subject.payload, field.at, field.as);
    if (value === undefined) return `the payload ends before the ${field.as} at byte ${field.at}`;
    return numberMiss(value, field, `${field.as} at byte ${field.at}`);
  };
  return {
    holds: (subject) => reason(subject) === undefined,
    miss: (subject) => ({ why: reason(subject)!, closeness: 0.4 }),
  };
}

/** What 64 bits hold may be more than a number in a JSON body does. */
function checkExact({ as, ...field }: FieldMatch, pointer: string): void {
  if (!as.startsWith('u64')) return;
  for (const name of ['equals', 'min', 'max'] as const) {
    const number = field[name];
    if (number === undefined || Math.abs(number) <= Number.MAX_SAFE_INTEGER) continue;
    throw new MatchError(
      `${pointer}/${name}`,
      'is beyond 2^53 - 1, where numbers are not exact; compare the bytes by hex',
    );
  }
}

/** The number of a type at an offset; undefined when the payload ends before it. */
function fieldValue(payload: Uint8Array, at: number, type: FieldType): number | bigint | undefined {
  const [, kind, bits, order] = /^([uif])(\d+)(be|le)?$/.exec(type)!;
  if (at + Number(bits) / 8 > payload.length) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const little = order === 'le';
  if (kind === 'f') return bits === '32' ? view.getFloat32(at, little) : view.getFloat64(at, little);
  if (bits === '8') return kind === 'u' ? view.getUint8(at) : view.getInt8(at);
  if (bits === '16') return kind === 'u' ? view.getUint16(at, little) : view.getInt16(at, little);
  if (bits === '32') return kind === 'u' ? view.getUint32(at, little) : view.getInt32(at, little);
  return view.getBigUint64(at, little);
}

function jsonTest(match: NonNullable<Match['json']>, pointer: string): Test {
  const path = read(() => parsePointer(match.pointer), `${pointer}/pointer`);
  const wanted = match.equalsText ?? (match.equals === undefined ? undefined : JSON.stringify(match.equals));
  const isWanted = wanted === undefined ? undefined : sameJson(wanted);
  const reason = (subject: Subject): string | undefined => {
    const found = valueAt(subject.payload, path);
    if (found === undefined) return 'it is not JSON';
    if (!found.exists) return match.exists === false ? undefined : `JSON has no ${match.pointer || 'document'}`;
    if (match.exists === false) return `JSON has ${match.pointer}`;
    if (isWanted === undefined || isWanted(found.text)) return undefined;
    return `JSON ${match.pointer} is ${shownValue(found.text)}, expected ${shownValue(wanted!)}`;
  };
  return {
    holds: (subject) => reason(subject) === undefined,
    miss: (subject) => ({ why: reason(subject)!, closeness: 0.4 }),
  };
}

function remoteTest(text: string, pointer: string): Test {
  const peer = read(() => parsePeer(text), pointer);
  return {
    holds: ({ remote }) => remote !== undefined && peerHolds(peer, remote.bytes, remote.offset, remote.port),
    miss: () => ({ why: `it did not come from ${text}`, closeness: 0.2 }),
  };
}

function read<T>(parse: () => T, pointer: string): T {
  try {
    return parse();
  } catch (error) {
    throw new MatchError(pointer, error instanceof Error ? error.message : String(error));
  }
}
