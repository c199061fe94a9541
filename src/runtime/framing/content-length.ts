/**
 * Content-Length: a block of header lines that ends with an empty one, and as many bytes as it says: the base protocol of
 * LSP and DAP, and HTTP/1.1 without chunks (RFC 9112, 6). Without the header there is no body.
 */
import { asBuffer } from '../../as-buffer.ts';
import type { Framing } from '../../schemas/framing.ts';
import { joined, type Scan, ScanningCodec } from './scanning-codec.ts';

const BLOCK_END = Buffer.from('\r\n\r\n');
const LENGTH = /^content-length[ \t]*:[ \t]*(\d{1,9})[ \t]*$/i;
const ANY_LENGTH = /^content-length[ \t]*:/i;
const CHUNKED = /^transfer-encoding[ \t]*:/i;

export class ContentLengthCodec extends ScanningCodec {
  readonly #strip: boolean;
  /** The end of the header block begins in none of so many bytes. */
  #searched = 0;

  constructor({ strip = true }: Extract<Framing, { type: 'contentLength' }>, maxFrame: number) {
    super(maxFrame);
    this.#strip = strip;
  }

  protected scan(bytes: Uint8Array): Scan {
    const end = asBuffer(bytes).indexOf(BLOCK_END, this.#searched);
    if (end === -1) {
      this.#searched = Math.max(0, bytes.length - BLOCK_END.length + 1);
      return { more: bytes.length + 1 };
    }
    this.#searched = end;
    const head = end + BLOCK_END.length;
    const length = bodyLength(asBuffer(bytes).toString('latin1', 0, end));
    if (typeof length === 'string') return { fault: { expected: length, offset: 0 } };
    const whole = head + length;
    if (bytes.length < whole) return { more: whole };
    return { bytes: whole, payload: bytes.subarray(this.#strip ? head : 0, whole) };
  }

  protected override reset(): void {
    this.#searched = 0;
  }

  encode(payload: Uint8Array): Uint8Array {
    return this.#strip ? joined(Buffer.from(`Content-Length: ${payload.length}\r\n\r\n`), payload) : payload;
  }
}

/** What a header block says of the body; a text says what it should say instead. */
function bodyLength(head: string): number | string {
  const lines = head.split('\r\n');
  if (lines.some((line) => CHUNKED.test(line))) return 'a body with Content-Length, not in chunks';
  const said = new Set(lines.filter((line) => ANY_LENGTH.test(line)).map((line) => LENGTH.exec(line)?.[1]));
  if (said.size === 0) return 0;
  const [length] = said;
  return said.size > 1 || length === undefined ? 'one Content-Length of at most 9 digits' : Number(length);
}
