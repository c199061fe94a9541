/**
 * Finds one value in JSON text by its path, for filters that ask that of every message: `locate` for one path, without the
 * bookkeeping for many.
 */
import { closes, opens, stringEnd } from './depth.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;

/** The text of the value that the path leads to, undefined where there is none. The text must be JSON. */
export function find(text: string, path: readonly string[]): string | undefined {
  let at = tokenAt(text, 0);
  for (const key of path) {
    const code = text.charCodeAt(at);
    if (code === OPEN_OBJECT) at = memberAt(text, at, key);
    else at = code === OPEN_ARRAY ? itemAt(text, at, key) : -1;
    if (at === -1) return undefined;
  }
  return text.slice(at, valueEnd(text, at));
}

/** Where the value of the last member of this name begins; -1 when there is none. */
function memberAt(text: string, open: number, name: string): number {
  let found = -1;
  let at = tokenAt(text, open + 1);
  while (!closes(text.charCodeAt(at))) {
    const end = stringEnd(text, at);
    const isWanted = isName(text, at, end, name);
    at = tokenAt(text, tokenAt(text, end + 1) + 1);
    if (isWanted) found = at;
    at = afterValue(text, at);
  }
  return found;
}

/** Where an item begins; -1 when the key is no number of one. */
function itemAt(text: string, open: number, key: string): number {
  if (!/^(0|[1-9]\d{0,8})$/.test(key)) return -1;
  let left = Number(key);
  let at = tokenAt(text, open + 1);
  while (!closes(text.charCodeAt(at))) {
    if (left-- === 0) return at;
    at = afterValue(text, at);
  }
  return -1;
}

/** The next value or name, or the end of what they stand in. */
function afterValue(text: string, start: number): number {
  const at = tokenAt(text, valueEnd(text, start));
  return text.charCodeAt(at) === COMMA ? tokenAt(text, at + 1) : at;
}

/** Whether a name, from quote to quote, means this one. */
function isName(text: string, start: number, end: number, name: string): boolean {
  for (let i = start + 1; i < end; i++) {
    if (text.charCodeAt(i) === BACKSLASH) return JSON.parse(text.slice(start, end + 1)) === name;
  }
  return end - start - 1 === name.length && text.startsWith(name, start + 1);
}

function valueEnd(text: string, start: number): number {
  const code = text.charCodeAt(start);
  if (code === QUOTE) return stringEnd(text, start) + 1;
  return opens(code) ? containerEnd(text, start) : scalarEnd(text, start);
}

function containerEnd(text: string, start: number): number {
  let depth = 0;
  for (let i = start; ; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = stringEnd(text, i);
    else if (opens(code)) depth++;
    else if (closes(code) && --depth === 0) return i + 1;
  }
}

function scalarEnd(text: string, start: number): number {
  let i = start + 1;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 0x20 || code === COMMA || closes(code)) break;
  }
  return i;
}

/** The first character from here on that is no white space. */
function tokenAt(text: string, start: number): number {
  let i = start;
  while (text.charCodeAt(i) <= 0x20) i++;
  return i;
}
