/** Chunks of the journal's own, of one record each. `elapsed` is in nanoseconds since the listener opened. */
import { type Draft, encodeChunk, type GapReason, KIND_GAP, KIND_PROBLEM, NO_PAYLOAD } from '../records/chunk.ts';

export function gapChunk(listener: number, reason: GapReason, dropped: number, elapsed: number): Uint8Array {
  return ownChunk(listener, { kind: KIND_GAP, reference: dropped, reason }, elapsed);
}

export function problemChunk(listener: number, detail: { code: string; detail: string }, elapsed = 0): Uint8Array {
  return ownChunk(listener, { kind: KIND_PROBLEM, extras: { text: JSON.stringify(detail) } }, elapsed);
}

type What = Pick<Draft, 'kind' | 'reference' | 'reason' | 'extras'>;

function ownChunk(listener: number, what: What, elapsed: number): Uint8Array {
  const now = Date.now();
  const at = { seconds: Math.floor(now / 1000), nanos: (now % 1000) * 1e6 };
  const origin = { listener, node: 0, thread: 0, binding: 0xff, incarnation: 0 };
  return encodeChunk(origin, [{ ...what, direction: 0, at, size: 0, payload: NO_PAYLOAD }], elapsed, 0);
}
