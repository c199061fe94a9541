/** Fixed: every message has the same size. */
import type { Framing } from '../../schemas/framing.ts';
import { FramingError } from './frame-codec.ts';
import { type Scan, ScanningCodec } from './scanning-codec.ts';

export class FixedCodec extends ScanningCodec {
  readonly #size: number;
  readonly #pad: number | null;

  constructor({ size, pad = null }: Extract<Framing, { type: 'fixed' }>, maxFrame: number) {
    super(Math.max(size, maxFrame));
    this.#size = size;
    this.#pad = pad === null ? null : Number.parseInt(pad, 16);
  }

  protected scan(bytes: Uint8Array): Scan {
    if (bytes.length < this.#size) return { more: this.#size };
    return { bytes: this.#size, payload: bytes.subarray(0, this.#size) };
  }

  encode(payload: Uint8Array): Uint8Array {
    if (payload.length === this.#size) return payload;
    if (this.#pad === null || payload.length > this.#size) {
      throw new FramingError(`the payload has ${payload.length} bytes, a frame has ${this.#size}`);
    }
    const padded = new Uint8Array(this.#size).fill(this.#pad, payload.length);
    padded.set(payload);
    return padded;
  }
}
