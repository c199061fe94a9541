/** Payloads on their way in and out, without Buffer: this runs in browsers too. */
import type { PayloadInput } from '../schemas/payload.ts';

/** Bytes to send: text (UTF-8), bytes, or what the API takes: exactly one of `text`, `hex`, `base64`, `json`. */
export type Payload = string | Uint8Array | PayloadInput;

export function payloadInput(payload: Payload): PayloadInput {
  if (typeof payload === 'string') return { text: payload };
  if (isBytes(payload)) return { base64: toBase64(payload) };
  return payload;
}

/** Also of another realm, as test frameworks have them. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value);
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

/** Arguments of one String.fromCharCode call: engines have a limit. */
const SLICE = 8192;

export function toBase64(bytes: Uint8Array): string {
  let characters = '';
  for (let i = 0; i < bytes.length; i += SLICE) characters += String.fromCharCode(...bytes.subarray(i, i + SLICE));
  return btoa(characters);
}

export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

export function toHex(bytes: Uint8Array, separator = ''): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(separator);
}
