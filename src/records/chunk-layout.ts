/**
 * Chunk: a packed batch of records of one listener, encoded once in the worker thread that received them. It is the
 * currency between threads, the row of the store, and what a page or stream decodes. Little-endian, 8-aligned,
 * versioned. A chunk is self-contained: it names its listener, node, thread and times. A message's seq is never stored:
 * it is `firstSeq`, which only the journal fills in, plus the message's place among the chunk's messages.
 *
 * Header, 64 bytes:
 *   0 u32 magic and version, see LAYOUT_VERSION    4 u32 bytes in all          8 u32 crc32 of byte 12 to the end
 *  12 u16 node                14 u16 thread (THREAD_DEDICATED | ordinal, 0 = main)
 *  16 u32 listener, low       20 u16 listener, high        22 u8 binding     23 u8 incarnation
 *  24 u32 wall base, seconds  28 u32 wall base, nanoseconds
 *  32 f64 monotonic base: nanoseconds since the listener opened
 *  40 f64 firstSeq            48 u16 records               50 u16 messages
 *  52 u32 ordinal of the first message among all messages of this binding (mod 2^32)
 *  56 u32 sum of the gaps' dropped counts                  60 u16 kinds (bit set)   62 u16 chunk flags
 *
 * Record, 48 bytes, then the stored payload, then extras, padded to 8:
 *   0 u32 length with padding   4 u32 size on the wire      8 u32 stored bytes       12 i32 nanoseconds since the base
 *  16 u8 kind  17 u8 bits 0 to 3: direction (gap: none; connection: its place in PHASES)
 *                      bits 4 and 5: leg, 0 where there is none, else 1 + its place in LEGS; bits 6 and 7: 0
 *  18 u8 flags  19 u8 reason (gap: its place in GAP_REASONS; connection: 0 where there is none, else 1 + its place in
 *                      CLOSE_REASONS)
 *  20 u16 remote port          22 u16 length of the extras  24 u32 connection
 *  28 u32 reference: messages: how far back the message answered lies (from the worker: its ordinal or its seq, see
 *         CHUNK_REFERENCES and FLAG_ANSWERS_SEQ); gaps: how many were dropped
 *  32 16 bytes remote address (IPv4-mapped)
 *
 * Extras: type u8, length u16, bytes; see EXTRA_TYPES. Rule, fault and the like are only here: a record without them is
 * 48 bytes and its payload.
 *
 * Versions: 1 has the phases opened and closed only, no leg, and no reason of a connection; a chunk of it reads as one of
 * version 2 that uses none of these. Written is version 2.
 */
import { CLOSE_REASONS, type CloseReason, GAP_REASONS, KINDS, LEGS, type Leg, PHASES } from '../schemas/records.ts';

export { CLOSE_REASONS, type CloseReason, GAP_REASONS, KINDS, LEGS, type Leg, PHASES };

/** The version of the layout that is written, and the oldest that is read. */
export const LAYOUT_VERSION = 2;
const OLDEST_LAYOUT = 1;
/** "LPC" and the version as a digit. */
const MAGIC_WITHOUT_VERSION = 0x3043504c;
const VERSION_SHIFT = 24;
export const MAGIC = MAGIC_WITHOUT_VERSION + LAYOUT_VERSION * 2 ** VERSION_SHIFT;

/** The layout version that a chunk's first word names; 0 when it is none that this build reads. */
export function layoutVersion(magic: number): number {
  const version = (magic - MAGIC_WITHOUT_VERSION) / 2 ** VERSION_SHIFT;
  return version === LAYOUT_VERSION || version === OLDEST_LAYOUT ? version : 0;
}
export const HEADER_BYTES = 64;
export const RECORD_BYTES = 48;
/** A chunk holds at most this many bytes, or one record. */
export const CHUNK_LIMIT = 65_536;
/** Thread ordinals of dedicated pools carry this bit. */
export const THREAD_DEDICATED = 0x8000;

/** Header offsets, for code that writes chunks without going through `encodeChunk`. */
export const H = {
  magic: 0,
  bytes: 4,
  crc: 8,
  node: 12,
  thread: 14,
  listenerLow: 16,
  listenerHigh: 20,
  binding: 22,
  incarnation: 23,
  seconds: 24,
  nanos: 28,
  elapsed: 32,
  firstSeq: 40,
  records: 48,
  messages: 50,
  ordinal: 52,
  dropped: 56,
  kinds: 60,
  flags: 62,
} as const;

/** Record offsets, relative to the record. */
export const R = {
  length: 0,
  size: 4,
  stored: 8,
  delta: 12,
  kind: 16,
  direction: 17,
  flags: 18,
  reason: 19,
  remotePort: 20,
  extras: 22,
  connection: 24,
  reference: 28,
  remote: 32,
} as const;

/** Chunk flag: some message carries a reference that is still an ordinal or a seq; the sequencer turns it into a distance. */
export const CHUNK_REFERENCES = 1;

/** Chunk flag: it stands for another one that was damaged, see damage/substitute.ts. */
export const CHUNK_SUBSTITUTE = 2;

/** Record flags. */
export const FLAG_TRUNCATED = 1;
/** The reference field is set (ordinals may be 0). */
export const FLAG_REFERENCE = 2;
/** The connection field is set. */
export const FLAG_CONNECTION = 4;
/** The remote fields are set. */
export const FLAG_REMOTE = 8;
/** The reference is the seq (mod 2^32) of the message answered; cleared by the sequencer. */
export const FLAG_ANSWERS_SEQ = 16;
/** Of a connection record: it ended with a reset, not a FIN. */
export const FLAG_RESET = 32;
/** Of an `in` message: no rule matched it. */
export const FLAG_UNMATCHED = 64;
/** Of an `in` message: bytes that are no whole message. */
export const FLAG_PARTIAL = 128;

export type RecordKind = (typeof KINDS)[number];
export const KIND_MESSAGE = 0;
export const KIND_CONNECTION = 1;
export const KIND_GAP = 2;
export const KIND_DROP = 3;
export const KIND_LISTENER = 4;
export const KIND_PROBLEM = 5;

/** Direction of a message or drop. */
export const DIRECTION_IN = 0;
export const DIRECTION_OUT = 1;
/** Phases of a connection record, which stand where a message has its direction. */
export const PHASE_OPENED = 0;
export const PHASE_CLOSED = 1;
export const PHASE_REFUSED = 3;
/** The bits of direction or phase, and where the leg begins above them. */
export const DIRECTION_MASK = 0x0f;
export const LEG_SHIFT = 4;
export const LEG_MASK = 0x03;

export type GapReason = (typeof GAP_REASONS)[number];

/** Rare additions to a record, all text in UTF-8. `text` is the detail of any record but a message, as JSON; so is `draw`. */
export const EXTRA_TYPES = ['rule', 'fault', 'local', 'text', 'sendId', 'draw'] as const;
/** The type of the extra that holds a message's frame, see frame-bytes.ts; not text. */
export const EXTRA_FRAME = 16;
export type ExtraType = (typeof EXTRA_TYPES)[number];
export type Extras = Partial<Record<ExtraType, string>>;

/** Where a chunk comes from; the same for all chunks of one binding's life. */
export type ChunkOrigin = {
  /** The listener's number, at most 48 bits; `l_…` is its text form. */
  listener: number;
  node: number;
  /** Thread ordinal, with THREAD_DEDICATED for dedicated pools; 0 is the main thread. */
  thread: number;
  binding: number;
  /** How often the binding's thread has been replaced, mod 256. */
  incarnation: number;
};

/** A moment: wall clock as the kernel gives it (seconds and nanoseconds since 1970). */
export type Instant = { seconds: number; nanos: number };

/** One record before it is encoded. `payload` is what is kept; `size` what was on the wire. */
export type Draft = {
  kind: number;
  /** Of a message or drop; of a connection record its phase. */
  direction: number;
  /** Which side of a forward it belongs to; absent without one. */
  leg?: Leg;
  at: Instant;
  size: number;
  payload: Uint8Array;
  /** 16 bytes, see address.ts. */
  remote?: Uint8Array | undefined;
  remotePort?: number;
  connection?: number | undefined;
  /** Messages: the binding ordinal of the message this one answers. Gaps: how many were dropped. */
  reference?: number | undefined;
  /** Messages: the seq of the message this one answers, where that is known instead of the ordinal. */
  answersSeq?: number | undefined;
  reason?: GapReason;
  /** Connection records: why and how it was closed. */
  closing?: { readonly reason: CloseReason; readonly reset: boolean };
  extras?: Extras | undefined;
  /** The message's bytes on the wire, where they are more than the payload: see frame-bytes.ts. */
  frame?: Uint8Array | undefined;
  /** FLAG_UNMATCHED, FLAG_PARTIAL. */
  marks?: number;
};

export const NO_PAYLOAD = new Uint8Array(0);

/** Bytes a record takes in a chunk. */
export function recordBytes(stored: number, extras = 0): number {
  return (RECORD_BYTES + stored + extras + 7) & ~7;
}

/** Whether two moments fit into one chunk: their distance must fit the signed 32-bit delta (2.1 s). */
export function fitsBase(base: Instant, at: Instant): boolean {
  return Math.abs(nanosBetween(base, at)) < 0x7fff_ffff;
}

/** Nanoseconds from `from` to `to`. */
export function nanosBetween(from: Instant, to: Instant): number {
  return (to.seconds - from.seconds) * 1e9 + (to.nanos - from.nanos);
}
