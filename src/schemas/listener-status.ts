/** What the registry shows of a listener: the spec with its defaults, and what is. The HTTP face writes it as it stands. */
import type { FullSpec } from './listener.ts';
import type { ListenerState } from './listener-states.ts';

export type ListenerView = FullSpec & {
  id: string;
  state: ListenerState;
  /** null while no port is held (opening, completed, failed). */
  address: { host: string; port: number; url: string } | null;
  /** RFC 3339. */
  createdAt: string;
  expiresAt: string | null;
  error?: { code: string; detail: string };
  /** Of the answer to a change alone: what is allowed and most likely not meant. */
  warnings?: string[];
  bindings: { thread: string }[];
  unread: number;
  unmatched: number;
  stats: ListenerStats;
};

export type ListenerStats = {
  received: number;
  receivedBytes: number;
  captured: number;
  sent: number;
  sentBytes: number;
  requests: number;
  connectionsOpen: number;
  connectionsTotal: number;
  connectionsRefused: number;
  dropped: Dropped;
  evicted: number;
  cleared: number;
  truncated: number;
  repliesSuppressed: number;
  /** Messages or connections that met a mistake of this program. */
  internalErrors: number;
  repliesRefused: number;
  foreignSockets: number;
  firstSeq: number;
  lastSeq: number;
  receiveBuffer: number;
  /** Reads that brought at least one message. */
  receiveBatches: number;
};
/** `kernel` is null where the platform can't tell. */
export type Dropped = {
  kernel: number | null;
  overload: number;
  denied: number;
  fault: number;
  full: number;
  paused: number;
  closed: number;
  lost: number;
};
