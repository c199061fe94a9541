/**
 * Lines: a message ends at LF or CRLF, which is not part of it. A line that is too long is cut at the longest frame and
 * goes on as the next message; what follows the last line end is a message when the stream ends.
 */
import type { Emit, Framer } from './framer.ts';

const CR = 0x0d;
const LF = 0x0a;
const NOTHING = new Uint8Array(0);
const ENDS_LF = Uint8Array.of(LF);
const ENDS_CRLF = Uint8Array.of(CR, LF);

export class LineFramer implements Framer {
  readonly #maxFrame: number;
  /** The beginning of a line, without LF; `#length` bytes of it are in use. */
  #held: Uint8Array = NOTHING;
  #length = 0;

  constructor(maxFrame: number) {
    this.#maxFrame = maxFrame;
  }

  push(bytes: Uint8Array, emit: Emit): void {
    let start = 0;
    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
      this.#line(bytes.subarray(start, end), emit);
      start = end + 1;
    }
    if (start < bytes.length) this.#hold(bytes.subarray(start), emit);
  }

  end(emit: Emit): void {
    const rest = this.#take();
    if (rest.length > 0) emit(this.#cut(rest, emit), NOTHING);
  }

  /** A line's end has come. */
  #line(tail: Uint8Array, emit: Emit): void {
    if (this.#length > 0) this.#append(tail);
    const line = this.#length > 0 ? this.#take() : tail;
    const crlf = line[line.length - 1] === CR;
    emit(this.#cut(crlf ? line.subarray(0, -1) : line, emit), crlf ? ENDS_CRLF : ENDS_LF);
  }

  #hold(bytes: Uint8Array, emit: Emit): void {
    this.#append(bytes);
    if (this.#length <= this.#maxFrame + 1) {
      // One byte beyond may still turn out to be half of a CRLF.
      if (this.#length <= this.#maxFrame || this.#held[this.#length - 1] === CR) return;
    }
    const held = this.#take();
    const endsInCr = held[held.length - 1] === CR;
    const rest = this.#cut(endsInCr ? held.subarray(0, -1) : held, emit);
    this.#append(endsInCr ? held.subarray(held.length - 1 - rest.length) : rest);
  }

  /** Emits whole frames of the longest length; answers what remains, not longer than that. */
  #cut(line: Uint8Array, emit: Emit): Uint8Array {
    let rest = line;
    while (rest.length > this.#maxFrame) {
      emit(rest.subarray(0, this.#maxFrame), NOTHING);
      rest = rest.subarray(this.#maxFrame);
    }
    return rest;
  }

  #append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#held.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#held.length));
      grown.set(this.#held.subarray(0, this.#length));
      this.#held = grown;
    }
    this.#held.set(bytes, this.#length);
    this.#length = length;
  }

  /** Gives the held bytes away; their memory is not used again. */
  #take(): Uint8Array {
    const taken = this.#held.subarray(0, this.#length);
    this.#held = NOTHING;
    this.#length = 0;
    return taken;
  }
}
