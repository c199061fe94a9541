/**
 * Chunk: a packed batch of records of one listener, encoded once in the worker thread that received them. It is the
 * currency between threads, the row of the store, and what a page or stream decodes. Little-endian, 8-aligned,
 * versioned. A chunk is self-contained: it names its listener, node, thread and times. A message's seq is never stored:
 * it is `firstSeq`, which only the journal fills in, plus the message's place among the chunk's messages.
 *
 * Header, 64 bytes:
 *   0 u32 magic and version    4 u32 bytes in all          8 u32 crc32 of byte 12 to the end
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
 *  16 u8 kind  17 u8 direction (gap: none; connection: phase)  18 u8 flags  19 u8 gap reason
 *  20 u16 remote port          22 u16 length of the extras  24 u32 connection
 *  28 u32 reference: messages: how far back the message answered lies (from the worker: its ordinal or its seq, see
 *         CHUNK_REFERENCES and FLAG_ANSWERS_SEQ); gaps: how many were dropped
 *  32 16 bytes remote address (IPv4-mapped)
 *
 * Extras: type u8, length u16, bytes; see EXTRA_TYPES.
 */
import { GAP_REASONS, KINDS } from '../schemas/records.ts';

export { GAP_REASONS, KINDS };

export const MAGIC = 0x3143504c; // "LPC1"
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

export type RecordKind = (typeof KINDS)[number];
export const KIND_MESSAGE = 0;
export const KIND_CONNECTION = 1;
export const KIND_GAP = 2;
export const KIND_DROP = 3;
export const KIND_LISTENER = 4;
export const KIND_PROBLEM = 5;

/** direction of a message or drop; for a connection record 0 is opened and 1 is closed. */
export const DIRECTION_IN = 0;
export const DIRECTION_OUT = 1;

export type GapReason = (typeof GAP_REASONS)[number];

/** Rare additions to a record, all text in UTF-8. `text` is the detail of a listener or problem record, as JSON. */
export const EXTRA_TYPES = ['rule', 'fault', 'local', 'text', 'sendId'] as const;
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
  direction: number;
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
  extras?: Extras | undefined;
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
