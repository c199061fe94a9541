/**
 * Lines: a message ends at LF or CRLF, which is not part of it. A line that is too long is cut at the longest frame and
 * goes on as the next message; what follows the last line end is a message when the stream ends.
 */
import { type Frame, type FrameCodec, NOTHING } from './frame-codec.ts';
import { StreamBuffer } from './stream-buffer.ts';

const CR = 0x0d;
const LF = 0x0a;
const ENDS_LF = Uint8Array.of(LF);
const ENDS_CRLF = Uint8Array.of(CR, LF);

export class LineCodec implements FrameCodec {
  readonly #maxFrame: number;
  readonly #buffer = new StreamBuffer();
  /** So many bytes of the buffer hold no LF. */
  #searched = 0;

  constructor(maxFrame: number) {
    this.#maxFrame = maxFrame;
  }

  push(bytes: Uint8Array): void {
    this.#buffer.push(bytes);
  }

  next(): Frame | null {
    const { bytes } = this.#buffer;
    const end = bytes.indexOf(LF, this.#searched);
    if (end === -1) return this.#withoutEnd(bytes);
    const crlf = bytes[end - 1] === CR;
    const length = crlf ? end - 1 : end;
    if (length > this.#maxFrame) return this.#cut(end);
    this.#searched = 0;
    const terminator = crlf ? ENDS_CRLF : ENDS_LF;
    return { payload: this.#buffer.take(length, terminator.length), terminator };
  }

  rest(): Uint8Array {
    this.#searched = 0;
    return this.#buffer.take(this.#buffer.length);
  }

  end(): Frame | null {
    if (this.#buffer.length > this.#maxFrame) return this.#cut(this.#buffer.length);
    const payload = this.rest();
    return payload.length > 0 ? { payload, terminator: NOTHING } : null;
  }

  encode(payload: Uint8Array): Uint8Array {
    return payload;
  }

  /** One byte beyond the longest frame may still turn out to be half of a CRLF. */
  #withoutEnd(bytes: Uint8Array): Frame | null {
    const over = bytes.length - this.#maxFrame;
    if (over > 1 || (over === 1 && bytes[this.#maxFrame] !== CR)) return this.#cut(bytes.length);
    this.#searched = bytes.length;
    return null;
  }

  /** @param searched so many bytes are known to hold no LF */
  #cut(searched: number): Frame {
    this.#searched = searched - this.#maxFrame;
    return { payload: this.#buffer.take(this.#maxFrame), terminator: NOTHING };
  }
}
