/** Expressions: what stands in a place, compiled, and how its value becomes bytes or a whole number. */
import { isUtf8 } from 'node:buffer';
import { asBuffer } from '../../../as-buffer.ts';
import type { Request } from '../request.ts';
import { TemplateFault } from './template-error.ts';

/** How a template is written: text and hex give bytes, json gives JSON text. */
export type TemplateForm = 'text' | 'hex' | 'json';

/** Bytes as they are, text to be written as UTF-8, or a number. */
export type Value = Uint8Array | string | number | bigint;

export type Expression = {
  /** As it is called in errors. */
  readonly name: string;
  /** `text`: bytes of a message and text; `binary`: numbers as bytes, which no text holds. */
  readonly kind: 'text' | 'number' | 'binary';
  value(request: Request): Value;
  /** Of a number that was read from the message: its bytes there. */
  readonly raw?: (request: Request) => Uint8Array;
  /** Of what is written out: the number it is, of bytes with the first one first. */
  readonly integer?: bigint;
};

/** An argument that can't stand where it does; the place it is part of makes a TemplateError of it. */
export class ArgumentError extends Error {}

/** The value as bytes. Throws ArgumentError for a number in hex whose width nobody said. */
export function bytesOf(expression: Expression, form: TemplateForm): (request: Request) => Uint8Array {
  const { name, kind, raw } = expression;
  if (form === 'hex' && kind === 'number') {
    if (raw !== undefined) return raw;
    throw new ArgumentError(`${name} is a number: in hex say how wide it is, as in u16be ${name}`);
  }
  return (request) => {
    const value = expression.value(request);
    if (value instanceof Uint8Array) return value;
    const text = String(value);
    if (!text.isWellFormed()) throw new TemplateFault(`${name}: holds half a character`);
    return Buffer.from(text);
  };
}

/** The value as the inside of a JSON string. */
export function jsonCharacters(expression: Expression): (request: Request) => Uint8Array {
  const { name, kind } = expression;
  if (kind === 'binary') throw new ArgumentError(`${name} gives bytes, and JSON is text`);
  return (request) => {
    const value = expression.value(request);
    if (value instanceof Uint8Array && !isUtf8(value))
      throw new TemplateFault(`${name}: is not UTF-8, and JSON holds only text`);
    const text = value instanceof Uint8Array ? asBuffer(value).toString() : String(value);
    return Buffer.from(JSON.stringify(text).slice(1, -1));
  };
}

/** The value as a whole number; text and bytes are read as decimal digits. Throws ArgumentError for what is none. */
export function integerOf(expression: Expression): (request: Request) => bigint {
  const { name, kind, integer } = expression;
  if (kind === 'binary') throw new ArgumentError(`${name} gives bytes, and a number is needed`);
  if (integer !== undefined) return () => integer;
  return (request) => {
    const value = expression.value(request);
    if (typeof value === 'bigint') return value;
    if (typeof value === 'number') {
      if (Number.isInteger(value)) return BigInt(value);
      throw new TemplateFault(`${name}: ${value} is not a whole number`);
    }
    const text = typeof value === 'string' ? value : asBuffer(value).toString('latin1', 0, LONGEST_NUMBER + 1);
    if (text.length > LONGEST_NUMBER || !/^[+-]?\d+$/.test(text))
      throw new TemplateFault(`${name}: ${JSON.stringify(text.slice(0, LONGEST_NUMBER))} is not a whole number`);
    return BigInt(text);
  };
}

/** Characters of a number that is read from text: more than any of 64 bits has. */
const LONGEST_NUMBER = 40;
