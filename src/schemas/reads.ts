/** Reads of messages as the HTTP face asks for them and the journal carries them out: filters, cursors, results. */
import type { ByteDiff, Match } from './match.ts';
import type { GapReason } from './records.ts';

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
  /** Whether there are rules, and none matched it. */
  unmatched?: boolean;
  /** The `match` of a verification. */
  match?: Match;
};

/** One listener, or many in journal order (null: all that exist, judged live). */
export type ReadScope = { listener: number } | { listeners: number[] | null };

/** How a pull encodes what it finds. `json`: items joined by commas. `sse`: whole events with ids. `ndjson`: lines. */
export type ReadFormat = 'json' | 'sse' | 'ndjson' | 'pcapng';

export type Read = {
  scope: ReadScope;
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

/** How the bytes of one message are read. */
export type PayloadOptions = {
  /** It does not count as read. */
  peek?: boolean;
  /** With its frame, as it was on the wire. */
  raw?: boolean;
};

/** Free bytes around the items of a page, for what is written around them: `{"items":[` and the members behind. */
export const PAGE_MARGIN = { before: 10, behind: 512 } as const;

export type ReadResult = {
  /** The encoded items. In format `json` their memory may have PAGE_MARGIN around them, its first byte 0 until it is used. */
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

/** `listenerId` is there when the wait is over more than one listener; `diff` where the filter says what is expected. */
export type NearMiss = { seq: number; why: string; listenerId?: string; diff?: ByteDiff };
export type WaitResult = ReadResult & {
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
