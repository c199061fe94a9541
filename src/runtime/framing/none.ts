/** No framing: what one read brought is one message, cut at the longest frame. */
import type { Emit, Framer } from './framer.ts';

const NOTHING = new Uint8Array(0);

export class WholeFramer implements Framer {
  readonly #maxFrame: number;

  constructor(maxFrame: number) {
    this.#maxFrame = maxFrame;
  }

  push(bytes: Uint8Array, emit: Emit): void {
    if (bytes.length <= this.#maxFrame) {
      emit(bytes, NOTHING);
      return;
    }
    for (let at = 0; at < bytes.length; at += this.#maxFrame) emit(bytes.subarray(at, at + this.#maxFrame), NOTHING);
  }

  end(): void {}
}
