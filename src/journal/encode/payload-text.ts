/** Payloads as JSON strings, written straight into bytes. */
import { isUtf8 } from 'node:buffer';
import { asBuffer } from '../../as-buffer.ts';
import type { ByteWriter } from './byte-writer.ts';

const PLAIN = 0;
const ESCAPED = 1;
const CONTROL = 2;
const WIDE = 4;
const BASE64 = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const HEX = Buffer.from('0123456789abcdef');
const QUOTE = 0x22;
const PAD = 0x3d;
/** From here on the native encoder is faster. */
const LONG = 256;

/** What each byte means for a JSON string. */
const CLASSES = Uint8Array.from({ length: 256 }, (_, byte) => classOf(byte));

function classOf(byte: number): number {
  if (byte === QUOTE || byte === 0x5c || byte === 0x09 || byte === 0x0a || byte === 0x0d) return ESCAPED;
  if (byte < 0x20 || byte === 0x7f) return CONTROL;
  return byte < 0x80 ? PLAIN : WIDE;
}

/**
 * Writes `name` (such as `,"text":`) and the payload as text; writes nothing and answers false when it is not valid UTF-8
 * or has control bytes other than tab, CR and LF.
 */
export function writeText(writer: ByteWriter, name: Uint8Array, payload: Uint8Array): boolean {
  let seen = 0;
  for (let i = 0; i < payload.length; i++) seen |= CLASSES[payload[i]!]!;
  if ((seen & CONTROL) !== 0 || ((seen & WIDE) !== 0 && !isUtf8(payload))) return false;
  writer.bytes(name);
  writer.byte(QUOTE);
  if ((seen & ESCAPED) === 0) writer.bytes(payload);
  else writeEscaped(writer, payload);
  writer.byte(QUOTE);
  return true;
}

function writeEscaped(writer: ByteWriter, payload: Uint8Array): void {
  const buffer = writer.reserve(payload.length * 2);
  let at = writer.length;
  for (let i = 0; i < payload.length; i++) {
    const byte = payload[i]!;
    if (CLASSES[byte] !== ESCAPED) {
      buffer[at++] = byte;
      continue;
    }
    buffer[at++] = 0x5c;
    buffer[at++] = byte === 0x0a ? 0x6e : byte === 0x0d ? 0x72 : byte === 0x09 ? 0x74 : byte;
  }
  writer.length = at;
}

/** Writes `"…"`, the payload in base64. */
export function writeBase64(writer: ByteWriter, payload: Uint8Array): void {
  writer.byte(QUOTE);
  if (payload.length > LONG) writer.latin1(asBuffer(payload).toString('base64'));
  else writeShortBase64(writer, payload);
  writer.byte(QUOTE);
}

function writeShortBase64(writer: ByteWriter, payload: Uint8Array): void {
  const { length } = payload;
  const whole = length - (length % 3);
  const buffer = writer.reserve(Math.ceil(length / 3) * 4);
  let at = writer.length;
  for (let i = 0; i < whole; i += 3) {
    const triple = (payload[i]! << 16) | (payload[i + 1]! << 8) | payload[i + 2]!;
    buffer[at] = BASE64[triple >>> 18]!;
    buffer[at + 1] = BASE64[(triple >>> 12) & 63]!;
    buffer[at + 2] = BASE64[(triple >>> 6) & 63]!;
    buffer[at + 3] = BASE64[triple & 63]!;
    at += 4;
  }
  if (whole < length) {
    const two = whole + 1 < length;
    const rest = (payload[whole]! << 16) | (two ? payload[whole + 1]! << 8 : 0);
    buffer[at++] = BASE64[rest >>> 18]!;
    buffer[at++] = BASE64[(rest >>> 12) & 63]!;
    buffer[at++] = two ? BASE64[(rest >>> 6) & 63]! : PAD;
    buffer[at++] = PAD;
  }
  writer.length = at;
}

/** Writes `"…"`, the payload in hex digits. */
export function writeHex(writer: ByteWriter, payload: Uint8Array): void {
  const buffer = writer.reserve(payload.length * 2 + 2);
  let at = writer.length;
  buffer[at++] = QUOTE;
  for (let i = 0; i < payload.length; i++) {
    buffer[at++] = HEX[payload[i]! >>> 4]!;
    buffer[at++] = HEX[payload[i]! & 15]!;
  }
  buffer[at++] = QUOTE;
  writer.length = at;
}
