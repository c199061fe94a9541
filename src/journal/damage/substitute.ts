/**
 * Substitute: what stands in a history for a chunk whose bytes are not what was stored. It holds one gap record with as
 * many messages as are lost, at the place of the chunk, so readers pass it like any other and are told.
 */
import {
  CHUNK_SUBSTITUTE,
  ChunkReader,
  encodeChunk,
  H,
  type Instant,
  isWholeChunk,
  KIND_GAP,
  NO_PAYLOAD,
  sealChunk,
} from '../../records/chunk.ts';
import type { Spot } from '../store/store.ts';

/** Whether the bytes are the chunk that was stored at this spot: whole, and the one that its notes are about. */
export function isSound(chunk: unknown, { listener, start, end }: Spot): chunk is Uint8Array {
  if (!(chunk instanceof Uint8Array) || !isWholeChunk(chunk)) return false;
  const reader = new ChunkReader(chunk);
  if (reader.listener !== listener || reader.firstSeq !== start.major + 1) return false;
  return isSubstitute(chunk) || reader.messages === end.major - start.major;
}

export function isSubstitute(chunk: Uint8Array): boolean {
  return (chunk[H.flags]! & CHUNK_SUBSTITUTE) !== 0;
}

/** The substitute of what was at a spot, sealed. `at` is when that was found out. */
export function substituteFor({ listener, start, end }: Omit<Spot, 'row'>, at = now()): Uint8Array<ArrayBuffer> {
  const origin = { listener, node: 0, thread: 0, binding: 0xff, incarnation: 0 };
  const reference = end.major - start.major;
  const gap = { kind: KIND_GAP, direction: 0, at, size: 0, payload: NO_PAYLOAD, reference, reason: 'damaged' as const };
  const chunk = encodeChunk(origin, [gap], 0, 0);
  const view = new DataView(chunk.buffer);
  view.setFloat64(H.firstSeq, start.major + 1, true);
  view.setUint16(H.flags, CHUNK_SUBSTITUTE, true);
  sealChunk(chunk, view);
  return chunk;
}

/** When a substitute says that the damage was found. */
export function foundAt(substitute: Uint8Array): Instant {
  const { seconds, nanos } = new ChunkReader(substitute);
  return { seconds, nanos };
}

function now(): Instant {
  const at = Date.now();
  return { seconds: Math.floor(at / 1000), nanos: (at % 1000) * 1e6 };
}
