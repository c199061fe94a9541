/** Parts of a payload that have a name: numbers, characters, bytes, and decimal digits of four bits each. */
import { asBuffer } from '../as-buffer.ts';
import type { FieldType } from '../schemas/match.ts';
import type { FieldDefinition, FieldTest } from '../schemas/rules.ts';
import { fieldReader, isNumberWithin } from './numbers.ts';
import { hexPattern } from './pattern.ts';
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
  const { at, as, size, mask } = definition;
  const text = TEXTS[as];
  if (text === undefined && size !== undefined)
    throw new MatchError(`${pointer}/size`, `is for ascii, bytes and bcd, not for ${as}`);
  if (text !== undefined && size === undefined) throw new MatchError(`${pointer}/size`, `is needed for ${as}`);
  if (mask !== undefined && !/^u(8|16|24|32)/.test(as)) {
    throw new MatchError(`${pointer}/mask`, 'is for numbers without sign of up to 32 bits');
  }
  if (mask !== undefined && mask > 0xffff_ffff) throw new MatchError(`${pointer}/mask`, 'must be at most 4294967295');
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
  const { name, definition } = field;
  const range = typeof wanted === 'object' ? wanted : { equals: wanted };
  const isText = TEXTS[definition.as] !== undefined;
  if (isText && (typeof range.equals !== 'string' || range.min !== undefined || range.max !== undefined)) {
    throw new MatchError(pointer, `field ${name} is ${definition.as}: it is compared with text`);
  }
  if (!isText && typeof range.equals === 'string') {
    throw new MatchError(pointer, `field ${name} is a number: it is compared with numbers`);
  }
  const text = isText ? normalText(definition, String(range.equals), pointer) : undefined;
  const holds = (value: number | bigint | string) =>
    text === undefined ? isNumberWithin(value as number, range as { equals?: number }) : value === text;
  return {
    holds(subject) {
      const value = field.value(subject);
      return value !== undefined && holds(value);
    },
    miss(subject) {
      const value = field.value(subject);
      const why =
        value === undefined
          ? `the payload ends before field ${name}`
          : `field ${name} is ${value}, expected ${JSON.stringify(wanted)}`;
      return { why, closeness: 0.4 };
    },
  };
}

/** As the field reads: hex digits in lower case, without what people put between them. */
function normalText({ as, size }: FieldDefinition, text: string, pointer: string): string {
  if (as === 'ascii') return text;
  if (as === 'bcd') {
    if (!/^\d*$/.test(text)) throw new MatchError(pointer, 'is not decimal digits');
    return text.padStart(2 * size!, '0');
  }
  try {
    return hexPattern(text).bytes.toString('hex');
  } catch (error) {
    throw new MatchError(pointer, (error as Error).message);
  }
}
