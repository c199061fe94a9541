/** Parts of a payload that have a name: numbers, characters, bytes, and decimal digits of four bits each. */
import { asBuffer } from '../as-buffer.ts';
import type { FieldType } from '../schemas/match.ts';
import type { FieldDefinition } from '../schemas/rules.ts';
import type { FieldTest } from '../schemas/when.ts';
import {
  checkExact,
  checkHeld,
  checkMask,
  checkRange,
  fieldReader,
  inPrecisionOf,
  isNumberWithin,
  type NumberMatch,
} from './numbers.ts';
import { type BytePattern, differsAt, hexPattern, literalPattern } from './pattern.ts';
import type { Subject } from './subject.ts';
import { MatchError, type Test } from './test.ts';

export type Field = {
  readonly name: string;
  readonly definition: FieldDefinition;
  /** Where it lies in the payload: its bytes, undefined when the payload ends before it. */
  bytes(subject: Subject): Uint8Array | undefined;
  /** Its number, or its text: characters, decimal digits, hex digits. Undefined when the payload ends before it. */
  value(subject: Subject): number | bigint | string | undefined;
};

const TEXTS: Readonly<Record<string, (bytes: Buffer) => string>> = {
  ascii: (bytes) => bytes.toString('latin1'),
  bytes: (bytes) => bytes.toString('hex'),
  bcd: (bytes) => bytes.toString('hex'),
};

/** @param pointer where the definition stands. Throws MatchError. */
export function compileField(name: string, definition: FieldDefinition, pointer: string): Field {
  const { at, as, size } = definition;
  const text = TEXTS[as];
  if (text === undefined && size !== undefined)
    throw new MatchError(`${pointer}/size`, `is for ascii, bytes and bcd, not for ${as}`);
  if (text !== undefined && size === undefined) throw new MatchError(`${pointer}/size`, `is needed for ${as}`);
  checkMask(definition, pointer);
  const length = size ?? Number(/\d+/.exec(as)![0]) / 8;
  const bytes = ({ bytes, payloadOffset, stored }: Subject) => {
    const start = at < 0 ? stored + at : at;
    return start < 0 || start + length > stored
      ? undefined
      : bytes.subarray(payloadOffset + start, payloadOffset + start + length);
  };
  if (text === undefined) return { name, definition, bytes, value: numberReader(definition, bytes) };
  const value = (subject: Subject) => {
    const found = bytes(subject);
    return found && text(asBuffer(found));
  };
  return { name, definition, bytes, value };
}

function numberReader(
  { at, as, mask }: FieldDefinition,
  bytes: Field['bytes'],
): (subject: Subject) => number | bigint | undefined {
  if (as !== 'u24be' && as !== 'u24le') return fieldReader({ at, as: as as FieldType, mask });
  const wide = fieldReader({ at: 0, as: as === 'u24be' ? 'u32be' : 'u32le', mask });
  const memory = new Uint8Array(4);
  const view = new DataView(memory.buffer);
  const subject = { stored: 4, view, payloadOffset: 0 } as Subject;
  return (of) => {
    const found = bytes(of);
    if (found === undefined) return undefined;
    memory.set(found, as === 'u24be' ? 1 : 0);
    return wide(subject);
  };
}

/** @param pointer where the test stands. Throws MatchError for what the field can't be. */
export function namedFieldTest(field: Field, wanted: FieldTest, pointer: string): Test {
  const holds =
    TEXTS[field.definition.as] === undefined ? holdsNumber(field, wanted, pointer) : holdsText(field, wanted, pointer);
  return {
    holds,
    miss(subject) {
      const value = field.value(subject);
      const why =
        value === undefined
          ? `the payload ends before field ${field.name}`
          : `field ${field.name} is ${value}, expected ${JSON.stringify(wanted)}`;
      return { why, closeness: 0.4 };
    },
  };
}

function holdsNumber({ name, definition, value }: Field, wanted: FieldTest, pointer: string): Test['holds'] {
  const range = typeof wanted === 'object' ? wanted : { equals: wanted };
  if (typeof range.equals === 'string')
    throw new MatchError(pointer, `field ${name} is a number: it is compared with numbers`);
  const numbers = range as NumberMatch;
  const isRange = typeof wanted === 'object';
  checkExact({ ...numbers, as: definition.as }, pointer, isRange);
  checkRange(numbers, pointer);
  checkHeld({ ...numbers, as: definition.as }, pointer, isRange);
  const within = inPrecisionOf(definition.as, numbers);
  return (subject) => {
    const found = value(subject) as number | bigint | undefined;
    return found !== undefined && isNumberWithin(found, within);
  };
}

function holdsText({ name, definition, bytes, value }: Field, wanted: FieldTest, pointer: string): Test['holds'] {
  const { as, size } = definition;
  const { equals, min, max } = typeof wanted === 'object' ? wanted : { equals: wanted };
  if (typeof equals !== 'string' || min !== undefined || max !== undefined)
    throw new MatchError(
      pointer,
      `field ${name} is ${as}: it is compared with ${as === 'ascii' ? 'text' : `${as === 'bcd' ? 'decimal' : 'hex'} digits, as text`}`,
    );
  if (as === 'bcd') {
    const digits = digitsOf(equals, size!, pointer);
    return (subject) => value(subject) === digits;
  }
  const pattern = as === 'ascii' ? literalPattern(characters(equals, pointer)) : hexOf(equals, pointer);
  if (pattern.bytes.length !== size)
    throw new MatchError(pointer, `has ${pattern.bytes.length} bytes, and field ${name} has ${size}`);
  return (subject) => {
    const found = bytes(subject);
    return found !== undefined && differsAt(found, pattern, 0) === -1;
  };
}

function digitsOf(text: string, size: number, pointer: string): string {
  if (!/^\d*$/.test(text)) throw new MatchError(pointer, 'is not decimal digits');
  if (text.length > 2 * size) throw new MatchError(pointer, `has ${text.length} digits, and the field has ${2 * size}`);
  return text.padStart(2 * size, '0');
}

/** One byte each, as the field is read. */
function characters(text: string, pointer: string): Buffer {
  if (!/^[\0-\xff]*$/.test(text)) throw new MatchError(pointer, 'has characters that are more than a byte');
  return Buffer.from(text, 'latin1');
}

function hexOf(text: string, pointer: string): BytePattern {
  try {
    return hexPattern(text);
  } catch (error) {
    throw new MatchError(pointer, (error as Error).message);
  }
}
