/** Bytes written one after the other into one growing buffer. */

import { exactCopy } from '../../records/chunk.ts';

const DIGITS = 16;
const FIRST_BYTES = 16_384;
/** A buffer larger than this is not kept for the next writer. */
const KEPT_BYTES = 4 * 1024 * 1024;

const NONE = Buffer.alloc(0);
/** The buffer that the last writer grew. */
let spare: Buffer<ArrayBuffer> = NONE;

export class ByteWriter {
  #buffer: Buffer<ArrayBuffer>;
  length = 0;

  constructor() {
    this.#buffer = spare.length > 0 ? spare : Buffer.allocUnsafeSlow(FIRST_BYTES);
    spare = NONE;
  }

  /** The buffer, with room for so many bytes more; for code that writes in place and then moves `length`. */
  reserve(bytes: number): Buffer {
    const needed = this.length + bytes;
    if (needed > this.#buffer.length) {
      // Moved, not copied: what was outgrown would be left to the garbage collector, megabytes a page.
      this.#buffer = Buffer.from(this.#buffer.buffer.transfer(Math.max(needed, this.#buffer.length * 2)));
    }
    return this.#buffer;
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length).set(bytes, this.length);
    this.length += bytes.length;
  }

  byte(value: number): void {
    this.reserve(1)[this.length++] = value;
  }

  /** Text of one byte a character. */
  latin1(text: string): void {
    this.length += this.reserve(text.length).write(text, this.length, 'latin1');
  }

  /** Text as JSON, quotes included. */
  jsonString(text: string): void {
    this.bytes(Buffer.from(JSON.stringify(text)));
  }

  /** A whole number from 0 to 2^53 in decimal digits. */
  integer(value: number): void {
    const buffer = this.reserve(DIGITS);
    let digits = 1;
    for (let bound = 10; value >= bound && digits < DIGITS; bound *= 10) digits++;
    let at = this.length + digits;
    let rest = value;
    while (rest > 0xffff_ffff) {
      const next = Math.floor(rest / 10);
      buffer[--at] = 0x30 + (rest - next * 10);
      rest = next;
    }
    for (let small = rest >>> 0; at > this.length; small = (small / 10) >>> 0) buffer[--at] = 0x30 + (small % 10);
    this.length += digits;
  }

  /** What was written, as bytes of their own. The writer starts anew. */
  take(): Uint8Array<ArrayBuffer> {
    const { length } = this;
    const whole = this.#buffer;
    this.#buffer = NONE;
    this.length = 0;
    if (whole.length > KEPT_BYTES) return new Uint8Array(whole.buffer.transfer(length));
    spare = whole;
    return exactCopy(whole.subarray(0, length));
  }
}
