/** A message's bytes as they were on the wire. */
import type { ChunkReader } from './chunk-reader.ts';
import { decodeFrameBytes } from './frame-bytes.ts';

/**
 * The record's frame, up to where its payload was cut; null where it was too long to be kept. A copy.
 * @param terminator latin1; what ends each incoming message whose frame is not kept with it
 */
export function wireBytes(reader: ChunkReader, terminator: string | undefined): Uint8Array<ArrayBuffer> | null {
  const { payload, truncated, frame } = reader;
  if (frame !== undefined) {
    const whole = decodeFrameBytes(frame, payload, truncated);
    return whole === null ? null : Uint8Array.from(whole);
  }
  if (terminator === undefined || !reader.isIncoming || truncated) return Uint8Array.from(payload);
  const whole = new Uint8Array(payload.length + terminator.length);
  whole.set(payload);
  whole.set(Buffer.from(terminator, 'latin1'), payload.length);
  return whole;
}
