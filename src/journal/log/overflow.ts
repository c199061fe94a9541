/** What `overflow: dropNewest` does to a chunk that a full history can't take whole. */
import { type ChunkReader, DIRECTION_IN, H, HEADER_BYTES, KIND_GAP, KIND_MESSAGE } from '../../records/chunk.ts';

export type TrimResult = {
  /** What fits, undefined when no record does; the chunk itself when all of it does. */
  chunk: Uint8Array | undefined;
  /** `in` messages that don't. */
  refused: number;
};

/** Space left in a history. Bytes are those of chunks, header included. */
export type FreeSpace = { messages: number; bytes: number };

/** Keeps the records that fit: once a message is refused, every later one of the chunk is. */
export function admit(reader: ChunkReader, reserve: FreeSpace): TrimResult {
  if (reader.messages <= reserve.messages && reader.end <= reserve.bytes) return { chunk: reader.bytes, refused: 0 };
  const kept: Uint8Array[] = [];
  const counts = { messages: 0, dropped: 0, kinds: 0 };
  let bytes = HEADER_BYTES;
  let refused = 0;
  let full = false;
  reader.rewind();
  while (reader.next()) {
    const isMessage = reader.kind === KIND_MESSAGE;
    const length = reader.endOffset - reader.offset;
    const fits = bytes + length <= reserve.bytes && !(isMessage && (full || counts.messages >= reserve.messages));
    if (isMessage && !fits) {
      full = true;
      if (reader.direction === DIRECTION_IN) refused++;
    }
    if (!fits) continue;
    kept.push(reader.bytes.subarray(reader.offset, reader.endOffset));
    bytes += length;
    if (isMessage) counts.messages++;
    if (reader.kind === KIND_GAP) counts.dropped += reader.reference;
    counts.kinds |= 1 << reader.kind;
  }
  reader.rewind();
  return { chunk: kept.length === 0 ? undefined : assemble(reader, kept, bytes, counts), refused };
}

function assemble(
  reader: ChunkReader,
  records: readonly Uint8Array[],
  bytes: number,
  counts: { messages: number; dropped: number; kinds: number },
): Uint8Array {
  const chunk = new Uint8Array(bytes);
  chunk.set(reader.bytes.subarray(0, HEADER_BYTES));
  let offset = HEADER_BYTES;
  for (const record of records) {
    chunk.set(record, offset);
    offset += record.length;
  }
  const view = new DataView(chunk.buffer);
  view.setUint32(H.bytes, bytes, true);
  view.setUint16(H.records, records.length, true);
  view.setUint16(H.messages, counts.messages, true);
  view.setUint32(H.dropped, counts.dropped, true);
  view.setUint16(H.kinds, counts.kinds, true);
  return chunk;
}
