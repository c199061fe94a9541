/**
 * Sequencer: gives every message of a listener its seq, from 1 and without holes. A chunk gets only the seq of its first
 * message; references that a worker could express only by its own ordinals become distances, so that the chunk stays
 * right wherever it is stored.
 */

import {
  CHUNK_REFERENCES,
  type ChunkReader,
  FLAG_ANSWERS_SEQ,
  FLAG_REFERENCE,
  H,
  KIND_MESSAGE,
  R,
} from '../../records/chunk.ts';
import { type BindingLog, noteRun, seqOfOrdinal } from './binding-log.ts';
import type { History } from './history.ts';

/** Numbers a chunk in place, as the next one of its listener. The history's tail is the caller's to move. */
export function numberChunk(history: History, reader: ChunkReader): void {
  const firstSeq = history.tail.major + 1;
  reader.view.setFloat64(H.firstSeq, firstSeq, true);
  if (reader.messages === 0) return;
  const log = history.binding(reader.binding, reader.incarnation);
  noteRun(log, reader.ordinal, firstSeq, reader.messages);
  if ((reader.flags & CHUNK_REFERENCES) === 0) return;
  reader.rewind();
  while (reader.next()) {
    if (reader.kind === KIND_MESSAGE && reader.hasReference) refer(reader, distance(log, reader));
  }
  reader.rewind();
  reader.view.setUint16(H.flags, reader.flags & ~CHUNK_REFERENCES, true);
}

/** How far back the message lies that the current one answers; 0 when that isn't known. */
function distance(log: BindingLog, reader: ChunkReader): number {
  if (reader.answersSeq) return (reader.seq - reader.reference) >>> 0;
  const answered = seqOfOrdinal(log, reader.reference);
  return answered === undefined ? 0 : reader.seq - answered;
}

/** A message can't answer itself, a later one or one before the first: then the reference goes. */
function refer(reader: ChunkReader, back: number): void {
  const known = back > 0 && back < reader.seq;
  const flags = reader.bytes[reader.offset + R.flags]! & ~FLAG_ANSWERS_SEQ;
  reader.bytes[reader.offset + R.flags] = known ? flags : flags & ~FLAG_REFERENCE;
  reader.view.setUint32(reader.offset + R.reference, known ? back : 0, true);
}
