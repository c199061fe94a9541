/** Tokens of a text that is known to be JSON: where each begins and ends. White space and recursion are not needed. */
import { closes, opens, stringEnd } from './depth.ts';

export const CODE = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  openArray: 0x5b,
  closeArray: 0x5d,
  openObject: 0x7b,
} as const;

export class Tokens {
  readonly text: string;
  /** Of the token at hand: its first character, where it begins, and where it has ended. */
  code = 0;
  start = 0;
  end: number;

  constructor(text: string, start = 0) {
    this.text = text;
    this.end = start;
  }

  /** The token at hand as it is written. */
  get written(): string {
    return this.text.slice(this.start, this.end);
  }

  /** Goes to the next one; false at the end of the text. */
  next(): boolean {
    const { text } = this;
    let i = this.end;
    while (i < text.length && text.charCodeAt(i) <= 0x20) i++;
    if (i >= text.length) return false;
    this.start = i;
    this.code = text.charCodeAt(i);
    this.end = this.#endOf(i);
    return true;
  }

  /** From the token that opens an array or object to the one that closes it. */
  skip(): void {
    const { start, code } = this;
    for (let depth = 1; depth > 0 && this.next(); ) {
      if (opens(this.code)) depth++;
      else if (closes(this.code)) depth--;
    }
    this.start = start;
    this.code = code;
  }

  #endOf(start: number): number {
    const { text, code } = this;
    if (code === CODE.quote) return stringEnd(text, start) + 1;
    if (isMark(code)) return start + 1;
    let i = start + 1;
    while (i < text.length && text.charCodeAt(i) > 0x20 && !isMark(text.charCodeAt(i))) i++;
    return i;
  }
}

/** One of `,:[]{}` */
function isMark(code: number): boolean {
  return code === CODE.comma || code === CODE.colon || opens(code) || closes(code);
}
