/** What ends a message by what does not come: silence, or the end of the stream. Payloads go out as they are. */
import { type Frame, type FrameCodec, type FrameFault, faultyFrame, plainFrame } from './frame-codec.ts';
import { StreamBuffer } from './stream-buffer.ts';

/** `idle` has a gap, `untilClose` has none. */
export class GatheringCodec implements FrameCodec {
  readonly gap?: number;
  readonly #maxFrame: number;
  readonly #buffer = new StreamBuffer();
  #isWhole = false;
  #isFaulty = false;

  /** @param gap milliseconds of silence that end a message; null: only the end of the stream does */
  constructor(gap: number | null, maxFrame: number) {
    if (gap !== null) this.gap = gap;
    this.#maxFrame = maxFrame;
  }

  push(bytes: Uint8Array): void {
    this.#buffer.push(bytes);
  }

  silence(): void {
    this.#isWhole = this.#buffer.length > 0;
  }

  next(): Frame | null {
    if (this.#isFaulty) return null;
    if (this.#buffer.length > this.#maxFrame) return this.#faulty();
    if (!this.#isWhole) return null;
    this.#isWhole = false;
    return plainFrame(this.rest());
  }

  rest(): Uint8Array {
    return this.#buffer.take(this.#buffer.length);
  }

  end(): Frame | null {
    return this.#isFaulty || this.#buffer.length === 0 ? null : plainFrame(this.rest());
  }

  encode(payload: Uint8Array): Uint8Array {
    return payload;
  }

  #faulty(): Frame {
    this.#isFaulty = true;
    const fault: FrameFault = { expected: `at most ${this.#maxFrame} bytes`, offset: this.#maxFrame };
    return faultyFrame(this.#buffer.take(this.#maxFrame), fault);
  }
}
