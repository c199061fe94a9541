/** Reading chunks; see chunkLayout.ts for what stands where. */
import {
  CLOSE_REASONS,
  type CloseReason,
  DIRECTION_IN,
  DIRECTION_MASK,
  EXTRA_FRAME,
  EXTRA_TYPES,
  type Extras,
  FLAG_ANSWERS_SEQ,
  FLAG_CONNECTION,
  FLAG_PARTIAL,
  FLAG_REFERENCE,
  FLAG_REMOTE,
  FLAG_RESET,
  FLAG_TRUNCATED,
  FLAG_UNMATCHED,
  GAP_REASONS,
  type GapReason,
  H,
  HEADER_BYTES,
  KIND_MESSAGE,
  LEG_MASK,
  LEG_SHIFT,
  LEGS,
  type Leg,
  layoutVersion,
  R,
  RECORD_BYTES,
} from './chunk-layout.ts';

const decoder = new TextDecoder();

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
    if (bytes.length < HEADER_BYTES || this.version === 0) throw new RangeError('not a chunk');
    this.end = this.view.getUint32(H.bytes, true);
    if (this.end > bytes.length) throw new RangeError('chunk is cut short');
  }

  /** The version of the layout, 0 when it is none that is read. */
  get version(): number {
    return layoutVersion(this.view.getUint32(H.magic, true));
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
  /** Of a message or drop its direction, of a connection record its phase. */
  get direction(): number {
    return this.bytes[this.offset + R.direction]! & DIRECTION_MASK;
  }
  /** Which side of a forward it belongs to, undefined without one. */
  get leg(): Leg | undefined {
    return LEGS[((this.bytes[this.offset + R.direction]! >>> LEG_SHIFT) & LEG_MASK) - 1];
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
  /** An `in` message that no rule matched. */
  get isUnmatched(): boolean {
    return (this.#flags & FLAG_UNMATCHED) !== 0;
  }
  /** Bytes that are no whole message. */
  get isPartial(): boolean {
    return (this.#flags & FLAG_PARTIAL) !== 0;
  }
  get reason(): GapReason {
    return GAP_REASONS[this.bytes[this.offset + R.reason]!]!;
  }
  /** Of a connection record: why it was closed, undefined where that is not told. */
  get closeReason(): CloseReason | undefined {
    return CLOSE_REASONS[this.bytes[this.offset + R.reason]! - 1];
  }
  /** Of a connection record: it ended with a reset. */
  get isReset(): boolean {
    return (this.#flags & FLAG_RESET) !== 0;
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
  /** The memory that the address lies in. */
  get remoteBytes(): Uint8Array {
    return this.bytes;
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
  /** Where the kept bytes begin. */
  get payloadOffset(): number {
    return this.offset + RECORD_BYTES;
  }
  /** The kept bytes, a view into the chunk. */
  get payload(): Uint8Array {
    const start = this.payloadOffset;
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

  /** What is kept of the message's frame, see frame-bytes.ts; undefined where the wire had the payload alone. */
  get frame(): Uint8Array | undefined {
    let at = this.offset + RECORD_BYTES + this.stored;
    const end = at + this.view.getUint16(this.offset + R.extras, true);
    while (at + 3 <= end) {
      const length = this.view.getUint16(at + 1, true);
      if (this.bytes[at] === EXTRA_FRAME) return this.bytes.subarray(at + 3, at + 3 + length);
      at += 3 + length;
    }
    return undefined;
  }

  get #flags(): number {
    return this.bytes[this.offset + R.flags]!;
  }
}
