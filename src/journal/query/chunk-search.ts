/** Looking for bytes in the payloads of a chunk, record after record: the quicker way that tests of matching/ take here. */
import { asBuffer } from '../../as-buffer.ts';
import type { Search } from '../../matching/bytes.ts';

/**
 * Whether payloads contain the bytes. Reading forward it searches each chunk once as a whole: a hit beyond the current
 * payload is kept for the records to come, so records without one cost a comparison. A chunk must stay as it is.
 */
export const searchChunk: Search = (wanted) => {
  if (wanted.length === 0) return () => true;
  const needle = asBuffer(wanted);
  let bytes: Uint8Array | undefined;
  let buffer = Buffer.alloc(0);
  let from = 0;
  let hit = 0;
  return (reader) => {
    const start = reader.payloadOffset;
    const end = start + reader.stored;
    if (reader.bytes !== bytes) {
      bytes = reader.bytes;
      buffer = asBuffer(bytes);
      from = Number.POSITIVE_INFINITY;
      hit = -1;
    }
    if (start < from && from !== Number.POSITIVE_INFINITY) return buffer.subarray(start, end).includes(needle);
    if (hit < start) {
      const found = buffer.indexOf(needle, start);
      from = start;
      hit = found === -1 ? Number.POSITIVE_INFINITY : found;
    }
    return hit + needle.length <= end;
  };
};
