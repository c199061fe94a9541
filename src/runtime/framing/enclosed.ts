/** Enclosed: a message stands between a start and an end, e.g. STX and ETX, or as HL7 does in MLLP. */
import { asBuffer } from '../../as-buffer.ts';
import type { Framing } from '../../schemas/framing.ts';
import { PayloadError } from '../../schemas/payload.ts';
import { FramingError } from './frame-codec.ts';
import { joined, type Scan, ScanningCodec } from './scanning-codec.ts';

export class EnclosedCodec extends ScanningCodec {
  readonly #start: number;
  readonly #end: Uint8Array;
  /** The end begins in none of so many bytes. */
  #searched = 1;

  constructor(start: number, end: Uint8Array, maxFrame: number) {
    super(maxFrame);
    this.#start = start;
    this.#end = end;
  }

  protected scan(bytes: Uint8Array): Scan {
    if (bytes[0] !== this.#start) return startMissing(this.#start);
    const end = asBuffer(bytes).indexOf(this.#end, this.#searched);
    this.#searched = Math.max(1, bytes.length - this.#end.length + 1);
    if (end === -1) return { more: bytes.length + 1 };
    return { bytes: end + this.#end.length, payload: bytes.subarray(1, end) };
  }

  protected override reset(): void {
    this.#searched = 1;
  }

  encode(payload: Uint8Array): Uint8Array {
    if (asBuffer(payload).indexOf(this.#end) !== -1) throw new FramingError('the payload holds the end of a frame');
    // A payload whose end and the frame's end would be taken for an earlier end.
    const whole = joined(Uint8Array.of(this.#start), payload, this.#end);
    if (asBuffer(whole).indexOf(this.#end, 1) !== payload.length + 1) {
      throw new FramingError('the payload ends in the beginning of the end of a frame');
    }
    return whole;
  }
}

/** The same where an escape byte stands before each start, end or escape byte of the message. */
export class EscapedCodec extends ScanningCodec {
  readonly #start: number;
  readonly #end: number;
  readonly #escape: number;
  /** Looked at so far, and what of it is escaped. */
  #at = 1;

  /** Throws PayloadError where the three are not different. */
  constructor(start: number, end: number, escaper: number, maxFrame: number) {
    super(maxFrame);
    if (escaper === start || escaper === end)
      throw new PayloadError('escape', 'must be another byte than start and end');
    this.#start = start;
    this.#end = end;
    this.#escape = escaper;
  }

  protected scan(bytes: Uint8Array): Scan {
    if (bytes[0] !== this.#start) return startMissing(this.#start);
    for (; this.#at < bytes.length; this.#at++) {
      const byte = bytes[this.#at];
      if (byte === this.#end) return { bytes: this.#at + 1, payload: this.#unescaped(bytes.subarray(1, this.#at)) };
      if (byte !== this.#escape) continue;
      if (this.#at + 1 === bytes.length) break;
      this.#at++;
    }
    return { more: bytes.length + 1 };
  }

  protected override reset(): void {
    this.#at = 1;
  }

  encode(payload: Uint8Array): Uint8Array {
    const escaped = new Uint8Array(2 * payload.length + 2);
    escaped[0] = this.#start;
    let length = 1;
    for (let i = 0; i < payload.length; i++) {
      const byte = payload[i]!;
      if (byte === this.#start || byte === this.#end || byte === this.#escape) escaped[length++] = this.#escape;
      escaped[length++] = byte;
    }
    escaped[length++] = this.#end;
    return escaped.subarray(0, length);
  }

  #unescaped(bytes: Uint8Array): Uint8Array {
    if (!bytes.includes(this.#escape)) return bytes;
    const plain = new Uint8Array(bytes.length);
    let length = 0;
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] === this.#escape) i++;
      plain[length++] = bytes[i]!;
    }
    return plain.subarray(0, length);
  }
}

function startMissing(start: number): Scan {
  return { fault: { expected: `the start byte ${start.toString(16).padStart(2, '0')}`, offset: 0 } };
}

/** HL7 over MLLP: VT, the message, FS CR. */
export function mllpCodec(maxFrame: number): EnclosedCodec {
  return new EnclosedCodec(0x0b, Uint8Array.of(0x1c, 0x0d), maxFrame);
}

/** Throws PayloadError where the bytes can't be told apart. */
export function stxEtxCodec(
  { start = '02', end = '03', escape: escaper = null }: Extract<Framing, { type: 'stxEtx' }>,
  maxFrame: number,
): EnclosedCodec | EscapedCodec {
  const [first, last] = [start, end].map((hex) => Number.parseInt(hex, 16)) as [number, number];
  if (escaper === null) return new EnclosedCodec(first, Uint8Array.of(last), maxFrame);
  if (first === last) throw new PayloadError('end', 'must be another byte than start where there is an escape');
  return new EscapedCodec(first, last, Number.parseInt(escaper, 16), maxFrame);
}
