/** No framing: what one read brought is one message, cut at the longest frame. */
import { type Frame, type FrameCodec, plainFrame } from './frame-codec.ts';

export class WholeCodec implements FrameCodec {
  readonly #maxFrame: number;
  readonly #reads: Uint8Array[] = [];

  constructor(maxFrame: number) {
    this.#maxFrame = maxFrame;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#reads.push(bytes);
  }

  next(): Frame | null {
    const read = this.#reads.shift();
    if (read === undefined) return null;
    if (read.length <= this.#maxFrame) return plainFrame(read);
    this.#reads.unshift(read.subarray(this.#maxFrame));
    return plainFrame(read.subarray(0, this.#maxFrame));
  }

  rest(): Uint8Array {
    return Buffer.concat(this.#reads.splice(0));
  }

  end(): null {
    return null;
  }

  encode(payload: Uint8Array): Uint8Array {
    return payload;
  }
}
