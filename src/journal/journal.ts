/**
 * Journal: the append-only, numbered, bounded log of all listeners, as the main thread sees it. Two halves stand behind
 * it so that a cluster can keep the second elsewhere: the Sequencer (gives seq, one series a listener) and the Store
 * (append, read, trim). Worker threads hand chunks straight to the journal thread over a port of their own; the main
 * thread only pulls encoded bytes. Nothing is shown before it is committed.
 */
import type { MessagePort } from 'node:worker_threads';
import type { ByteDiff } from '../matching/test.ts';
import type { GapReason } from '../records/chunk.ts';
import type { Match } from '../schemas/match.ts';

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

export const PAYLOAD_MODES = ['full', 'text', 'hex', 'base64', 'none'] as const;
export type PayloadMode = (typeof PAYLOAD_MODES)[number];

/** A CIDR of 16-byte addresses (IPv4 as IPv4-mapped, so /8 is prefix 104), with an optional port. */
export type RemoteFilter = { bytes: Uint8Array; prefix: number; port?: number };

/** What a record must satisfy; all members together are an "and". Absent = anything. */
export type MessageFilter = {
  /** Bit set over KINDS; default is messages only. */
  kinds?: number;
  direction?: 'in' | 'out';
  remote?: RemoteFilter;
  connection?: number;
  /** Microseconds since 1970; since inclusive, until exclusive. */
  since?: number;
  until?: number;
  minSize?: number;
  maxSize?: number;
  /** The payload contains this text (UTF-8, case-sensitive). */
  text?: string;
  /** The payload contains this pattern: pairs of hex digits, `??` for any byte. */
  hex?: string;
  /** RE2 syntax, matched in linear time against the payload as latin1 or UTF-8. */
  regex?: string;
  /** The payload has this value, given as JSON text, at a pointer. */
  json?: { pointer: string; text: string };
  /** Thread name, as shown on messages. */
  thread?: string;
  rule?: string;
  /** The `match` of a verification. */
  match?: Match;
};

/** One listener, or many in journal order (null: all that exist, judged live). */
export type Scope = { listener: number } | { listeners: number[] | null };

/** How a pull encodes what it finds. `json`: items joined by commas. `sse`: whole events with ids. `ndjson`: lines. */
export type ReadFormat = 'json' | 'sse' | 'ndjson' | 'pcapng';

export type Read = {
  scope: Scope;
  /** Exclusive cursor in text; null = from the oldest (asc) or the newest (desc) there is. */
  after: string | null;
  before: string | null;
  order: 'asc' | 'desc';
  /** Items at most. */
  limit: number;
  /** Bytes of payload at most; a pull always yields one item if there is one. */
  maxBytes: number;
  filter: MessageFilter;
  payload: PayloadMode;
  format: ReadFormat;
  /** Nobody is given what is found: it does not count as read. */
  peek?: boolean;
  /** pcapng only: which export this pull belongs to. What it knows of connections lasts from its first pull to the one without `hasMore`. */
  export?: { id: number; begins: boolean };
};

/**
 * Messages that a reader does not get: those between its cursor and the oldest one kept, or, with a cursor of an earlier
 * life, those of that life. There is no range where none is known.
 */
export type MissedRange = { reason: GapReason; dropped: number; fromSeq?: number; toSeq?: number };

export type ReadResult = {
  /** The encoded items. */
  body: Uint8Array;
  /** Items in the body; `messages` of them are messages. */
  items: number;
  messages: number;
  /** The last position scanned; give it back as `after` (asc) or `before` (desc). */
  next: string;
  /** More records lie beyond `next` (they may not match). */
  hasMore: boolean;
  gap?: MissedRange;
};

export type Wait = Read & {
  /** Matching records wanted. */
  count: number;
  /** Milliseconds until it gives up. */
  timeout: number;
};

/** `listenerId` is there when the wait is over more than one listener. */
/** `diff`: expected and actual bytes, where the filter says what is expected. */
export type NearMiss = { seq: number; why: string; listenerId?: string; diff?: ByteDiff };
export type Waited = ReadResult & {
  satisfied: boolean;
  matched: number;
  nearMisses: NearMiss[];
  /** The listener was deleted while waiting. */
  gone: boolean;
};

/** Numbers of one listener's history. */
export type HistoryStats = {
  /** Seq of the oldest message kept, lastSeq + 1 when none is. */
  firstSeq: number;
  lastSeq: number;
  /** `in` messages ever appended. */
  captured: number;
  /** Messages cut by the count, bytes or age bounds, or by the process-wide cap. */
  evicted: number;
  /** Messages cleared by request. */
  cleared: number;
  truncated: number;
  /** `in` messages refused because the history was full (dropNewest). */
  full: number;
  /** Bytes kept. */
  bytes: number;
  /** `in` messages above the highest seq ever served. */
  unread: number;
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

/** What the journal as a whole does and holds. */
export type JournalStats = {
  engine: 'memory' | 'file';
  chunks: number;
  bytes: number;
  maxBytes: number;
  /** Bytes on the disk: the file, its write-ahead log, and what is set aside for a full disk. 0 in memory. */
  disk: { file: number; log: number; ballast: number };
  /** Bytes accepted but not yet committed. */
  pending: number;
  appends: number;
  appendSeconds: number;
  waits: number;
  /** Mistakes of this program that were caught in its threads and logged. */
  internalErrors: number;
  /** Set while nothing can be stored, e.g. the disk is full. */
  fault: { code: string; detail: string } | null;
};

/** New ends of listeners' histories: at most one post per 5 ms. */
export type Tails = ReadonlyMap<number, number>;

export interface Journal {
  /** Makes a listener known, or changes what is known. Answers once it is stored. A listener's history is kept over calls. */
  register(listener: JournalListener): Promise<HistoryStats>;
  /** Keeps a text with a listener, for `savedSpecs` after a restart. Nothing where nothing outlives the process. */
  saveSpec(listener: number, spec: string): Promise<void>;
  /** What an earlier process saved, by listener; null where it ended before it saved anything. */
  savedSpecs(): Promise<Map<number, string | null>>;
  /** Keeps with each listener a text that says what was counted of it beside its history. One commit. */
  saveCounts(counts: ReadonlyMap<number, string>): Promise<void>;
  /** What an earlier process saved so, null where it didn't come to it, with what is known for certain. */
  savedCounts(): Promise<Map<number, { counts: string | null; traffic: Traffic }>>;
  /** New bounds; a smaller one evicts before the answer. */
  configure(listener: number, capture: CaptureLimits): Promise<void>;
  /** Drops a listener and all its records; waits on it answer `gone`. */
  forget(listener: number): Promise<void>;
  /** A listener serves no more: its waits answer at once with what there is, and so do later ones. */
  complete(listener: number, completed: boolean): Promise<void>;
  /** Takes over the far end of a worker's port. Messages on it: see workers/protocol.ts, ChunkMessage and CreditMessage. */
  attach(port: MessagePort): void;
  /** Appends records made by the main thread (listener, gap, problem). */
  append(chunk: Uint8Array): Promise<void>;
  /** Empties the workers' ports, then reads. Rejects with code `cursor_ahead` when `after` lies beyond the end. */
  read(request: Read, signal?: AbortSignal): Promise<ReadResult>;
  /** Ends a pcapng export whose client has gone. */
  endExport(id: number): Promise<void>;
  /** Answers when `count` records match, at the time-out, when the listener completes or is gone, or when aborted. */
  wait(request: Wait, signal: AbortSignal): Promise<Waited>;
  /** The kept bytes of one message, undefined when it isn't there. `peek` as in a pull. */
  payload(listener: number, seq: number, peek?: boolean): Promise<Uint8Array | undefined>;
  /** Where an answer to a message must go, undefined when it isn't there. */
  peer(listener: number, seq: number): Promise<MessagePeer | undefined>;
  /** Removes messages with seq < before (all when absent); answers how many. */
  clear(listener: number, before?: number): Promise<number>;
  /** Histories of the listeners asked for, after the ports are empty; unknown ones are left out. */
  histories(listeners: number[]): Promise<Map<number, HistoryStats>>;
  /** `in` messages appended from one binding incarnation, after its port is empty: what a dead thread had handed over. */
  accounted(listener: number, binding: number, incarnation: number): Promise<number>;
  /** The seq of a message that a thread knows by its own number, after the ports are empty; undefined when it was not kept. */
  seqOf(message: {
    listener: number;
    binding: number;
    incarnation: number;
    ordinal: number;
  }): Promise<number | undefined>;
  /** The cursor at the end of a scope: where a stream without `after` starts. */
  end(scope: Scope): Promise<string>;
  stats(): Promise<JournalStats>;
  /** Called for each post of heads. Returns the way to stop. */
  onTails(listener: (tails: Tails) => void): () => void;
  /** Commits what is there and ends the thread. */
  close(): Promise<void>;
}

export type MessagePeer = {
  direction: 'in' | 'out';
  remote: { address: string; port: number };
  connection: number | undefined;
  thread: string;
};
