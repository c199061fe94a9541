/**
 * One way of writing for all texts that say the same in JSON, so that comparing them is comparing text. Numbers are what
 * they say, digit by digit, however large: 1.10 is 1.1, and 2^53 + 1 is not 2^53. Members of objects have no order; of
 * those with the same name the last one counts.
 */
import { closes } from './depth.ts';
import { CODE, Tokens } from './tokens.ts';

/** An array or object that is open, with what it holds so far. */
type Frame = { items: string[]; members: Map<string, string> | null; name: string | null };

/** Makes the test whether a text says the same as this one. Both must be JSON. */
export function sameJson(wanted: string): (text: string) => boolean {
  const canonical = canonicalJson(wanted);
  return (text) => text === wanted || canonicalJson(text) === canonical;
}

/** The text must be JSON. */
export function canonicalJson(text: string): string {
  const tokens = new Tokens(text);
  const stack: Frame[] = [];
  while (tokens.next()) {
    const value = step(tokens, stack);
    if (value === undefined) continue;
    const frame = stack.at(-1);
    if (frame === undefined) return value;
    keep(frame, value);
  }
  return '';
}

/** What a token completes, if it completes a value. */
function step(tokens: Tokens, stack: Frame[]): string | undefined {
  const { code } = tokens;
  if (code === CODE.openArray || code === CODE.openObject) {
    stack.push({ items: [], members: code === CODE.openObject ? new Map() : null, name: null });
    return undefined;
  }
  if (closes(code)) return whole(stack.pop()!);
  if (code === CODE.comma || code === CODE.colon) return undefined;
  const scalar = canonicalScalar(tokens);
  const frame = stack.at(-1);
  if (frame?.members == null || frame.name !== null) return scalar;
  frame.name = scalar;
  return undefined;
}

function keep(frame: Frame, value: string): void {
  if (frame.members === null) frame.items.push(value);
  else frame.members.set(frame.name!, value);
  frame.name = null;
}

function whole({ items, members }: Frame): string {
  if (members === null) return `[${items.join(',')}]`;
  const names = [...members.keys()].sort();
  return `{${names.map((name) => `${name}:${members.get(name)}`).join(',')}}`;
}

function canonicalScalar({ code, written }: Tokens): string {
  if (code === CODE.quote) return written.includes('\\') ? JSON.stringify(JSON.parse(written)) : written;
  return code === 0x2d || (code >= 0x30 && code <= 0x39) ? canonicalNumber(written) : written;
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?)0*(\d+))?$/;

/** Digits without zeros at either end, and the power of ten that they are multiplied with. */
function canonicalNumber(text: string): string {
  const [, sign, integer, fraction = '', exponentSign = '', exponent = '0'] = NUMBER.exec(text)!;
  const digits = integer + fraction;
  const [start, end] = significant(digits);
  if (start === end) return '0';
  const shift = digits.length - end - fraction.length;
  return `${sign}${digits.slice(start, end)}e${power(exponentSign, exponent, shift)}`;
}

/** From the first digit that is not 0 to behind the last one. Loops: a regular expression may look at zeros again and again. */
function significant(digits: string): [start: number, end: number] {
  let start = 0;
  let end = digits.length;
  while (start < end && digits[start] === '0') start++;
  while (end > start && digits[end - 1] === '0') end--;
  return [start, end];
}

/** Exponents of more digits than a double holds exactly are compared as they are written. */
function power(sign: string, exponent: string, shift: number): string {
  const isNegative = sign === '-';
  if (exponent.length > 15) return `${isNegative ? '-' : ''}${exponent}${shift < 0 ? shift : `+${shift}`}`;
  return String((isNegative ? -1 : 1) * Number(exponent) + shift);
}
