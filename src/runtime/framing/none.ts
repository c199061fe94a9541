/** No framing: what one read brought is one message, cut at the longest frame. */
import { type Frame, type FrameCodec, NOTHING, plainFrame } from './frame-codec.ts';

export class WholeCodec implements FrameCodec {
  readonly #maxFrame: number;
  /** The read at hand, and those behind it: more than one only where nobody took them. */
  #read: Uint8Array | null = null;
  #more: Uint8Array[] = [];

  constructor(maxFrame: number) {
    this.#maxFrame = maxFrame;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#read === null) this.#read = bytes;
    else this.#more.push(bytes);
  }

  next(): Frame | null {
    const read = this.#read;
    if (read === null) return null;
    if (read.length <= this.#maxFrame) {
      this.#read = this.#more.length === 0 ? null : this.#more.shift()!;
      return plainFrame(read);
    }
    this.#read = read.subarray(this.#maxFrame);
    return plainFrame(read.subarray(0, this.#maxFrame));
  }

  rest(): Uint8Array {
    const rest = this.#read === null ? NOTHING : Buffer.concat([this.#read, ...this.#more]);
    this.#read = null;
    this.#more = [];
    return rest;
  }

  end(): null {
    return null;
  }

  encode(payload: Uint8Array): Uint8Array {
    return payload;
  }
}
