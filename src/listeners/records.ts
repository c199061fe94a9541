/** Records that the main thread writes into a listener's history: its own changes, and gaps only main can know of. */

import { monotonicNanos, wallClock } from '../clock/wall-clock.ts';
import { type Draft, encodeChunk, KIND_GAP, KIND_LISTENER, KIND_PROBLEM, NO_PAYLOAD } from '../records/chunk.ts';

export type RecordOrigin = {
  /** The listener's number. */
  listener: number;
  /** Monotonic nanoseconds when it opened. */
  openedAt: number;
  binding: number;
  /** As in the chunk header; 0 is the main thread. */
  thread: number;
  incarnation: number;
};

/** A `listener` record; `detail` is shown as it stands. */
export function changeRecord(listener: number, openedAt: number, detail: Record<string, unknown>): Uint8Array {
  const origin = { listener, openedAt, binding: 0, thread: 0, incarnation: 0 };
  return record(origin, { kind: KIND_LISTENER, extras: { text: JSON.stringify(detail) } });
}

/** A `problem` record. */
export function problemRecord(
  listener: number,
  openedAt: number,
  detail: { code: string; detail: string },
): Uint8Array {
  const origin = { listener, openedAt, binding: 0, thread: 0, incarnation: 0 };
  return record(origin, { kind: KIND_PROBLEM, extras: { text: JSON.stringify(detail) } });
}

/** A `gap` record for messages that died with a thread, as if that thread had written it. */
export function lostRecord(origin: RecordOrigin, dropped: number): Uint8Array {
  return record(origin, { kind: KIND_GAP, reason: 'lost', reference: dropped });
}

function record(from: RecordOrigin, what: Pick<Draft, 'kind' | 'reason' | 'reference' | 'extras'>): Uint8Array {
  const { openedAt, ...origin } = from;
  const draft: Draft = { ...what, direction: 0, at: wallClock(), size: 0, payload: NO_PAYLOAD };
  return encodeChunk({ ...origin, node: 0 }, [draft], monotonicNanos() - openedAt, 0);
}
