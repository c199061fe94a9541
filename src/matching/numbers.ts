/** Tests of numbers: the size of a message, and fields of its payload. */
import type { FieldType, Match } from '../schemas/match.ts';
import type { Subject } from './subject.ts';
import { MatchError, type Test } from './test.ts';

export type NumberMatch = { equals?: number | undefined; min?: number | undefined; max?: number | undefined };
type FieldMatch = NonNullable<Match['field']>;
/** The number at an offset of the payload; undefined when the payload ends before it. */
export type FieldReader = (subject: Subject) => number | bigint | undefined;

/** Throws MatchError for a range in which nothing is. */
export function sizeTest(match: NumberMatch, pointer = ''): Test {
  checkRange(match, pointer);
  return {
    holds: ({ size }) => isNumberWithin(size, match),
    miss: ({ size }) => ({ why: numberMiss(size, match, 'size')!, closeness: 0.3 }),
  };
}

/** Throws MatchError for a number that can't be compared exactly, and for a mask that does not fit. */
export function fieldTest(field: FieldMatch, pointer: string): Test {
  checkExact(field, pointer);
  checkMask(field, pointer);
  checkRange(field, pointer);
  checkHeld(field, pointer);
  const read = fieldReader(field);
  const wanted = inPrecisionOf(field.as, field);
  return {
    holds(subject) {
      const value = read(subject);
      return value !== undefined && isNumberWithin(value, wanted);
    },
    miss(subject) {
      const value = read(subject);
      const what = `${field.as} at byte ${field.at}`;
      const why = value === undefined ? `the payload ends before the ${what}` : numberMiss(value, wanted, what)!;
      return { why, closeness: 0.4 };
    },
  };
}

/** Numbers to compare with as the field would hold them: 1.1 is another number in 32 bits. */
export function inPrecisionOf(as: string, { equals, min, max }: NumberMatch): NumberMatch {
  if (!as.startsWith('f32')) return { equals, min, max };
  const rounded = (number: number | undefined) => (number === undefined ? undefined : Math.fround(number));
  return { equals: rounded(equals), min: rounded(min), max: rounded(max) };
}

/** Throws MatchError for a mask where there are no bits to take, or with bits that the number does not have. */
export function checkMask({ as, mask }: { as: string; mask?: number | undefined }, pointer: string): void {
  if (mask === undefined) return;
  const bits = Number(/^u(8|16|24|32)/.exec(as)?.[1] ?? 0);
  if (bits === 0) throw new MatchError(`${pointer}/mask`, 'is for numbers without sign of up to 32 bits');
  if (mask >= 2 ** bits) throw new MatchError(`${pointer}/mask`, `has more bits than ${as}: at most ${2 ** bits - 1}`);
}

/** Whether a number is what was asked for. */
export function isNumberWithin(value: number | bigint, match: NumberMatch): boolean {
  return !differs(value, match.equals) && !isBelow(value, match.min) && !isAbove(value, match.max);
}

function numberMiss(value: number | bigint, match: NumberMatch, what: string): string | undefined {
  if (differs(value, match.equals)) return `${what} is ${value}, expected ${match.equals}`;
  if (isBelow(value, match.min)) return `${what} ${value} is below ${match.min}`;
  if (isAbove(value, match.max)) return `${what} ${value} is above ${match.max}`;
  return undefined;
}

/** By order: that is exact between a number and a bigint, too. NaN is no number that anybody asks for. */
function differs(value: number | bigint, wanted: number | undefined): boolean {
  return wanted !== undefined && !(value >= wanted && value <= wanted);
}

function isBelow(value: number | bigint, min: number | undefined): boolean {
  return min !== undefined && !(value >= min);
}

function isAbove(value: number | bigint, max: number | undefined): boolean {
  return max !== undefined && !(value <= max);
}

/**
 * What 64 bits hold may be more than a number in a JSON body does.
 * @param isRange the numbers stand in an object of their own
 */
export function checkExact({ as, ...match }: NumberMatch & { as: string }, pointer: string, isRange = true): void {
  if (!as.startsWith('u64')) return;
  for (const name of ['equals', 'min', 'max'] as const) {
    const number = match[name];
    if (number === undefined || Math.abs(number) <= Number.MAX_SAFE_INTEGER) continue;
    throw new MatchError(
      isRange ? `${pointer}/${name}` : pointer,
      'is beyond 2^53 - 1, where numbers are not exact; compare the bytes by hex',
    );
  }
}

/** Throws MatchError for a range in which nothing is. */
export function checkRange({ min, max }: NumberMatch, pointer: string): void {
  if (min !== undefined && max !== undefined && min > max)
    throw new MatchError(`${pointer}/max`, `is below min, ${min}`);
}

/**
 * Throws MatchError for a whole number that has no place in the bits of the field.
 * @param isRange the number stands in an object of its own
 */
export function checkHeld({ as, equals }: NumberMatch & { as: string }, pointer: string, isRange = true): void {
  const [, kind, bits] = /^([ui])(8|16|24|32)/.exec(as) ?? [];
  if (kind === undefined || equals === undefined) return;
  const [lowest, highest] =
    kind === 'u' ? [0, 2 ** Number(bits) - 1] : [-(2 ** (Number(bits) - 1)), 2 ** (Number(bits) - 1) - 1];
  if (equals < lowest || equals > highest)
    throw new MatchError(isRange ? `${pointer}/equals` : pointer, `can not be: ${as} holds ${lowest} to ${highest}`);
}

/** Negative offsets count from the end of the payload. */
export function fieldReader({
  at,
  as: type,
  mask,
}: {
  at: number;
  as: FieldType;
  mask?: number | undefined;
}): FieldReader {
  const [, kind, bits, order] = /^([uif])(\d+)(be|le)?$/.exec(type)!;
  const size = Number(bits) / 8;
  const read = readerAt(`${kind}${bits}`, order === 'le');
  const shift = mask === undefined ? 0 : lowestBit(mask);
  return ({ stored, view, payloadOffset }) => {
    const start = at < 0 ? stored + at : at;
    if (start < 0 || start + size > stored) return undefined;
    const value = read(view, payloadOffset + start);
    return mask === undefined ? value : ((Number(value) & mask) >>> 0) >>> shift;
  };
}

function lowestBit(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}

/** @param type kind and bits */
function readerAt(type: string, little: boolean): (view: DataView, offset: number) => number | bigint {
  switch (type) {
    case 'f32':
      return (view, offset) => view.getFloat32(offset, little);
    case 'f64':
      return (view, offset) => view.getFloat64(offset, little);
    case 'u8':
      return (view, offset) => view.getUint8(offset);
    case 'i8':
      return (view, offset) => view.getInt8(offset);
    case 'u16':
      return (view, offset) => view.getUint16(offset, little);
    case 'i16':
      return (view, offset) => view.getInt16(offset, little);
    case 'u32':
      return (view, offset) => view.getUint32(offset, little);
    case 'i32':
      return (view, offset) => view.getInt32(offset, little);
    default:
      return (view, offset) => view.getBigUint64(offset, little);
  }
}
