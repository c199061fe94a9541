/**
 * ByteSink: a buffer that grows while an export is written into it and is handed over whole. Integers are little-endian
 * unless the name says otherwise (network headers are big-endian).
 */
const FIRST_BYTES = 16_384;
/** A buffer larger than this is not kept for the next time. */
const KEPT_BYTES = 1024 * 1024;

export class ByteSink {
  bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  view = new DataView(this.bytes.buffer);
  /** Bytes written. */
  length = 0;

  /** Adds `count` zero bytes and returns where they start. */
  zeros(count: number): number {
    const start = this.#grow(count);
    this.bytes.fill(0, start, this.length);
    return start;
  }

  u8(value: number): void {
    const start = this.#grow(1);
    this.bytes[start] = value;
  }

  u16(value: number): void {
    const start = this.#grow(2);
    this.view.setUint16(start, value, true);
  }

  u32(value: number): void {
    const start = this.#grow(4);
    this.view.setUint32(start, value, true);
  }

  /** Network byte order. */
  u16be(value: number): void {
    const start = this.#grow(2);
    this.view.setUint16(start, value);
  }

  /** Network byte order. */
  u32be(value: number): void {
    const start = this.#grow(4);
    this.view.setUint32(start, value);
  }

  append(bytes: Uint8Array): void {
    const start = this.#grow(bytes.length);
    this.bytes.set(bytes, start);
  }

  /** The last bytes of an address or the like: few, so cheaper one by one. */
  tail(bytes: Uint8Array, from: number): void {
    const start = this.#grow(bytes.length - from) - from;
    for (let i = from; i < bytes.length; i++) this.bytes[start + i] = bytes[i]!;
  }

  /** Adds text as UTF-8 and returns how many bytes that took. */
  text(text: string): number {
    const start = this.#grow(text.length * 3);
    const written = this.bytes.write(text, start);
    this.length = start + written;
    return written;
  }

  /** Adds zero bytes up to a multiple of four. */
  pad4(): void {
    this.zeros(-this.length & 3);
  }

  /** What was written since the last time, in a buffer of its own. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(this.length);
    taken.set(this.bytes.subarray(0, this.length));
    this.length = 0;
    if (this.bytes.length > KEPT_BYTES) this.#resize(FIRST_BYTES);
    return taken;
  }

  /** Makes room, moves the end and returns the old one. Buffer and view may be others afterwards. */
  #grow(count: number): number {
    const start = this.length;
    const end = start + count;
    if (end > this.bytes.length) this.#resize(Math.max(end, this.bytes.length * 2));
    this.length = end;
    return start;
  }

  #resize(capacity: number): void {
    const written = this.bytes.subarray(0, this.length);
    this.bytes = Buffer.allocUnsafeSlow(capacity);
    this.bytes.set(written);
    this.view = new DataView(this.bytes.buffer);
  }
}
