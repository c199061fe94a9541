/** Netstrings (D. J. Bernstein): the length in decimal digits, a colon, the message, a comma. */
import { joined, type Scan, ScanningCodec } from './scanning-codec.ts';

const COLON = 0x3a;
const COMMA = 0x2c;
const ZERO = 0x30;
const MOST_DIGITS = 9;
const END = Uint8Array.of(COMMA);

export class NetstringCodec extends ScanningCodec {
  protected scan(bytes: Uint8Array): Scan {
    let length = 0;
    for (let i = 0; i <= MOST_DIGITS; i++) {
      const byte = bytes[i];
      if (byte === undefined) return { more: i + 1 };
      if (byte === COLON && i > 0) return this.#body(bytes, i + 1, length);
      if (byte < ZERO || byte > ZERO + 9)
        return { fault: { expected: i === 0 ? 'a digit' : 'a digit or a colon', offset: i } };
      if (i > 0 && bytes[0] === ZERO) return { fault: { expected: 'a colon after the length 0', offset: i } };
      length = length * 10 + byte - ZERO;
    }
    return { fault: { expected: 'a colon after the length', offset: MOST_DIGITS } };
  }

  encode(payload: Uint8Array): Uint8Array {
    return joined(Buffer.from(`${payload.length}:`), payload, END);
  }

  #body(bytes: Uint8Array, head: number, length: number): Scan {
    const end = head + length;
    if (bytes.length < end + 1) return { more: end + 1 };
    if (bytes[end] !== COMMA) return { fault: { expected: 'a comma behind the message', offset: end } };
    return { bytes: end + 1, payload: bytes.subarray(head, end) };
  }
}
