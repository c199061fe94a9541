/** Filters of pages, waits and streams, and how they are written into a query string. */
import type { FilterQuery } from '../schemas/query.ts';
import { parseDuration } from '../schemas/units.ts';
import { isBytes, toHex } from './payload.ts';

/** Milliseconds, or text such as `"500ms"`, `"5s"`, `"2m"`. */
export type Duration = number | string;
export type Kind = 'message' | 'connection' | 'gap' | 'drop' | 'listener' | 'problem';
export type PayloadMode = 'full' | 'text' | 'hex' | 'base64' | 'none';

type Plain = Omit<FilterQuery, 'since' | 'until' | 'minSize' | 'maxSize' | 'hex' | 'regex' | 'kind'>;
/** What a message must be like; together an "and". They look at bytes and are case-sensitive. */
export type Filter = Plain & {
  since?: string | Date;
  until?: string | Date;
  minSize?: number | string;
  maxSize?: number | string;
  /** Contains these bytes; in text `??` is any byte. */
  hex?: string | Uint8Array;
  /** RE2 syntax. Of a RegExp the flags i, m and s are kept. */
  regex?: string | RegExp;
  kind?: Kind | Kind[];
};

export type Query = Record<string, unknown>;

/** A query string with its `?`, or nothing. Arrays of labels repeat, other arrays are comma lists. */
export function queryString(query: Query): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null) continue;
    if (name === 'label') for (const label of labels(value)) pairs.append(name, label);
    else pairs.append(name, written(value));
  }
  return pairs.size === 0 ? '' : `?${pairs}`;
}

function labels(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value;
  return Object.entries(value as object).map(([key, text]) => `${key}:${text}`);
}

function written(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (isBytes(value)) return toHex(value);
  if (value instanceof RegExp) return regexText(value);
  return String(value);
}

/** RE2 takes flags inside the pattern. */
function regexText({ source, flags }: RegExp): string {
  const kept = [...flags].filter((flag) => 'ims'.includes(flag)).join('');
  return kept === '' ? source : `(?${kept})${source}`;
}

/** A duration as a query takes it. */
export function durationText(duration: Duration): string {
  return typeof duration === 'number' ? `${duration}ms` : duration;
}

/** The filter in words, for reports: `text "a", minSize 3`. */
export function filterText(filter: Query): string {
  return Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? JSON.stringify(value) : written(value)}`)
    .join(', ');
}

/** The longest that a timer takes, in milliseconds; a longer one goes off at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** Milliseconds of a duration. Throws a RangeError for what is none. */
export function milliseconds(duration: Duration): number {
  const parsed = parseDuration(duration);
  if (parsed === undefined) throw new RangeError(`${JSON.stringify(duration)} is no duration such as 500 or "5s"`);
  return parsed;
}
