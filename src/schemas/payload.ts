/** Payload as it comes in by HTTP: exactly one of text, hex, base64, json. */

export type PayloadInput = {
  text?: string;
  hex?: string;
  base64?: string;
  json?: unknown;
  /** Inside the program in place of `json`: its text, to leave as it was written. */
  jsonText?: string;
};

/** Thrown for a payload that can't be decoded; `field` names the member. */
export class PayloadError extends Error {
  readonly field: string;
  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

const FORMS = ['text', 'hex', 'base64', 'json'] as const;

/** The bytes of a payload. Throws PayloadError when there is none, more than one, or it can't be decoded. */
export function payloadBytes(input: PayloadInput): Uint8Array {
  const given = FORMS.filter((form) => input[form] !== undefined || (form === 'json' && input.jsonText !== undefined));
  if (given.length === 0) throw new PayloadError('text', 'needs a payload: exactly one of text, hex, base64, json');
  if (given.length > 1)
    throw new PayloadError(given[1]!, `give exactly one of text, hex, base64, json, not ${given.join(' and ')}`);
  if (input.text !== undefined) return textBytes(input.text);
  if (input.hex !== undefined) return hexBytes(input.hex);
  if (input.base64 !== undefined) return base64Bytes(input.base64);
  return new TextEncoder().encode(input.jsonText ?? JSON.stringify(input.json));
}

/** Why a text with half a character is refused: what is written in its place would be something else. */
export const HALF_CHARACTER =
  'holds half a character (a lone surrogate, U+D800 to U+DFFF), which UTF-8 can not express; send bytes as hex or base64';

function textBytes(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new PayloadError('text', HALF_CHARACTER);
  return new TextEncoder().encode(text);
}

/** Hex digits without what people put between them: spaces, commas, colons, line breaks and 0x. */
export function hexDigits(text: string): string {
  return text.replace(/0x|[\s,:]/gi, '');
}

/** Bytes of hex digits; spaces, commas, colons, line breaks and 0x are forgiven. */
export function hexBytes(text: string): Uint8Array {
  const digits = hexDigits(text);
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new PayloadError('hex', 'is not pairs of hex digits');
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}

function base64Bytes(text: string): Uint8Array {
  const plain = text.replace(/\s/g, '').replace(/-/g, '+').replace(/_/g, '/');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(plain) || plain.replace(/=+$/, '').length % 4 === 1) {
    throw new PayloadError('base64', 'is not base64');
  }
  return Uint8Array.from(Buffer.from(plain, 'base64'));
}
