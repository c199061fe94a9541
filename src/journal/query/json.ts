/** `json=`: the payload is JSON and has a value at a pointer (RFC 6901). */
import { isDeepStrictEqual } from 'node:util';
import type { ChunkReader } from '../chunk.ts';
import { JournalError } from '../journalError.ts';
import { asBuffer } from './bytes.ts';

/** Throws JournalError `filter_invalid` when the pointer is malformed. */
export function jsonTest(pointer: string, wanted: unknown) {
  const steps = parsePointer(pointer);
  return {
    matches: ({ payload }: ChunkReader) => {
      if (!mayHold(payload, steps.length > 0)) return false;
      const found = valueAt(payload, steps);
      return found !== MISSING && found !== NOT_JSON && isDeepStrictEqual(found, wanted);
    },
    why: ({ payload }: ChunkReader) => {
      const found = valueAt(payload, steps);
      if (found === NOT_JSON) return 'is not JSON';
      if (found === MISSING) return `JSON has nothing at "${pointer}"`;
      return `JSON at "${pointer}" is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`;
    },
  };
}

const NOT_JSON = Symbol('not JSON');
const MISSING = Symbol('missing');

function parsePointer(pointer: string): string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer))
    throw new JournalError('filter_invalid', 'json: starts with a JSON pointer, e.g. /id=4');
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Spares the parser what is no JSON document at first sight. */
function mayHold(payload: Uint8Array, nested: boolean): boolean {
  const first = payload.find((byte) => byte > 0x20);
  return first === 0x7b || first === 0x5b || (!nested && first !== undefined);
}

function valueAt(payload: Uint8Array, steps: readonly string[]): unknown {
  let value: unknown;
  try {
    value = JSON.parse(asBuffer(payload).toString());
  } catch {
    return NOT_JSON;
  }
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return MISSING;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}
