/** `json=`: the payload is JSON and has a value at a pointer (RFC 6901). */
import { isDeepStrictEqual } from 'node:util';
import { parsePointer, valueAt } from '../../matching/pointer.ts';
import type { ChunkReader } from '../chunk.ts';
import { JournalError } from '../journalError.ts';

/** Throws JournalError `filter_invalid` when the pointer is malformed. */
export function jsonTest(pointer: string, wanted: unknown) {
  const path = parsed(pointer);
  return {
    matches: ({ payload }: ChunkReader) => {
      const found = valueAt(payload, path);
      return found?.exists === true && isDeepStrictEqual(found.value, wanted);
    },
    why: ({ payload }: ChunkReader) => {
      const found = valueAt(payload, path);
      if (found === undefined) return 'is not JSON';
      if (!found.exists) return `JSON has nothing at "${pointer}"`;
      return `JSON at "${pointer}" is ${JSON.stringify(found.value)}, not ${JSON.stringify(wanted)}`;
    },
  };
}

function parsed(pointer: string): string[] {
  try {
    return parsePointer(pointer);
  } catch {
    throw new JournalError('filter_invalid', 'json: starts with a JSON pointer, e.g. /id=4');
  }
}
