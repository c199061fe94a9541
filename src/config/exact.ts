/**
 * Exact values of a YAML file: mappings as Maps, which keep the order of their members, and numbers with what is written
 * for them. They are made into plain values, or into JSON text where a payload is to leave as the file has it.
 */
import { MAX_DEPTH } from '../json/depth.ts';

/** A number as it stands in the file. */
export class WrittenNumber {
  readonly value: number;
  readonly source: string;

  constructor(value: number, source = String(value)) {
    this.value = value;
    this.source = source;
  }
}

/** As JSON.parse would have it. What an alias stands for twice is made once. Throws SyntaxError. */
export function plainValue(exact: unknown, made = new Map<unknown, unknown>()): unknown {
  if (exact instanceof WrittenNumber) return exact.value;
  if (typeof exact !== 'object' || exact === null) return exact;
  const known = made.get(exact);
  if (known !== undefined) return known;
  const value = Array.isArray(exact)
    ? exact.map((item) => plainValue(item, made))
    : Object.fromEntries(members(exact).map(([name, item]) => [plainName(name), plainValue(item, made)]));
  made.set(exact, value);
  return value;
}

/** Throws SyntaxError for what JSON has no way to write. */
export function jsonTextOf(exact: unknown, depth = 0): string {
  if (exact instanceof WrittenNumber) return numberText(exact);
  if (typeof exact !== 'object' || exact === null) return JSON.stringify(exact) ?? 'null';
  if (depth >= MAX_DEPTH) throw new SyntaxError(`nests deeper than ${MAX_DEPTH}`);
  const inside = (inner: unknown) => jsonTextOf(inner, depth + 1);
  if (Array.isArray(exact)) return `[${exact.map(inside).join(',')}]`;
  return `{${members(exact)
    .map(([name, item]) => `${JSON.stringify(nameOf(name))}:${inside(item)}`)
    .join(',')}}`;
}

/** What a path leads to. */
export function exactAt(exact: unknown, path: readonly (string | number)[]): unknown {
  let at = exact;
  for (const key of path) at = at instanceof Map ? at.get(key) : (at as unknown[])[key as number];
  return at;
}

function members(exact: object): [unknown, unknown][] {
  if (exact instanceof Map) return [...exact];
  throw new SyntaxError('holds what is neither a mapping, a list, text, a number, true, false nor null');
}

function nameOf(name: unknown): string {
  if (name instanceof WrittenNumber) return name.source;
  if (typeof name === 'object' && name !== null) throw new SyntaxError('has a member whose name is no text');
  return name === null ? '' : String(name);
}

/** A name that is no text is shown, so that it can be found; no field is called so. */
function plainName(name: unknown): string {
  if (Array.isArray(name)) return `[ ${name.map(plainName).join(', ')} ]`;
  return name instanceof Map ? '{…}' : nameOf(name);
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** YAML writes some numbers as JSON does not: `+1`, `.5`, `5.`, `0x1f`. */
function numberText({ value, source }: WrittenNumber): string {
  const text = source
    .replace(/^\+/, '')
    .replace(/^(-?)\./, '$10.')
    .replace(/\.(?=$|[eE])/, '');
  if (NUMBER.test(text)) return text;
  if (Number.isSafeInteger(value)) return String(value);
  throw new SyntaxError(`can't write ${source} as a number of JSON; give the payload as text`);
}
