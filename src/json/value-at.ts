/** The value of a payload that a path leads to, as it is written. */
import { find } from './find.ts';
import { jsonTextOf } from './parse.ts';

/** Characters of a value that are shown. */
const SHOWN = 200;

/** A value as it is written in the payload. */
export type Value = { exists: false } | { exists: true; text: string };

/** The value a path leads to; undefined when the payload is not JSON, or nests too deep to be read as such. */
export function valueAt(payload: Uint8Array, path: readonly string[]): Value | undefined {
  if (!mayHold(payload, path.length > 0)) return undefined;
  const document = jsonTextOf(payload);
  if (document === undefined) return undefined;
  const text = find(document, path);
  return text === undefined ? { exists: false } : { exists: true, text };
}

/** A value's text for people, cut where it is long. */
export function shownValue(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}

/** Spares the parser what is no JSON document at first sight: only objects and arrays have members. */
function mayHold(payload: Uint8Array, nested: boolean): boolean {
  if (!nested) return payload.length > 0;
  // The mark at the front of some UTF-8 files is passed over, as the decoder does.
  const first = payload.find((byte) => byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf);
  return first === 0x7b || first === 0x5b;
}
