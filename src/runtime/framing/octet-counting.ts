/**
 * Octet counting of syslog over TCP (RFC 6587, 3.4.1): the length in decimal digits, a space, the message. What starts
 * with no digit from 1 to 9 is a line (3.4.2).
 */
import { FramingError } from './frame-codec.ts';
import { joined, type Scan, ScanningCodec } from './scanning-codec.ts';

const LF = 0x0a;
const SPACE = 0x20;
const ZERO = 0x30;
/** Digits of a length at most: none that is shorter than a frame may be has more. */
const MOST_DIGITS = 9;

export class OctetCountingCodec extends ScanningCodec {
  /** So many bytes hold no LF. */
  #searched = 0;

  protected scan(bytes: Uint8Array): Scan {
    const first = bytes[0]! - ZERO;
    return first >= 1 && first <= 9 ? this.#counted(bytes) : this.#line(bytes);
  }

  protected override reset(): void {
    this.#searched = 0;
  }

  encode(payload: Uint8Array): Uint8Array {
    if (payload.length === 0) throw new FramingError('there is no empty frame in octet counting');
    return joined(Buffer.from(`${payload.length} `), payload);
  }

  #counted(bytes: Uint8Array): Scan {
    let length = 0;
    for (let i = 0; i <= MOST_DIGITS; i++) {
      const byte = bytes[i];
      if (byte === undefined) return { more: i + 1 };
      if (byte === SPACE) {
        const whole = i + 1 + length;
        return bytes.length < whole ? { more: whole } : { bytes: whole, payload: bytes.subarray(i + 1, whole) };
      }
      if (byte < ZERO || byte > ZERO + 9) return { fault: { expected: 'a digit or a space', offset: i } };
      length = length * 10 + byte - ZERO;
    }
    return { fault: { expected: 'a space after the length', offset: MOST_DIGITS } };
  }

  #line(bytes: Uint8Array): Scan {
    const end = bytes.indexOf(LF, this.#searched);
    this.#searched = bytes.length;
    return end === -1 ? { more: bytes.length + 1 } : { bytes: end + 1, payload: bytes.subarray(0, end) };
  }
}
