/** Pieces of a template: the bytes between its places, and the places. */
import { hexBytes } from '../../../schemas/payload.ts';
import type { TemplateForm } from './expression.ts';
import { compilePlace, NO_SCOPE, type Placeholder } from './placeholder.ts';
import { TemplateError } from './template-error.ts';

const PLACE = /\{\{([^{}]*)\}\}/g;

/** latin1 keeps bytes and characters in step, so offsets and literals are those of the source. */
export function piecesOf(source: Uint8Array | string, form: TemplateForm): Generator<Uint8Array | Placeholder> {
  const text = Buffer.from(source as Uint8Array).toString('latin1');
  return form === 'json' ? jsonPieces(text) : plainPieces(text, form === 'hex' ? hexLiteral : latin1);
}

/** What rules alone can fill in. */
const OF_RULES = /^\{\{\s*(?:state|(?:field|match)\.\w+)\s*\}\}$/;

/**
 * The first place that a template would fill in, with its braces; undefined when there is none.
 * @param hasRules it is one of a rule
 */
export function firstPlace(text: string, hasRules = false): string | undefined {
  return text.match(PLACE)?.find((place) => {
    if (hasRules && OF_RULES.test(place)) return true;
    try {
      compilePlace({ inner: place.slice(2, -2), isWholeString: false }, NO_SCOPE);
      return true;
    } catch {
      return false;
    }
  });
}

type Literal = (text: string) => Uint8Array;

function latin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

function hexLiteral(text: string): Uint8Array {
  try {
    return hexBytes(text);
  } catch (error) {
    throw new TemplateError('', (error as Error).message);
  }
}

function* plainPieces(text: string, literal: Literal, read = utf8): Generator<Uint8Array | Placeholder> {
  let from = 0;
  for (const match of text.matchAll(PLACE)) {
    if (match.index > from) yield literal(text.slice(from, match.index));
    yield { inner: read(match[1]!), isWholeString: false };
    from = match.index + match[0].length;
  }
  if (from < text.length) yield literal(text.slice(from));
}

/** Places stand within strings only: braces of objects are no places. */
function* jsonPieces(text: string): Generator<Uint8Array | Placeholder> {
  let from = 0;
  for (let start = text.indexOf('"'); start !== -1; ) {
    const end = stringEnd(text, start);
    const string = text.slice(start, end);
    if (string.includes('{{')) {
      if (start > from) yield latin1(text.slice(from, start));
      from = end;
      // A name of an object can be no other value.
      const whole = isName(text, end) ? null : /^"\{\{([^{}]*)\}\}"$/.exec(string);
      if (whole === null) yield* plainPieces(string, latin1, unescaped);
      else yield { inner: unescaped(whole[1]!), isWholeString: true };
    }
    start = text.indexOf('"', end);
  }
  if (from < text.length) yield latin1(text.slice(from));
}

/** Behind the quote that ends a string: the first with an even number of backslashes before it. */
function stringEnd(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let first = at;
    while (text[first - 1] === '\\') first--;
    if ((at - first) % 2 === 0) return at + 1;
  }
  return text.length;
}

/** What stands behind a string says whether it names a member. */
function isName(text: string, end: number): boolean {
  let at = end;
  while (at < text.length && text[at]!.trim() === '') at++;
  return text[at] === ':';
}

function utf8(inner: string): string {
  return Buffer.from(inner, 'latin1').toString();
}

/** An escape may end at a brace, but none begins within one: what is between them is whole. */
function unescaped(inner: string): string {
  return JSON.parse(`"${utf8(inner)}"`);
}
