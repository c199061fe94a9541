/** Bytes written one after the other into one growing buffer. */

const DIGITS = 16;
const FIRST_BYTES = 16_384;
/** A buffer larger than this is not kept for the next writer. */
const KEPT_BYTES = 4 * 1024 * 1024;

/** Free bytes around a result. */
export type Margin = { readonly before: number; readonly behind: number };
const NO_MARGIN: Margin = { before: 0, behind: 0 };

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

  /**
   * What was written, as bytes of their own. The writer starts anew.
   * @param margin bytes that the memory has free before and behind them, the first of them 0; not with very long ones
   */
  take(margin: Margin = NO_MARGIN): Uint8Array<ArrayBuffer> {
    const { length } = this;
    const whole = this.#buffer;
    this.#buffer = NONE;
    this.length = 0;
    if (whole.length > KEPT_BYTES) return new Uint8Array(whole.buffer.transfer(length));
    spare = whole;
    // Not zeroed first, and never of Node's shared pool: the memory may be transferred.
    const copy = Buffer.allocUnsafeSlow(margin.before + length + margin.behind).buffer as ArrayBuffer;
    const taken = new Uint8Array(copy, margin.before, length);
    taken.set(whole.subarray(0, length));
    if (margin.before > 0) new Uint8Array(copy)[0] = 0;
    return taken;
  }
}
