/** SLIP (RFC 1055): a message ends at END; END and ESC inside it are written as two bytes. What is empty is passed over. */
import { type Scan, ScanningCodec } from './scanning-codec.ts';

const END = 0xc0;
const ESC = 0xdb;
const ESC_END = 0xdc;
const ESC_ESC = 0xdd;

export class SlipCodec extends ScanningCodec {
  /** So many bytes hold no END. */
  #searched = 0;

  protected scan(bytes: Uint8Array): Scan {
    if (bytes[0] === END && this.#searched === 0) {
      // An END before a message, as RFC 1055 advises, is part of its frame on the wire; those before it are of none.
      if (bytes.length === 1) return { more: 2 };
      if (bytes[1] === END) return { skip: 1 };
      this.#searched = 1;
    }
    const end = bytes.indexOf(END, this.#searched);
    if (end === -1) {
      this.#searched = bytes.length;
      return { more: bytes.length + 1 };
    }
    return unescaped(bytes, bytes[0] === END ? 1 : 0, end);
  }

  protected override reset(): void {
    this.#searched = 0;
  }

  protected override isFill(bytes: Uint8Array): boolean {
    return bytes.length === 1 && bytes[0] === END;
  }

  encode(payload: Uint8Array): Uint8Array {
    const encoded = new Uint8Array(2 * payload.length + 2);
    encoded[0] = END;
    let length = 1;
    for (let i = 0; i < payload.length; i++) {
      const byte = payload[i]!;
      if (byte === END || byte === ESC) {
        encoded[length++] = ESC;
        encoded[length++] = byte === END ? ESC_END : ESC_ESC;
      } else encoded[length++] = byte;
    }
    encoded[length++] = END;
    return encoded.subarray(0, length);
  }
}

function unescaped(bytes: Uint8Array, from: number, end: number): Scan {
  const payload = new Uint8Array(end - from);
  let length = 0;
  for (let i = from; i < end; i++) {
    let byte = bytes[i]!;
    if (byte === ESC) {
      i++;
      if (i === end || (bytes[i] !== ESC_END && bytes[i] !== ESC_ESC)) {
        return { fault: { expected: 'dc or dd after db', offset: i } };
      }
      byte = bytes[i] === ESC_END ? END : ESC;
    }
    payload[length++] = byte;
  }
  return { bytes: end + 1, payload: payload.subarray(0, length) };
}
