/**
 * Delimiter: a message ends at a sequence of bytes, which is not part of it unless `keep` says so. A longer message than
 * the longest frame is cut there and goes on as the next. Payloads that go out get the delimiter unless they end in it.
 */
import { asBuffer } from '../../as-buffer.ts';
import type { Framing } from '../../schemas/framing.ts';
import { PayloadError, payloadBytes } from '../../schemas/payload.ts';
import { type Frame, type FrameCodec, plainFrame } from './frame-codec.ts';
import { StreamBuffer } from './stream-buffer.ts';

type DelimiterFraming = Extract<Framing, { type: 'delimiter' }>;

export class DelimiterCodec implements FrameCodec {
  readonly #delimiter: Buffer;
  readonly #keep: boolean;
  readonly #maxFrame: number;
  readonly #buffer = new StreamBuffer();
  /** The delimiter begins in none of so many bytes of the buffer. */
  #searched = 0;

  /** Throws PayloadError for a delimiter that can't be decoded. */
  constructor(framing: DelimiterFraming, maxFrame: number) {
    this.#delimiter = delimiterOf(framing);
    this.#keep = framing.keep ?? false;
    this.#maxFrame = maxFrame;
  }

  push(bytes: Uint8Array): void {
    this.#buffer.push(bytes);
  }

  next(): Frame | null {
    const { bytes } = this.#buffer;
    const { length } = this.#delimiter;
    const at = asBuffer(bytes).indexOf(this.#delimiter, this.#searched);
    if (at !== -1 && at <= this.#maxFrame) return this.#ended(at);
    const free = at === -1 ? bytes.length - length + 1 : at;
    if (free > this.#maxFrame) return this.#cut(free);
    this.#searched = Math.max(0, free);
    return null;
  }

  rest(): Uint8Array {
    this.#searched = 0;
    return this.#buffer.take(this.#buffer.length);
  }

  end(): Frame | null {
    if (this.#buffer.length > this.#maxFrame) return this.#cut(0);
    const payload = this.rest();
    return payload.length > 0 ? plainFrame(payload) : null;
  }

  encode(payload: Uint8Array): Uint8Array {
    const end = payload.subarray(Math.max(0, payload.length - this.#delimiter.length));
    return this.#delimiter.equals(end) ? payload : Buffer.concat([payload, this.#delimiter]);
  }

  #ended(at: number): Frame {
    this.#searched = 0;
    const { length } = this.#delimiter;
    if (this.#keep) return plainFrame(this.#buffer.take(at + length));
    return plainFrame(this.#buffer.take(at, length), this.#delimiter);
  }

  /** @param free the delimiter begins in none of so many bytes */
  #cut(free: number): Frame {
    this.#searched = Math.max(0, free - this.#maxFrame);
    return plainFrame(this.#buffer.take(this.#maxFrame));
  }
}

/** Throws PayloadError, whose `field` names the member. */
export function delimiterOf(framing: DelimiterFraming): Buffer {
  const { text, hex } = framing;
  if ((text === undefined) === (hex === undefined)) throw new PayloadError('text', 'give exactly one of text and hex');
  const bytes = payloadBytes(text === undefined ? { hex: hex! } : { text });
  if (bytes.length === 0) throw new PayloadError('hex', 'is empty');
  return asBuffer(bytes);
}
