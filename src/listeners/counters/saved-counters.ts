/**
 * SavedCounters: what is counted of a listener beside its history, as it is kept for the next process. It is stored at an
 * orderly end, and before that once a second: after a kill it may be a second old. What the journal knows is never late,
 * so what this lacks is made up from there, and the law holds: received = captured + what was dropped after it was read.
 */
import { LOSSES, type Traffic } from '../../journal/journal.ts';
import type { Counter, Ticket } from '../../runtime/counters.ts';

export type SavedCounters = {
  /** Over all bindings there ever were. */
  sums: Partial<Record<Counter, number>>;
  /** Numbers given out since the bindings were renewed last: of requests, of replies by the present responder. */
  taken: Record<Exclude<Ticket, 'served'>, number>;
  /** Whether the sockets told what the kernel dropped. */
  knowsKernelDrops: boolean;
  /** When the ttl ends, in milliseconds since 1970; null = never, or not while somebody held it. */
  expiresAt: number | null;
};

const NONE: SavedCounters = {
  sums: {},
  taken: { request: 0, reply: 0, connection: 0 },
  knowsKernelDrops: true,
  expiresAt: null,
};

/** Drops that are in `received`, beside `full`, which the journal counts. */
const READ_AND_DROPPED = ['overload', 'denied', 'fault', 'paused', 'closed', 'lost'] as const;

/** What was saved, brought up to what the journal knows. */
export function settledCounts(saved: string | null, known: Traffic, protocol: 'udp' | 'tcp'): SavedCounters {
  const counts: SavedCounters = saved === null ? NONE : JSON.parse(saved);
  const sums = { ...counts.sums };
  const atLeast = (counter: Counter, amount: number) => {
    sums[counter] = Math.max(sums[counter] ?? 0, amount);
  };
  for (const loss of LOSSES) atLeast(loss, known.dropped[loss]);
  const read = known.captured + known.full;
  sums.received = READ_AND_DROPPED.reduce((sum, reason) => sum + (sums[reason] ?? 0), read);
  atLeast('receivedBytes', known.incomingBytes);
  atLeast('sent', known.outgoing);
  atLeast('sentBytes', known.outgoingBytes);
  // Each datagram that came so far had been admitted as a request.
  if (protocol === 'udp') atLeast('requests', read);
  const unsaved = (sums.requests ?? 0) - (counts.sums.requests ?? 0);
  return { ...counts, sums, taken: { ...counts.taken, request: counts.taken.request + unsaved } };
}
