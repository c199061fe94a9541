/**
 * Templates: bytes with `{{name}}` places. Compiled once to parts, so filling one in is a concatenation. Inserted bytes
 * stay as they are: `{{text}}` is byte-exact whatever the encoding. Names are those of the HTTP contract; main compiles
 * a template at creation too, for the 400.
 */
import { crc32 } from 'node:zlib';
import type { Request } from '../request.ts';
import { type Fill, findName, NO_SCOPE, scopedName, type TemplateScope } from './template-names.ts';
import { upperCase } from './upper.ts';

/** An unknown name or a wrong argument; `name` is what stands between the braces. */
export class TemplateError extends Error {
  readonly placeholder: string;
  constructor(placeholder: string, message: string) {
    super(message);
    this.placeholder = placeholder;
  }
}

export type Template = {
  /** There are no places: `render` gives the same bytes each time. */
  readonly fixed: boolean;
  render(request: Request): Uint8Array;
};

const PLACE = /\{\{([^{}]*)\}\}/g;

/** Throws TemplateError for a name that does not exist. Braces without a partner are plain bytes. */
export function compileTemplate(source: Uint8Array | string, scope: TemplateScope = NO_SCOPE): Template {
  // latin1 keeps bytes and characters in step, so offsets and literals are those of the source.
  const text = Buffer.from(source as Uint8Array).toString('latin1');
  const parts: (Uint8Array | Fill)[] = [];
  let from = 0;
  for (const match of text.matchAll(PLACE)) {
    if (match.index > from) parts.push(Buffer.from(text.slice(from, match.index), 'latin1'));
    parts.push(compilePlace(match[1]!, scope));
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push(Buffer.from(text.slice(from), 'latin1'));
  return assemble(parts);
}

/** The first place that a template would fill in, with its braces; undefined when there is none. */
export function firstPlace(text: string): string | undefined {
  return text.match(PLACE)?.find((place) => {
    const [name, args] = nameIn(place.slice(2, -2));
    return fillOf(name, args, NO_SCOPE) !== undefined;
  });
}

function assemble(parts: (Uint8Array | Fill)[]): Template {
  if (parts.every((part) => typeof part !== 'function')) {
    const bytes = Uint8Array.from(Buffer.concat(parts as Uint8Array[]));
    return { fixed: true, render: () => bytes };
  }
  return { fixed: false, render: (request) => Buffer.concat(parts.map((part) => filled(part, request))) };
}

function filled(part: Uint8Array | Fill, request: Request): Uint8Array {
  if (typeof part !== 'function') return part;
  const value = part(request);
  return typeof value === 'string' ? Buffer.from(value) : value;
}

function compilePlace(inner: string, scope: TemplateScope): Fill {
  const fill = fillOf(...nameIn(Buffer.from(inner, 'latin1').toString()), scope);
  if (fill === undefined) throw new TemplateError(inner.trim(), `unknown name in template: {{${inner.trim()}}}`);
  return fill;
}

function nameIn(inner: string): [name: string, args: string[]] {
  const [name = '', ...args] = inner.trim().split(/\s+/);
  return [name, args];
}

function fillOf(name: string, args: string[], scope: TemplateScope): Fill | undefined {
  return nested(name, args, scope) ?? scopedName(name, args, scope) ?? findName(name, args);
}

/** `{{upper text}}` and `{{crc32 text}}` take another place's value. */
function nested(name: string, [inner, ...args]: string[], scope: TemplateScope): Fill | undefined {
  if ((name !== 'upper' && name !== 'crc32') || inner === undefined) return undefined;
  const value = scopedName(inner, args, scope) ?? findName(inner, args);
  if (value === undefined) return undefined;
  const bytes = (request: Request) => filled(value, request);
  if (name === 'upper') return (request) => upperCase(bytes(request));
  return (request) => crc32(bytes(request)).toString(16).padStart(8, '0');
}
