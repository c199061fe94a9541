/** `json=`: the payload is JSON and has a value at a pointer (RFC 6901). */
import { sameJson } from '../../json/canonical.ts';
import { parsePointer, shownValue, valueAt } from '../../matching/pointer.ts';
import type { ChunkReader } from '../../records/chunk.ts';
import { JournalError } from '../journal-error.ts';

/**
 * Throws JournalError `filter_invalid` when the pointer is malformed.
 * @param wanted JSON text
 */
export function jsonTest(pointer: string, wanted: string) {
  const path = parsed(pointer);
  const isWanted = sameJson(wanted);
  return {
    matches: ({ payload }: ChunkReader) => {
      const found = valueAt(payload, path);
      return found?.exists === true && isWanted(found.text);
    },
    why: ({ payload }: ChunkReader) => {
      const found = valueAt(payload, path);
      if (found === undefined) return 'is not JSON';
      if (!found.exists) return `JSON has nothing at "${pointer}"`;
      return `JSON at "${pointer}" is ${shownValue(found.text)}, not ${shownValue(wanted)}`;
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
