/** Writing chunks; see chunkLayout.ts for what stands where. */
import { crc32 } from 'node:zlib';
import {
  CHUNK_REFERENCES,
  type ChunkOrigin,
  type Draft,
  EXTRA_TYPES,
  type Extras,
  FLAG_ANSWERS_SEQ,
  FLAG_CONNECTION,
  FLAG_REFERENCE,
  FLAG_REMOTE,
  FLAG_TRUNCATED,
  GAP_REASONS,
  H,
  HEADER_BYTES,
  type Instant,
  KIND_GAP,
  KIND_MESSAGE,
  MAGIC,
  NO_PAYLOAD,
  nanosBetween,
  R,
  RECORD_BYTES,
  recordBytes,
} from './chunkLayout.ts';

const encoder = new TextEncoder();

/**
 * Encodes drafts into one chunk of exactly the size needed. The caller keeps to CHUNK_LIMIT and to `fitsBase` of the
 * first draft.
 * @param elapsed nanoseconds from the listener's opening to the first draft's moment
 * @param ordinal the binding ordinal of the first message
 */
export function encodeChunk(
  origin: ChunkOrigin,
  drafts: readonly Draft[],
  elapsed: number,
  ordinal: number,
): Uint8Array {
  const extras = drafts.map((draft) => encodeExtras(draft.extras));
  let bytes = HEADER_BYTES;
  drafts.forEach((draft, i) => {
    bytes += recordBytes(draft.payload.length, extras[i]!.length);
  });
  const chunk = new Uint8Array(bytes);
  const view = new DataView(chunk.buffer);
  const base = drafts[0]!.at;
  let offset = HEADER_BYTES;
  let messages = 0;
  let kinds = 0;
  let dropped = 0;
  let flags = 0;
  drafts.forEach((draft, i) => {
    const tail = extras[i]!;
    writeRecord(chunk, view, offset, draft, nanosBetween(base, draft.at), tail);
    if (draft.kind === KIND_MESSAGE) {
      messages++;
      if (draft.reference !== undefined || draft.answersSeq !== undefined) flags |= CHUNK_REFERENCES;
    } else if (draft.kind === KIND_GAP) dropped += draft.reference ?? 0;
    kinds |= 1 << draft.kind;
    offset += recordBytes(draft.payload.length, tail.length);
  });
  writeHeader(view, origin, base, elapsed, ordinal);
  view.setUint16(H.records, drafts.length, true);
  view.setUint16(H.messages, messages, true);
  view.setUint32(H.dropped, dropped, true);
  view.setUint16(H.kinds, kinds, true);
  view.setUint16(H.flags, flags, true);
  return chunk;
}

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

function writeRecord(
  chunk: Uint8Array,
  view: DataView,
  offset: number,
  draft: Draft,
  delta: number,
  extras: Uint8Array,
): void {
  const stored = draft.payload.length;
  let flags = 0;
  if (stored < draft.size && draft.kind !== KIND_GAP) flags |= FLAG_TRUNCATED;
  if (draft.reference !== undefined) flags |= FLAG_REFERENCE;
  else if (draft.answersSeq !== undefined) flags |= FLAG_REFERENCE | FLAG_ANSWERS_SEQ;
  if (draft.connection !== undefined) flags |= FLAG_CONNECTION;
  if (draft.remote !== undefined) flags |= FLAG_REMOTE;
  view.setUint32(offset + R.length, recordBytes(stored, extras.length), true);
  view.setUint32(offset + R.size, draft.size, true);
  view.setUint32(offset + R.stored, stored, true);
  view.setInt32(offset + R.delta, delta, true);
  view.setUint8(offset + R.kind, draft.kind);
  view.setUint8(offset + R.direction, draft.direction);
  view.setUint8(offset + R.flags, flags);
  view.setUint8(offset + R.reason, draft.reason === undefined ? 0 : GAP_REASONS.indexOf(draft.reason));
  view.setUint16(offset + R.remotePort, draft.remotePort ?? 0, true);
  view.setUint16(offset + R.extras, extras.length, true);
  view.setUint32(offset + R.connection, draft.connection ?? 0, true);
  view.setUint32(offset + R.reference, (draft.reference ?? draft.answersSeq ?? 0) >>> 0, true);
  if (draft.remote !== undefined) chunk.set(draft.remote, offset + R.remote);
  chunk.set(draft.payload, offset + RECORD_BYTES);
  chunk.set(extras, offset + RECORD_BYTES + stored);
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

/** Fills in the checksum; the journal calls it last, once firstSeq and the references are final. */
export function sealChunk(chunk: Uint8Array, view: DataView): void {
  view.setUint32(H.crc, crc32(chunk.subarray(12)), true);
}

/** Whether the bytes are a whole chunk whose checksum holds. */
export function isWholeChunk(chunk: Uint8Array): boolean {
  if (chunk.length < HEADER_BYTES) return false;
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (view.getUint32(H.magic, true) !== MAGIC || view.getUint32(H.bytes, true) !== chunk.length) return false;
  return view.getUint32(H.crc, true) === crc32(chunk.subarray(12));
}
