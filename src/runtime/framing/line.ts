/**
 * Lines: a message ends at LF or CRLF, which is not part of it. A line that is too long is cut at the longest frame and
 * goes on as the next message; what follows the last line end is a message when the stream ends. With `body` a line that
 * tells of one is a message together with its end and so many bytes behind it.
 */
import { RE2JS } from 're2js';
import { asBuffer } from '../../as-buffer.ts';
import { compileRegex } from '../../matching/regex.ts';
import type { Framing } from '../../schemas/framing.ts';
import { PayloadError } from '../../schemas/payload.ts';
import { type Frame, type FrameCodec, type FrameFault, faultyFrame, plainFrame } from './frame-codec.ts';
import { joined } from './scanning-codec.ts';
import { StreamBuffer } from './stream-buffer.ts';

const CR = 0x0d;
const LF = 0x0a;
const ENDS_LF = Uint8Array.of(LF);
const ENDS_CRLF = Uint8Array.of(CR, LF);

type LineFraming = Extract<Framing, { type: 'line' }>;
/** How many bytes follow a line; -1: it tells of none. */
type BodyRule = (line: Uint8Array) => number;

export class LineCodec implements FrameCodec {
  readonly #maxFrame: number;
  readonly #end: Uint8Array;
  readonly #bodyOf: BodyRule | null;
  readonly #buffer = new StreamBuffer();
  /** So many bytes of the buffer hold no LF. */
  #searched = 0;
  /** Length of a line and its body that is not all there; 0: none. */
  #awaited = 0;
  #isFaulty = false;

  /** Throws PayloadError for a regex that can't be compiled. */
  constructor({ eol = '\n', body = null }: Omit<LineFraming, 'type'>, maxFrame: number) {
    this.#maxFrame = maxFrame;
    this.#end = eol === '\n' ? ENDS_LF : ENDS_CRLF;
    this.#bodyOf = body === null ? null : bodyRule(body);
  }

  push(bytes: Uint8Array): void {
    this.#buffer.push(bytes);
  }

  next(): Frame | null {
    if (this.#isFaulty || this.#buffer.length < this.#awaited) return null;
    if (this.#awaited > 0) return this.#whole(this.#awaited);
    const { bytes } = this.#buffer;
    const end = bytes.indexOf(LF, this.#searched);
    if (end === -1) return this.#withoutEnd(bytes);
    const crlf = bytes[end - 1] === CR;
    const length = crlf ? end - 1 : end;
    if (length > this.#maxFrame) return this.#cut(end);
    const body = this.#bodyOf === null ? -1 : this.#bodyOf(bytes.subarray(0, length));
    if (body >= 0) return this.#withBody(end + 1 + body);
    this.#searched = 0;
    const terminator = crlf ? ENDS_CRLF : ENDS_LF;
    return plainFrame(this.#buffer.take(length, terminator.length), terminator);
  }

  rest(): Uint8Array {
    this.#searched = 0;
    this.#awaited = 0;
    return this.#buffer.take(this.#buffer.length);
  }

  end(): Frame | null {
    if (this.#isFaulty || this.#buffer.length === 0) return null;
    if (this.#awaited > 0) return this.#faulty({ expected: 'the rest of the body', offset: this.#buffer.length });
    if (this.#buffer.length > this.#maxFrame) return this.#cut(this.#buffer.length);
    return plainFrame(this.rest());
  }

  encode(payload: Uint8Array, isRepeated = false): Uint8Array {
    return isRepeated || payload.at(-1) === LF ? payload : joined(payload, this.#end);
  }

  #withBody(whole: number): Frame | null {
    if (whole > this.#maxFrame) {
      return this.#faulty({ expected: `at most ${this.#maxFrame} bytes`, offset: this.#maxFrame });
    }
    if (this.#buffer.length >= whole) return this.#whole(whole);
    this.#awaited = whole;
    return null;
  }

  #whole(length: number): Frame {
    this.#searched = 0;
    this.#awaited = 0;
    return plainFrame(this.#buffer.take(length));
  }

  #faulty(fault: FrameFault): Frame {
    this.#isFaulty = true;
    return faultyFrame(this.#buffer.take(Math.min(this.#buffer.length, this.#maxFrame)), fault);
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
    return plainFrame(this.#buffer.take(this.#maxFrame));
  }
}

function bodyRule({ regex, adjust = 0 }: NonNullable<LineFraming['body']>): BodyRule {
  const pattern = compiled(regex);
  return (line) => {
    const matcher = pattern.matcher(asBuffer(line).toString('latin1'));
    if (!matcher.find()) return -1;
    const digits = matcher.group(1) ?? '';
    // However many digits it has: what is too long for a frame is an error, and no line.
    return /^\d+$/.test(digits) ? Math.max(0, Number(digits) + adjust) : -1;
  };
}

/** Patterns are compiled once, not for each connection; the last few are kept. */
const patterns = new Map<string, RE2JS>();
const MOST_PATTERNS = 64;

function compiled(regex: string): RE2JS {
  const known = patterns.get(regex);
  if (known !== undefined) return known;
  const pattern = checked(regex);
  if (patterns.size >= MOST_PATTERNS) patterns.delete(patterns.keys().next().value!);
  patterns.set(regex, pattern);
  return pattern;
}

/** Within the bounds of all patterns, so that no line can stall the thread. */
function checked(regex: string): RE2JS {
  try {
    compileRegex(regex);
  } catch (error) {
    throw new PayloadError('body/regex', (error as Error).message);
  }
  const pattern = RE2JS.compile(regex);
  if (pattern.groupCount() < 1) throw new PayloadError('body/regex', 'needs a group for the number of bytes');
  return pattern;
}
