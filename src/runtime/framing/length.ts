/**
 * Length: a field says where the frame ends, which has offset + size + value + adjust bytes. The field is a whole number of
 * 1, 2, 3, 4 or 8 bytes, or LEB128 of at most 10 bytes.
 */
import type { Framing } from '../../schemas/framing.ts';
import { PayloadError } from '../../schemas/payload.ts';
import { FramingError } from './frame-codec.ts';
import { joined, type Scan, ScanningCodec } from './scanning-codec.ts';

type LengthFraming = Extract<Framing, { type: 'length' }>;

/** Bytes of a LEB128 number of 64 bits. */
const MOST_VARINT_BYTES = 10;

export class LengthCodec extends ScanningCodec {
  readonly #offset: number;
  readonly #size: number | 'varint';
  readonly #little: boolean;
  readonly #adjust: number;
  readonly #strip: boolean;

  /** Throws PayloadError where the field can't be stripped. */
  constructor({ offset = 0, size = 4, endian = 'big', adjust = 0, strip }: LengthFraming, maxFrame: number) {
    super(maxFrame);
    if (strip === true && offset !== 0) throw new PayloadError('strip', 'is only possible where offset is 0');
    this.#offset = offset;
    this.#size = size;
    this.#little = endian === 'little';
    this.#adjust = adjust;
    this.#strip = strip ?? offset === 0;
  }

  protected scan(bytes: Uint8Array): Scan {
    const field = this.#read(bytes);
    if (field === null)
      return { more: this.#size === 'varint' ? Math.max(bytes.length, this.#offset) + 1 : this.#offset + this.#size };
    if (field === 'endless') return { fault: { expected: 'a length of at most 10 bytes', offset: this.#offset } };
    const head = this.#offset + field.size;
    const whole = head + field.value + this.#adjust;
    if (whole < head) {
      return { fault: { expected: `a length of at least ${-this.#adjust}`, offset: this.#offset } };
    }
    // A number of 64 bits is inexact up there, but surely too long.
    if (bytes.length < whole) return { more: whole };
    return { bytes: whole, payload: bytes.subarray(this.#strip ? head : 0, whole) };
  }

  encode(payload: Uint8Array): Uint8Array {
    if (this.#strip) return joined(this.#field(payload.length - this.#adjust), payload);
    const field = payload.length < this.#offset ? null : this.#read(payload);
    if (field === null || field === 'endless') {
      throw new FramingError(`the payload of ${payload.length} bytes has no length field at ${this.#offset}`);
    }
    const body = payload.subarray(this.#offset + field.size);
    return joined(joined(payload.subarray(0, this.#offset), this.#field(body.length - this.#adjust)), body);
  }

  /** The length field of a frame; null when it is not all there. */
  #read(bytes: Uint8Array): { size: number; value: number } | 'endless' | null {
    if (this.#size === 'varint') return readVarint(bytes, this.#offset);
    if (bytes.length < this.#offset + this.#size) return null;
    return { size: this.#size, value: readNumber(bytes, this.#offset, this.#size, this.#little) };
  }

  #field(value: number): Uint8Array {
    if (value < 0) throw new FramingError(`the payload is too short: its length would be ${value}`);
    if (this.#size === 'varint') return varint(value);
    if (value >= 256 ** this.#size) throw new FramingError(`a length of ${value} takes more than ${this.#size} bytes`);
    return numberBytes(value, this.#size, this.#little);
  }
}

function readNumber(bytes: Uint8Array, at: number, size: number, little: boolean): number {
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + bytes[at + (little ? size - 1 - i : i)]!;
  return value;
}

function numberBytes(value: number, size: number, little: boolean): Uint8Array {
  const bytes = new Uint8Array(size);
  let rest = value;
  for (let i = size - 1; i >= 0; i--) {
    bytes[little ? size - 1 - i : i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

/** LEB128 without sign. */
function readVarint(bytes: Uint8Array, at: number): { size: number; value: number } | 'endless' | null {
  let value = 0;
  for (let i = 0; i < MOST_VARINT_BYTES; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return null;
    value += (byte & 0x7f) * 128 ** i;
    if (byte < 0x80) return { size: i + 1, value };
  }
  return 'endless';
}

/** A whole number from 0 to 2^53 as LEB128. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
