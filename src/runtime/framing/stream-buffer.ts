/**
 * What of a stream is in no frame yet. Bytes once taken out stay as they are: nothing is ever written over them. A single
 * read is looked at where it lies; only what waits for more is copied together.
 */
const EMPTY = new Uint8Array(0);

export class StreamBuffer {
  #memory: Uint8Array = EMPTY;
  #start = 0;
  #end = 0;
  /** Whether the memory is ours to write behind `#end`. */
  #owned = false;

  get length(): number {
    return this.#end - this.#start;
  }

  /** What waits, without taking it. */
  get bytes(): Uint8Array {
    return this.#memory.subarray(this.#start, this.#end);
  }

  push(bytes: Uint8Array): void {
    if (this.length === 0) {
      this.#memory = bytes;
      this.#start = 0;
      this.#end = bytes.length;
      this.#owned = false;
    } else this.#append(bytes);
  }

  /** Takes `length` bytes from the front and drops `drop` behind them. */
  take(length: number, drop = 0): Uint8Array {
    const taken = this.#memory.subarray(this.#start, this.#start + length);
    this.#start += length + drop;
    return taken;
  }

  #append(bytes: Uint8Array): void {
    const end = this.#end + bytes.length;
    if (!this.#owned || end > this.#memory.length) this.#grow(this.length + bytes.length);
    this.#memory.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Moves what waits to memory of our own, with room to double. */
  #grow(needed: number): void {
    const grown = new Uint8Array(2 * needed);
    grown.set(this.bytes);
    this.#end = this.length;
    this.#start = 0;
    this.#memory = grown;
    this.#owned = true;
  }
}
