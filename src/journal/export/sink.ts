/**
 * ByteSink: a buffer that grows while an export is written into it and is handed over whole. Integers are little-endian
 * unless the name says otherwise (network headers are big-endian).
 */
const FIRST_BYTES = 16_384;

export class ByteSink {
  bytes = new Uint8Array(FIRST_BYTES);
  view = new DataView(this.bytes.buffer);
  /** Bytes written. */
  length = 0;

  /** Adds `count` zero bytes and answers where they start. */
  zeros(count: number): number {
    const start = this.#grow(count);
    this.bytes.fill(0, start, this.length);
    return start;
  }

  u8(value: number): void {
    this.bytes[this.#grow(1)] = value;
  }

  u16(value: number): void {
    this.view.setUint16(this.#grow(2), value, true);
  }

  u32(value: number): void {
    this.view.setUint32(this.#grow(4), value, true);
  }

  /** Network byte order. */
  u16be(value: number): void {
    this.view.setUint16(this.#grow(2), value);
  }

  /** Network byte order. */
  u32be(value: number): void {
    this.view.setUint32(this.#grow(4), value);
  }

  append(bytes: Uint8Array): void {
    const start = this.#grow(bytes.length);
    this.bytes.set(bytes, start);
  }

  /** Adds zero bytes up to a multiple of four. */
  pad4(): void {
    this.zeros(-this.length & 3);
  }

  /** What was written since the last time, in a buffer of its own. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.bytes.slice(0, this.length);
    this.length = 0;
    return taken;
  }

  /** Makes room, moves the end and answers the old one. */
  #grow(count: number): number {
    const start = this.length;
    const end = start + count;
    if (end > this.bytes.length) {
      const larger = new Uint8Array(Math.max(end, this.bytes.length * 2));
      larger.set(this.bytes.subarray(0, start));
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    this.length = end;
    return start;
  }
}
