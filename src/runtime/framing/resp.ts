/** Whole values of the Redis protocol, RESP2 and RESP3. Goes on where the last look ended, however the value is nested. */
import { asBuffer } from '../../as-buffer.ts';
import { type Scan, ScanningCodec } from './scanning-codec.ts';

const CRLF = Buffer.from('\r\n');
/** Depth of values within values at most. */
const MOST_DEPTH = 64;
/** A line that begins a value, at most. */
const MOST_LINE = 65_536;

/** Types whose value is their line, those whose line is the length of bytes, and how many values follow for each counted. */
const LINES = new Set('+-:_#,('.split(''));
const BYTES = new Set('$!='.split(''));
const VALUES: Readonly<Record<string, number>> = { '*': 1, '~': 1, '>': 1, '%': 2, '|': 2 };

export class RespCodec extends ScanningCodec {
  /** Where the next value begins. */
  #at = 0;
  /** Values still to come, of the outermost to the innermost aggregate. */
  #open: number[] = [1];
  /** The end of the line begins in none of so many bytes. */
  #searched = 0;

  protected scan(bytes: Uint8Array): Scan {
    while (this.#open.length > 0) {
      const end = asBuffer(bytes).indexOf(CRLF, Math.max(this.#searched, this.#at));
      if (end === -1) {
        if (bytes.length - this.#at > MOST_LINE + 1) return fault('the end of the line', this.#at);
        this.#searched = Math.max(0, bytes.length - 1);
        return bytes.length > this.#at && !isType(bytes[this.#at]!)
          ? fault('a type of RESP', this.#at)
          : { more: bytes.length + 1 };
      }
      if (end - this.#at > MOST_LINE) return fault('the end of the line', this.#at);
      const step = this.#value(bytes, end);
      if (step !== null) return step;
    }
    return { bytes: this.#at, payload: bytes.subarray(0, this.#at) };
  }

  protected override reset(): void {
    this.#at = 0;
    this.#open = [1];
    this.#searched = 0;
  }

  encode(payload: Uint8Array): Uint8Array {
    return payload;
  }

  /** Passes the value whose line ends at `end`; null when the next one may be looked at. */
  #value(bytes: Uint8Array, end: number): Scan | null {
    const type = String.fromCharCode(bytes[this.#at]!);
    const head = end + CRLF.length;
    if (LINES.has(type)) return this.#passed(head);
    const count = countIn(asBuffer(bytes).toString('latin1', this.#at + 1, end));
    if (!BYTES.has(type) && VALUES[type] === undefined) return fault('a type of RESP', this.#at);
    if (count === null) return fault('a number', this.#at + 1);
    if (count === -1) return this.#passed(head);
    if (BYTES.has(type)) return this.#bytes(bytes, head, count);
    return this.#values(head, type, count);
  }

  #bytes(bytes: Uint8Array, head: number, count: number): Scan | null {
    const whole = head + count + CRLF.length;
    if (bytes.length < whole) return { more: whole };
    if (bytes[whole - 2] !== 0x0d || bytes[whole - 1] !== 0x0a) return fault('CR LF behind the bytes', whole - 2);
    return this.#passed(whole);
  }

  /** An attribute stands before the value it belongs to, so it is no value itself. */
  #values(head: number, type: string, count: number): Scan | null {
    if (this.#open.length > MOST_DEPTH) return fault(`at most ${MOST_DEPTH} values within each other`, this.#at);
    if (count === 0 && type !== '|') return this.#passed(head);
    this.#at = head;
    if (type === '|') this.#open[this.#open.length - 1]!++;
    if (count > 0) this.#open.push(count * VALUES[type]!);
    else this.#close();
    return null;
  }

  #passed(at: number): null {
    this.#at = at;
    this.#close();
    return null;
  }

  /** One value more is there, and with it maybe those around it. */
  #close(): void {
    while (this.#open.length > 0 && --this.#open[this.#open.length - 1]! === 0) this.#open.pop();
  }
}

function isType(byte: number): boolean {
  const type = String.fromCharCode(byte);
  return LINES.has(type) || BYTES.has(type) || VALUES[type] !== undefined;
}

/** A whole number of at most 9 digits, or -1 for null. */
function countIn(text: string): number | null {
  if (text === '-1') return -1;
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function fault(expected: string, offset: number): Scan {
  return { fault: { expected, offset } };
}
