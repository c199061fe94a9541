/** What may stand in a template: a name, with arguments for some, and how its value is had from an exchange. */

import { randomInt, randomUUID } from 'node:crypto';
import { asBuffer } from '../../../as-buffer.ts';
import { microsOf, wallClock } from '../../../clock/wall-clock.ts';
import { compactJson } from '../../../json/compact.ts';
import { parsePointer } from '../../../json/pointer.ts';
import { valueAt } from '../../../json/value-at.ts';
import type { Field } from '../../../matching/fields.ts';
import { rfc3339 } from '../../../net/text.ts';
import type { Request } from '../request.ts';

/** The value of a place: bytes as they are, or text to be written as UTF-8. */
export type Fill = (request: Request) => Uint8Array | string;

const NAMES: Readonly<Record<string, Fill>> = {
  text: (request) => request.payload,
  hex: (request) => asBuffer(request.payload).toString('hex'),
  base64: (request) => asBuffer(request.payload).toString('base64'),
  size: (request) => String(request.payload.length),
  n: (request) => String(request.n),
  'remote.address': (request) => request.remoteAddress,
  'remote.port': (request) => String(request.remotePort),
  'local.port': (request) => String(request.context.localPort),
  thread: (request) => request.context.thread,
  listener: (request) => request.context.listener,
  connection: (request) => request.connectionId,
  now: () => rfc3339(microsOf(wallClock())),
  uuid: () => randomUUID(),
};

/** What a rule lets its templates name. */
export type TemplateScope = {
  readonly rule?: string;
  readonly fields: ReadonlyMap<string, Field>;
  /** Groups of the rule's first pattern, and names of those of all; null where it has none. */
  readonly captures: { readonly groups: number; readonly names: ReadonlySet<string> } | null;
};
export const NO_SCOPE: TemplateScope = { fields: new Map(), captures: null };

/** `field.NAME`, `match.1`, `match.NAME`, `state`: how to fill them where a rule decided; undefined for other names. */
export function scopedName(name: string, args: readonly string[], scope: TemplateScope): Fill | undefined {
  if (args.length > 0) return undefined;
  if (name === 'state' && scope.rule !== undefined) return (request) => request.state;
  const [kind, member = ''] = name.split('.', 2);
  if (kind === 'field') {
    const field = scope.fields.get(member);
    return field && ((request) => String(field.value(request) ?? ''));
  }
  if (kind !== 'match' || scope.captures === null) return undefined;
  const group = Number(member);
  if (Number.isInteger(group) && group >= 1 && group <= scope.captures.groups) {
    return (request) => request.captures?.groups[group - 1] ?? NOTHING;
  }
  return scope.captures.names.has(member) ? (request) => request.captures?.named.get(member) ?? NOTHING : undefined;
}

const NOTHING = new Uint8Array(0);

/** How to fill a place, undefined when no such name exists or its arguments don't fit. */
export function findName(name: string, args: readonly string[]): Fill | undefined {
  if (name === 'random') return random(args);
  if (name === 'json') return json(args);
  return args.length === 0 && Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
}

/** `{{random 1 6}}`: a whole number, both ends included. */
function random([from, to, ...more]: readonly string[]): Fill | undefined {
  const [low, high] = [Number(from), Number(to)];
  if (more.length > 0 || !Number.isSafeInteger(low) || !Number.isSafeInteger(high)) return undefined;
  if (low > high || high - low >= 2 ** 48 - 1) return undefined;
  return () => String(randomInt(low, high + 1));
}

/**
 * `{{json /a/b}}`: what an RFC 6901 pointer finds in the payload: text for a string, anything else as it is written there;
 * nothing when it is not JSON or not there.
 */
function json([pointer, ...more]: readonly string[]): Fill | undefined {
  if (pointer === undefined || more.length > 0 || !/^(\/([^~]|~[01])*)?$/.test(pointer)) return undefined;
  const path = parsePointer(pointer);
  return (request) => {
    const found = valueAt(request.payload, path);
    return found?.exists === true ? filledValue(found.text) : '';
  };
}

/** A string of half characters, which no UTF-8 can hold, keeps its escapes. */
function filledValue(text: string): string {
  if (!text.startsWith('"')) return compactJson(text);
  const value: string = JSON.parse(text);
  return value.isWellFormed() ? value : text.slice(1, -1);
}
