/**
 * FramedStream: one byte stream and the framing in force on it. It gives whole frames one at a time, because what is
 * decided on one may change how the next is cut, and at the end of the stream what is left of it.
 */
import { after } from '../../clock/timers.ts';
import type { Framing } from '../../schemas/framing.ts';
import { createCodec } from './codecs.ts';
import type { Frame, FrameCodec } from './frame-codec.ts';

export class FramedStream {
  #framing: Framing;
  #codec: FrameCodec;
  readonly #onSilence: () => void;
  /** Calls off the end of the silence that ends a message. */
  #stopGap: () => void = () => {};
  #hasEnded = false;
  #isDecoded = false;

  /** @param onSilence nothing came for so long that what waits is whole: to be followed by `noteSilence` */
  constructor(framing: Framing, onSilence: () => void) {
    this.#framing = framing;
    this.#codec = createCodec(framing);
    this.#onSilence = onSilence;
  }

  /** The peer has ended its side. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** What the stream held is all decoded. */
  get isDecoded(): boolean {
    return this.#isDecoded;
  }

  /** What follows bytes that are no frame. */
  get onError(): 'fin' | 'rst' | 'raw' {
    return this.#framing.onError ?? 'fin';
  }

  /** Takes what was read; the memory must not change afterwards. */
  push(bytes: Uint8Array): void {
    this.#codec.push(bytes);
  }

  /** Silence that ends a message counts from now on, where the framing knows such. */
  awaitSilence(): void {
    const { gap } = this.#codec;
    if (gap === undefined) return;
    this.#stopGap();
    this.#stopGap = after(gap, this.#onSilence);
  }

  /** What waits is whole. */
  noteSilence(): void {
    this.#codec.silence?.();
  }

  end(): void {
    this.#hasEnded = true;
  }

  /** The next frame; of a stream that has ended also what is left of it. Null when there is none yet, or no more. */
  next(): Frame | null {
    return this.#hasEnded ? this.nextToTheEnd() : this.#codec.next();
  }

  /** As `next` of a stream that has ended. */
  nextToTheEnd(): Frame | null {
    if (this.#isDecoded) return null;
    const frame = this.#codec.next() ?? this.#codec.end();
    this.#isDecoded = frame === null;
    return frame;
  }

  /** Takes out what was pushed and is in no frame yet. */
  rest(): Uint8Array {
    return this.#codec.rest();
  }

  /** The framing of bytes that were not decoded yet, of those to come, and of what is sent from now on. */
  setFraming(framing: Framing): void {
    this.#framing = framing;
    this.#decodeAs(framing, this.#codec.rest());
  }

  /** Bytes were no frame: these and what follows are read as they come, and what is sent has no frame either. */
  readAsItComes(rest: Uint8Array): void {
    this.#decodeAs({ type: 'none' }, rest);
  }

  /** A payload in its frame. Throws FramingError for one that no frame can hold. */
  encode(payload: Uint8Array, isRepeated = false): Uint8Array {
    return this.#codec.encode(payload, isRepeated);
  }

  /** Nothing is told any more. */
  close(): void {
    this.#stopGap();
  }

  #decodeAs(framing: Framing, rest: Uint8Array): void {
    this.#stopGap();
    this.#codec = createCodec(framing);
    if (rest.length > 0) this.#codec.push(rest);
    this.awaitSilence();
  }
}
