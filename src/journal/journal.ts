/** What the journal is told of listeners, and what it knows of them itself. */
import type { HistoryStats } from '../schemas/reads.ts';
import type { GapReason } from '../schemas/records.ts';

/** What the journal must know of a listener to number, bound and describe its records. */
export type JournalListener = {
  /** The listener's number; its id in text is `l_…`. */
  number: number;
  id: string;
  /** Shown in captures. */
  name?: string | null;
  protocol: 'udp' | 'tcp';
  /** The bound address, shown as `local`. */
  local: { address: string; port: number };
  /** What ended each incoming TCP message on the wire and is not part of it; captures show it again. */
  terminator?: string;
  capture: CaptureLimits;
};

/** Bounds of one listener's history; null is unbounded. `maxMessages` 0 counts and keeps nothing. */
export type CaptureLimits = {
  maxMessages: number;
  /** Bytes of chunks, records included. */
  maxBytes: number;
  /** Milliseconds. */
  maxAge: number | null;
  overflow: 'dropOldest' | 'dropNewest';
};

/** Reasons of gap records that tell of messages which peers sent and no history got. */
export const LOSSES = ['kernel', 'overload', 'paused', 'closed', 'lost'] as const satisfies GapReason[];

/** A listener's traffic as far as the journal itself knows it: stored in one commit with the records it comes from. */
export type Traffic = Pick<HistoryStats, 'captured' | 'full'> & {
  /** Sizes on the wire of the `in` messages. */
  incomingBytes: number;
  /** `out` messages, and their sizes on the wire. */
  outgoing: number;
  outgoingBytes: number;
  /** Sums of what gap records told. */
  dropped: Record<(typeof LOSSES)[number], number>;
};

/** Where a reply to a message must go. */
export type MessagePeer = {
  direction: 'in' | 'out';
  remote: { address: string; port: number };
  connection: number | undefined;
  thread: string;
  /** As the thread knows it. */
  recorded: RecordedMessage;
};

/** A message as the thread that recorded it knows it: by its own number. */
export type RecordedMessage = { listener: number; binding: number; incarnation: number; ordinal: number };
