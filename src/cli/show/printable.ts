/** Payloads on one line, with nothing in it that a terminal would obey. */

const decoder = new TextDecoder('utf-8', { fatal: true });

/** C0, DEL, C1, line separators and marks that change the direction of text. */
const UNSAFE = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\\]/gu;
const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

/** Text as it is with escapes for the rest; bytes that are no UTF-8 as `\xff`. */
export function printable(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes).replace(UNSAFE, escaped);
  } catch {
    return Array.from(bytes, byteText).join('');
  }
}

/** `48 6f 6c 61` */
export function spacedHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

function escaped(character: string): string {
  const code = character.codePointAt(0)!;
  return SHORT[character] ?? (code < 0x100 ? byteEscape(code) : `\\u${code.toString(16).padStart(4, '0')}`);
}

function byteText(byte: number): string {
  const character = String.fromCharCode(byte);
  return SHORT[character] ?? (byte >= 0x20 && byte < 0x7f ? character : byteEscape(byte));
}

function byteEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
