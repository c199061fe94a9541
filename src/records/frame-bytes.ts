/**
 * The frame of a message: its bytes on the wire where they are more than the payload. Kept beside the payload as what
 * stands before and behind it, or as a whole where the payload is written otherwise in there.
 *
 * Layout: 4 bytes, the length of the head (little-endian) or WHOLE, then head and tail, or the whole frame. Nothing at
 * all: it was too long to be kept.
 */
import { asBuffer } from '../as-buffer.ts';

const WHOLE = 0xffff_ffff;
/** Bytes at most: the extras of a record have 65,535 in all. */
const MOST_BYTES = 60_000;

export function encodeFrameBytes(raw: Uint8Array, payload: Uint8Array): Uint8Array {
  const head = payload.length > raw.length ? -1 : asBuffer(raw).indexOf(payload);
  const around = head === -1 ? raw.length : raw.length - payload.length;
  if (4 + around > MOST_BYTES) return new Uint8Array(0);
  const encoded = new Uint8Array(4 + around);
  const view = new DataView(encoded.buffer);
  if (head === -1) {
    view.setUint32(0, WHOLE, true);
    encoded.set(raw, 4);
  } else {
    view.setUint32(0, head, true);
    encoded.set(raw.subarray(0, head), 4);
    encoded.set(raw.subarray(head + payload.length), 4 + head);
  }
  return encoded;
}

/** The frame around a payload, up to where that was cut; null where it was not kept. */
export function decodeFrameBytes(encoded: Uint8Array, stored: Uint8Array, truncated: boolean): Uint8Array | null {
  if (encoded.length < 4) return null;
  const head = new DataView(encoded.buffer, encoded.byteOffset).getUint32(0, true);
  const around = encoded.subarray(4);
  if (head === WHOLE) return around;
  return Buffer.concat([around.subarray(0, head), stored, truncated ? new Uint8Array(0) : around.subarray(head)]);
}
