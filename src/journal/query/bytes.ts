/** Looking for bytes in payloads. */
import { type ChunkReader, RECORD_BYTES } from '../../records/chunk.ts';

/**
 * Whether a payload contains the bytes. Reading forward it searches each chunk once as a whole: a hit beyond the current
 * payload is kept for the records to come, so records without one cost a comparison.
 */
export function containsBytes(needle: Uint8Array): (reader: ChunkReader) => boolean {
  if (needle.length === 0) return () => true;
  const wanted = asBuffer(needle);
  let bytes: Uint8Array | undefined;
  let buffer = Buffer.alloc(0);
  let from = 0;
  let hit = 0;
  return (reader) => {
    const start = reader.offset + RECORD_BYTES;
    const end = start + reader.stored;
    if (reader.bytes !== bytes) {
      bytes = reader.bytes;
      buffer = asBuffer(bytes);
      from = Number.POSITIVE_INFINITY;
      hit = -1;
    }
    if (start < from && from !== Number.POSITIVE_INFINITY) return buffer.subarray(start, end).includes(wanted);
    if (hit < start) {
      const found = buffer.indexOf(wanted, start);
      from = start;
      hit = found === -1 ? Number.POSITIVE_INFINITY : found;
    }
    return hit + needle.length <= end;
  };
}

/** The same memory as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer<ArrayBuffer> {
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}
