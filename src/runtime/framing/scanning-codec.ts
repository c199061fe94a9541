/**
 * ScanningCodec: what codecs share that find a frame by a look at what has gathered. Their `scan` says how long the frame
 * at the front is, how much must be there before another look is worth it, or why there is none.
 */
import { type Frame, type FrameCodec, type FrameFault, faultyFrame, NOTHING, wrappedFrame } from './frame-codec.ts';
import { StreamBuffer } from './stream-buffer.ts';

/**
 * `bytes` is the length of the frame at the front; with `payload` it is that of the message inside, which is decoded or
 * lies there. `more`: so many bytes must be there for the next look. `skip`: so many bytes belong to no frame.
 */
export type Scan =
  | { readonly bytes: number; readonly payload: Uint8Array }
  | { readonly more: number }
  | { readonly skip: number }
  | { readonly fault: FrameFault };

export abstract class ScanningCodec implements FrameCodec {
  protected readonly maxFrame: number;
  readonly #buffer = new StreamBuffer();
  /** Fewer bytes than these hold no frame. */
  #needed = 1;
  #isFaulty = false;

  constructor(maxFrame: number) {
    this.maxFrame = maxFrame;
  }

  /** Looks at what waits, which is not empty. */
  protected abstract scan(bytes: Uint8Array): Scan;

  /** Whether what is left at the end of the stream belongs to no frame. */
  protected isFill(_bytes: Uint8Array): boolean {
    return false;
  }

  /** What waits was taken out: a look begins anew. */
  protected reset(): void {}

  abstract encode(payload: Uint8Array): Uint8Array;

  push(bytes: Uint8Array): void {
    this.#buffer.push(bytes);
  }

  next(): Frame | null {
    while (!this.#isFaulty && this.#buffer.length >= this.#needed) {
      const { bytes } = this.#buffer;
      // No more than a frame may have: so what is found does not depend on how much came with it.
      const found = this.#bounded(this.scan(bytes.length > this.maxFrame ? bytes.subarray(0, this.maxFrame) : bytes));
      if ('fault' in found) return this.#faulty(found.fault);
      if ('more' in found) this.#needed = found.more;
      else if ('skip' in found) this.#take(found.skip);
      else return this.#whole(found.bytes, found.payload);
    }
    return null;
  }

  rest(): Uint8Array {
    return this.#take(this.#buffer.length);
  }

  end(): Frame | null {
    if (this.#isFaulty || this.#buffer.length === 0 || this.isFill(this.#buffer.bytes)) return null;
    return this.#faulty({ expected: 'the rest of the frame', offset: this.#buffer.length });
  }

  /** A frame that is, or is going to be, too long is a fault as soon as that is known. */
  #bounded(found: Scan): Scan {
    const bytes = 'bytes' in found ? found.bytes : 'more' in found ? found.more : 0;
    if (bytes <= this.maxFrame) return found;
    return { fault: { expected: `at most ${this.maxFrame} bytes`, offset: this.maxFrame } };
  }

  #whole(bytes: number, payload: Uint8Array): Frame {
    const raw = this.#take(bytes);
    return payload.length === bytes
      ? { payload: raw, terminator: NOTHING, raw: null, fault: null }
      : wrappedFrame(payload, raw);
  }

  #faulty(fault: FrameFault): Frame {
    this.#isFaulty = true;
    return faultyFrame(this.#take(Math.min(this.#buffer.length, this.maxFrame)), fault);
  }

  #take(bytes: number): Uint8Array {
    this.#needed = 1;
    this.reset();
    return this.#buffer.take(bytes);
  }
}

/** Head, payload and tail in one. */
export function joined(head: Uint8Array, payload: Uint8Array, tail: Uint8Array = NOTHING): Uint8Array {
  const whole = new Uint8Array(head.length + payload.length + tail.length);
  whole.set(head);
  whole.set(payload, head.length);
  whole.set(tail, head.length + payload.length);
  return whole;
}
