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
import { crc32 } from 'node:zlib';

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

export const KINDS = ['message', 'connection', 'gap', 'drop', 'listener', 'problem'] as const;
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

export const GAP_REASONS = [
  'kernel',
  'overload',
  'full',
  'paused',
  'closed',
  'lost',
  'restart',
  'evicted',
  'cleared',
  'denied',
] as const;
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
const encoder = new TextEncoder();
const decoder = new TextDecoder();

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

/**
 * Encodes drafts into one chunk of exactly the size needed. The caller keeps to CHUNK_LIMIT and to `fitsBase` of the
 * first draft.
 * @param elapsed nanoseconds from the listener's opening to the first draft's moment
 * @param ordinal the binding ordinal of the first message
 */
export function encodeChunk(
  origin: ChunkOrigin,
  drafts: readonly Draft[],
  elapsed: number,
  ordinal: number,
): Uint8Array {
  const extras = drafts.map((draft) => encodeExtras(draft.extras));
  let bytes = HEADER_BYTES;
  drafts.forEach((draft, i) => {
    bytes += recordBytes(draft.payload.length, extras[i]!.length);
  });
  const chunk = new Uint8Array(bytes);
  const view = new DataView(chunk.buffer);
  const base = drafts[0]!.at;
  let offset = HEADER_BYTES;
  let messages = 0;
  let kinds = 0;
  let dropped = 0;
  let flags = 0;
  drafts.forEach((draft, i) => {
    const tail = extras[i]!;
    writeRecord(chunk, view, offset, draft, nanosBetween(base, draft.at), tail);
    if (draft.kind === KIND_MESSAGE) {
      messages++;
      if (draft.reference !== undefined || draft.answersSeq !== undefined) flags |= CHUNK_REFERENCES;
    } else if (draft.kind === KIND_GAP) dropped += draft.reference ?? 0;
    kinds |= 1 << draft.kind;
    offset += recordBytes(draft.payload.length, tail.length);
  });
  writeHeader(view, origin, base, elapsed, ordinal);
  view.setUint16(H.records, drafts.length, true);
  view.setUint16(H.messages, messages, true);
  view.setUint32(H.dropped, dropped, true);
  view.setUint16(H.kinds, kinds, true);
  view.setUint16(H.flags, flags, true);
  return chunk;
}

/** Writes the header fields that are known before the records are; the counts are the caller's. */
export function writeHeader(
  view: DataView,
  origin: ChunkOrigin,
  base: Instant,
  elapsed: number,
  ordinal: number,
): void {
  view.setUint32(H.magic, MAGIC, true);
  view.setUint32(H.bytes, view.byteLength, true);
  view.setUint16(H.node, origin.node, true);
  view.setUint16(H.thread, origin.thread, true);
  view.setUint32(H.listenerLow, origin.listener % 0x1_0000_0000, true);
  view.setUint16(H.listenerHigh, Math.floor(origin.listener / 0x1_0000_0000), true);
  view.setUint8(H.binding, origin.binding);
  view.setUint8(H.incarnation, origin.incarnation & 0xff);
  view.setUint32(H.seconds, base.seconds, true);
  view.setUint32(H.nanos, base.nanos, true);
  view.setFloat64(H.elapsed, elapsed, true);
  view.setUint32(H.ordinal, ordinal >>> 0, true);
}

function writeRecord(
  chunk: Uint8Array,
  view: DataView,
  offset: number,
  draft: Draft,
  delta: number,
  extras: Uint8Array,
): void {
  const stored = draft.payload.length;
  let flags = 0;
  if (stored < draft.size && draft.kind !== KIND_GAP) flags |= FLAG_TRUNCATED;
  if (draft.reference !== undefined) flags |= FLAG_REFERENCE;
  else if (draft.answersSeq !== undefined) flags |= FLAG_REFERENCE | FLAG_ANSWERS_SEQ;
  if (draft.connection !== undefined) flags |= FLAG_CONNECTION;
  if (draft.remote !== undefined) flags |= FLAG_REMOTE;
  view.setUint32(offset + R.length, recordBytes(stored, extras.length), true);
  view.setUint32(offset + R.size, draft.size, true);
  view.setUint32(offset + R.stored, stored, true);
  view.setInt32(offset + R.delta, delta, true);
  view.setUint8(offset + R.kind, draft.kind);
  view.setUint8(offset + R.direction, draft.direction);
  view.setUint8(offset + R.flags, flags);
  view.setUint8(offset + R.reason, draft.reason === undefined ? 0 : GAP_REASONS.indexOf(draft.reason));
  view.setUint16(offset + R.remotePort, draft.remotePort ?? 0, true);
  view.setUint16(offset + R.extras, extras.length, true);
  view.setUint32(offset + R.connection, draft.connection ?? 0, true);
  view.setUint32(offset + R.reference, (draft.reference ?? draft.answersSeq ?? 0) >>> 0, true);
  if (draft.remote !== undefined) chunk.set(draft.remote, offset + R.remote);
  chunk.set(draft.payload, offset + RECORD_BYTES);
  chunk.set(extras, offset + RECORD_BYTES + stored);
}

/** The bytes of the extras; at most 65,535 in all, longer texts are cut. */
export function encodeExtras(extras: Extras | undefined): Uint8Array {
  if (extras === undefined) return NO_PAYLOAD;
  const parts: number[] = [];
  EXTRA_TYPES.forEach((name, type) => {
    const text = extras[name];
    if (text === undefined) return;
    const bytes = encoder.encode(text).subarray(0, 12_000);
    parts.push(type, bytes.length & 0xff, bytes.length >>> 8, ...bytes);
  });
  return Uint8Array.from(parts);
}

/** Fills in the checksum; the journal calls it last, once firstSeq and the references are final. */
export function sealChunk(chunk: Uint8Array, view: DataView): void {
  view.setUint32(H.crc, crc32(chunk.subarray(12)), true);
}

/** Whether the bytes are a whole chunk whose checksum holds. */
export function isWholeChunk(chunk: Uint8Array): boolean {
  if (chunk.length < HEADER_BYTES) return false;
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (view.getUint32(H.magic, true) !== MAGIC || view.getUint32(H.bytes, true) !== chunk.length) return false;
  return view.getUint32(H.crc, true) === crc32(chunk.subarray(12));
}

/**
 * Walks a chunk record by record without making an object a record: call `next()` until it is false and read the
 * getters in between. Throws RangeError on bytes that are not a chunk or a record that leaves it.
 */
export class ChunkReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Offset of the current record. */
  offset = 0;
  /** Messages passed, the current one included. */
  #messages = 0;
  #nextOffset = HEADER_BYTES;
  readonly end: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < HEADER_BYTES || this.view.getUint32(H.magic, true) !== MAGIC)
      throw new RangeError('not a chunk');
    this.end = this.view.getUint32(H.bytes, true);
    if (this.end > bytes.length) throw new RangeError('chunk is cut short');
  }

  get listener(): number {
    return this.view.getUint32(H.listenerLow, true) + this.view.getUint16(H.listenerHigh, true) * 0x1_0000_0000;
  }
  get thread(): number {
    return this.view.getUint16(H.thread, true);
  }
  get binding(): number {
    return this.view.getUint8(H.binding);
  }
  get incarnation(): number {
    return this.view.getUint8(H.incarnation);
  }
  get records(): number {
    return this.view.getUint16(H.records, true);
  }
  get messages(): number {
    return this.view.getUint16(H.messages, true);
  }
  get firstSeq(): number {
    return this.view.getFloat64(H.firstSeq, true);
  }
  get ordinal(): number {
    return this.view.getUint32(H.ordinal, true);
  }
  get kinds(): number {
    return this.view.getUint16(H.kinds, true);
  }
  get flags(): number {
    return this.view.getUint16(H.flags, true);
  }
  /** Wall base in whole seconds since 1970. */
  get seconds(): number {
    return this.view.getUint32(H.seconds, true);
  }
  /** Wall base, nanoseconds within the second. */
  get nanos(): number {
    return this.view.getUint32(H.nanos, true);
  }

  /** Moves to the next record; false after the last. */
  next(): boolean {
    const offset = this.#nextOffset;
    if (offset >= this.end) return false;
    const length = this.view.getUint32(offset + R.length, true);
    if (length < RECORD_BYTES || offset + length > this.end) throw new RangeError('record leaves the chunk');
    this.offset = offset;
    this.#nextOffset = offset + length;
    if (this.bytes[offset + R.kind] === KIND_MESSAGE) this.#messages++;
    return true;
  }

  /** Goes to the record at `offset`, which a walk found before; `messages` is how many messages precede it. */
  moveTo(offset: number, messages: number): void {
    this.#nextOffset = offset;
    this.#messages = messages;
    this.next();
  }

  /** Back to before the first record. */
  rewind(): void {
    this.#nextOffset = HEADER_BYTES;
    this.#messages = 0;
  }

  get kind(): number {
    return this.bytes[this.offset + R.kind]!;
  }
  get direction(): number {
    return this.bytes[this.offset + R.direction]!;
  }
  /** A message that came in. */
  get isIncoming(): boolean {
    return this.kind === KIND_MESSAGE && this.direction === DIRECTION_IN;
  }
  /** Of a message: its seq. Of another record: the seq of the last message before it. */
  get seq(): number {
    return this.firstSeq + this.#messages - 1;
  }
  /** Where the current record ends. */
  get endOffset(): number {
    return this.#nextOffset;
  }
  /** Bytes on the wire. */
  get size(): number {
    return this.view.getUint32(this.offset + R.size, true);
  }
  /** Bytes kept. */
  get stored(): number {
    return this.view.getUint32(this.offset + R.stored, true);
  }
  /** Nanoseconds since the chunk's base. */
  get delta(): number {
    return this.view.getInt32(this.offset + R.delta, true);
  }
  /** Microseconds since 1970, whole. */
  get micros(): number {
    return this.seconds * 1e6 + Math.floor((this.nanos + this.delta) / 1000);
  }
  /** Nanoseconds from the listener's opening to the chunk's base. */
  get elapsedBase(): number {
    return this.view.getFloat64(H.elapsed, true);
  }
  /** Nanoseconds since the listener opened. */
  get elapsed(): number {
    return this.elapsedBase + this.delta;
  }
  get truncated(): boolean {
    return (this.#flags & FLAG_TRUNCATED) !== 0;
  }
  get reason(): GapReason {
    return GAP_REASONS[this.bytes[this.offset + R.reason]!]!;
  }
  get remotePort(): number {
    return this.view.getUint16(this.offset + R.remotePort, true);
  }
  get hasRemote(): boolean {
    return (this.#flags & FLAG_REMOTE) !== 0;
  }
  /** Messages up to and with the current record. */
  get messagesPassed(): number {
    return this.#messages;
  }
  /** Where the 16 bytes of the remote address start in `bytes`. */
  get remoteOffset(): number {
    return this.offset + R.remote;
  }
  get connection(): number | undefined {
    return this.#flags & FLAG_CONNECTION ? this.view.getUint32(this.offset + R.connection, true) : undefined;
  }
  /** Of a message in the journal: the seq it answers. */
  get inReplyTo(): number | undefined {
    return this.#flags & FLAG_REFERENCE ? this.seq - this.reference : undefined;
  }
  /** The raw reference field: a gap's dropped count, a message's ordinal or distance. */
  get reference(): number {
    return this.view.getUint32(this.offset + R.reference, true);
  }
  /** Before numbering: the reference is a seq, not an ordinal. */
  get answersSeq(): boolean {
    return (this.#flags & FLAG_ANSWERS_SEQ) !== 0;
  }
  get hasReference(): boolean {
    return (this.#flags & FLAG_REFERENCE) !== 0;
  }
  /** The kept bytes, a view into the chunk. */
  get payload(): Uint8Array {
    const start = this.offset + RECORD_BYTES;
    return this.bytes.subarray(start, start + this.stored);
  }
  get hasExtras(): boolean {
    return this.view.getUint16(this.offset + R.extras, true) !== 0;
  }
  get extras(): Extras {
    const extras: Extras = {};
    let at = this.offset + RECORD_BYTES + this.stored;
    const end = at + this.view.getUint16(this.offset + R.extras, true);
    while (at + 3 <= end) {
      const name = EXTRA_TYPES[this.bytes[at]!];
      const length = this.view.getUint16(at + 1, true);
      if (name !== undefined) extras[name] = decoder.decode(this.bytes.subarray(at + 3, at + 3 + length));
      at += 3 + length;
    }
    return extras;
  }

  get #flags(): number {
    return this.bytes[this.offset + R.flags]!;
  }
}
