/** What may stand in a template: a name, with arguments for some, and how its value is had from an exchange. */

import { randomInt, randomUUID } from 'node:crypto';
import { asBuffer } from '../../../as-buffer.ts';
import { microsOf, wallClock } from '../../../clock/wall-clock.ts';
import { compactJson } from '../../../json/compact.ts';
import { parsePointer } from '../../../json/pointer.ts';
import { valueAt } from '../../../json/value-at.ts';
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
