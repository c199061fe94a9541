/**
 * Consistent Overhead Byte Stuffing (Cheshire and Baker, 1997): a message is written without zero bytes, and ends at one.
 * Zero bytes before it are passed over.
 */
import { type Scan, ScanningCodec } from './scanning-codec.ts';

/** A block of so many bytes stands for one byte less and no zero. */
const FULL = 0xff;

export class CobsCodec extends ScanningCodec {
  /** So many bytes hold no zero. */
  #searched = 0;

  protected scan(bytes: Uint8Array): Scan {
    const end = bytes.indexOf(0, this.#searched);
    if (end === 0) return { skip: 1 };
    if (end !== -1) return decoded(bytes, end);
    this.#searched = bytes.length;
    return { more: bytes.length + 1 };
  }

  protected override reset(): void {
    this.#searched = 0;
  }

  encode(payload: Uint8Array): Uint8Array {
    const encoded = new Uint8Array(payload.length + Math.ceil(payload.length / (FULL - 1)) + 2);
    let code = 0;
    let length = 1;
    for (let i = 0; i < payload.length; i++) {
      const byte = payload[i]!;
      if (byte !== 0) encoded[length++] = byte;
      const isFull = length - code === FULL;
      if (byte !== 0 && !isFull) continue;
      encoded[code] = length - code;
      code = length;
      // A full block at the very end needs none behind it.
      if (byte !== 0 && i === payload.length - 1) return encoded.subarray(0, length + 1);
      length++;
    }
    encoded[code] = length - code;
    return encoded.subarray(0, length + 1);
  }
}

function decoded(bytes: Uint8Array, end: number): Scan {
  const payload = new Uint8Array(end);
  let length = 0;
  for (let at = 0; at < end; ) {
    const code = bytes[at]!;
    const next = at + code;
    if (next > end) return { fault: { expected: `${code - 1} bytes after the code`, offset: at } };
    payload.set(bytes.subarray(at + 1, next), length);
    length += code - 1;
    if (code < FULL && next < end) payload[length++] = 0;
    at = next;
  }
  return { bytes: end + 1, payload: payload.subarray(0, length) };
}
