/** What all who write chunks share; see chunkLayout.ts for what stands where. */
import { crc32 } from 'node:zlib';
import {
  type ChunkOrigin,
  EXTRA_FRAME,
  EXTRA_TYPES,
  type Extras,
  H,
  HEADER_BYTES,
  type Instant,
  layoutVersion,
  MAGIC,
  NO_PAYLOAD,
} from './chunk-layout.ts';

const encoder = new TextEncoder();

/** Writes the header fields that are known before the records are; the counts are the caller's. */
export function writeHeader(
  view: DataView,
  origin: ChunkOrigin,
  base: Instant,
  elapsed: number,
  ordinal: number,
): void {
  view.setUint32(H.magic, MAGIC, true);
  view.setUint32(H.bytes, view.byteLength, true);
  view.setUint16(H.node, origin.node, true);
  view.setUint16(H.thread, origin.thread, true);
  view.setUint32(H.listenerLow, origin.listener % 0x1_0000_0000, true);
  view.setUint16(H.listenerHigh, Math.floor(origin.listener / 0x1_0000_0000), true);
  view.setUint8(H.binding, origin.binding);
  view.setUint8(H.incarnation, origin.incarnation & 0xff);
  view.setUint32(H.seconds, base.seconds, true);
  view.setUint32(H.nanos, base.nanos, true);
  view.setFloat64(H.elapsed, elapsed, true);
  view.setUint32(H.ordinal, ordinal >>> 0, true);
}

/** The bytes of the extras; at most 65,535 in all, longer texts are cut. */
export function encodeExtras(extras: Extras | undefined): Uint8Array {
  if (extras === undefined) return NO_PAYLOAD;
  const parts: number[] = [];
  EXTRA_TYPES.forEach((name, type) => {
    const text = extras[name];
    if (text === undefined) return;
    const bytes = encoder.encode(text).subarray(0, 12_000);
    parts.push(type, bytes.length & 0xff, bytes.length >>> 8, ...bytes);
  });
  return Uint8Array.from(parts);
}

/** The extras of a record with its frame's bytes behind them. */
export function withFrame(extras: Uint8Array, frame: Uint8Array): Uint8Array {
  const all = new Uint8Array(extras.length + 3 + frame.length);
  all.set(extras);
  all.set([EXTRA_FRAME, frame.length & 0xff, frame.length >>> 8], extras.length);
  all.set(frame, extras.length + 3);
  return all;
}

/** Fills in the checksum; the journal calls it last, once firstSeq and the references are final. */
export function sealChunk(chunk: Uint8Array, view: DataView): void {
  view.setUint32(H.crc, crc32(chunk.subarray(12)), true);
}

/** Whether the bytes are a whole chunk whose checksum holds. */
export function isWholeChunk(chunk: Uint8Array): boolean {
  if (chunk.length < HEADER_BYTES) return false;
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (layoutVersion(view.getUint32(H.magic, true)) === 0 || view.getUint32(H.bytes, true) !== chunk.length)
    return false;
  return view.getUint32(H.crc, true) === crc32(chunk.subarray(12));
}
