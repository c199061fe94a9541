/** Answers in upper case, as the socketserver example does: Python's `data.strip().upper()` on bytes. */

import { upperCase } from '../../../upper-case.ts';
import type { Behavior, Decision } from '../behavior.ts';
import type { Request } from '../request.ts';
import { withTerminator } from './echo.ts';

export function upper(strip: boolean): Behavior {
  const payload = ({ payload, terminator }: Request) =>
    withTerminator(upperCase(strip ? stripped(payload) : payload), terminator);
  const decision: Decision = { actions: [{ do: 'send', payload, repeats: true }] };
  return { silent: false, decide: () => decision };
}

/** A view without the ASCII white space at both ends: space, \t, \n, \r, \v, \f. */
export function stripped(bytes: Uint8Array): Uint8Array {
  let start = 0;
  let end = bytes.length;
  while (start < end && isSpace(bytes[start]!)) start++;
  while (end > start && isSpace(bytes[end - 1]!)) end--;
  return bytes.subarray(start, end);
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
