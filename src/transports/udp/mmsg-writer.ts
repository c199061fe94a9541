/**
 * Encodes what a read brought straight into a chunk, without an object a datagram. One writer serves all sockets of a
 * thread: a pass opens it for its listener, adds records, and ships before it returns. Records are laid out in a
 * scratch of their own and leave as one buffer of exactly their size.
 */
import {
  CHUNK_LIMIT,
  CHUNK_REFERENCES,
  DIRECTION_OUT,
  FLAG_REFERENCE,
  FLAG_REMOTE,
  FLAG_TRUNCATED,
  GAP_REASONS,
  type GapReason,
  H,
  HEADER_BYTES,
  KIND_GAP,
  KIND_MESSAGE,
  R,
  RECORD_BYTES,
  recordBytes,
  writeHeader,
} from '../../journal/chunk.ts';
import type { Recorder } from '../transport.ts';
import { type ReceiveArena, SLOT_BYTES } from './native/arena.ts';
import { AF_INET, SOCKADDR } from './native/layout.ts';

/** Deltas are 32-bit nanoseconds; a chunk spans less than this many seconds. */
const SPAN_SECONDS = 2;
/** Below this many words a loop beats a call of TypedArray.set. */
const LOOP_WORDS = 64;
/** The words 8 to 11 of an IPv4-mapped IPv6 address are 00 00 ff ff. */
const MAPPED = 0xffff0000 | 0;
const KINDS_OF_MESSAGE = 1 << KIND_MESSAGE;

export class BatchWriter {
  readonly #memory = new ArrayBuffer(CHUNK_LIMIT + SLOT_BYTES + RECORD_BYTES);
  readonly #bytes = new Uint8Array(this.#memory);
  readonly #words = new Int32Array(this.#memory);
  readonly #view = new DataView(this.#memory);
  readonly #wallClock: () => { seconds: number; nanos: number };
  #recorder: Recorder | undefined;
  #end = HEADER_BYTES;
  #records = 0;
  #messages = 0;
  #dropped = 0;
  #kinds = 0;
  #flags = 0;
  #seconds = 0;
  #nanos = 0;
  #ordinal = 0;

  constructor(wallClock: () => { seconds: number; nanos: number }) {
    this.#wallClock = wallClock;
  }

  /** From now on records belong to this listener. */
  open(recorder: Recorder): void {
    this.#recorder = recorder;
    this.#reset();
  }

  /**
   * Adds datagram i as a message; the reference is the ordinal of the message it answers, or -1. Answers its ordinal.
   * The moment is the arena's last stamp for what came in.
   */
  message(arena: ReceiveArena, i: number, size: number, keep: number, seconds: number, nanos: number): number {
    const stored = size > keep ? keep : size;
    const at = this.#begin(recordBytes(stored), seconds, nanos);
    const words = this.#words;
    words[at + (R.size >> 2)] = size;
    words[at + (R.stored >> 2)] = stored;
    words[at + (R.kind >> 2)] = (FLAG_REMOTE | (stored < size ? FLAG_TRUNCATED : 0)) << 16;
    words[at + (R.connection >> 2)] = 0;
    words[at + (R.reference >> 2)] = 0;
    this.#address(at, arena, i);
    this.#payload(at + (RECORD_BYTES >> 2), arena.payloadWords, arena.payloads, arena.payloadOffset(i), stored);
    this.#kinds |= KINDS_OF_MESSAGE;
    return (this.#ordinal + this.#messages++) >>> 0;
  }

  /** Says that this many messages were lost here, before the next record. */
  gap(reason: GapReason, dropped: number, seconds: number, nanos: number): void {
    const at = this.#begin(RECORD_BYTES, seconds, nanos);
    const words = this.#words;
    words.fill(0, at + (R.size >> 2), at + (RECORD_BYTES >> 2));
    words[at + (R.delta >> 2)] = this.#delta(seconds, nanos);
    words[at + (R.kind >> 2)] = KIND_GAP | (FLAG_REFERENCE << 16) | (GAP_REASONS.indexOf(reason) << 24);
    words[at + (R.reference >> 2)] = dropped;
    this.#dropped += dropped;
    this.#kinds |= 1 << KIND_GAP;
  }

  /** Hands over what is there as one chunk. */
  ship(): void {
    if (this.#records === 0) return;
    const recorder = this.#recorder!;
    recorder.reserve(this.#messages);
    const view = this.#view;
    writeHeader(view, recorder.origin, { seconds: this.#seconds, nanos: this.#nanos }, this.#elapsed(recorder), this.#ordinal);
    view.setUint32(H.bytes, this.#end, true);
    view.setUint16(H.records, this.#records, true);
    view.setUint16(H.messages, this.#messages, true);
    view.setUint32(H.dropped, this.#dropped, true);
    view.setUint16(H.kinds, this.#kinds, true);
    view.setUint16(H.flags, this.#flags, true);
    const chunk = new Uint8Array(this.#memory.slice(0, this.#end));
    this.#reset();
    recorder.ship(chunk);
  }

  #reset(): void {
    this.#end = HEADER_BYTES;
    this.#records = this.#messages = this.#dropped = this.#kinds = this.#flags = 0;
    this.#ordinal = this.#recorder!.reserve(0);
  }

  /** Room for a record of this length, in a new chunk when it no longer fits; answers its place in words. */
  #begin(length: number, seconds: number, nanos: number): number {
    if (this.#records > 0 && (this.#end + length > CHUNK_LIMIT || Math.abs(seconds - this.#seconds) >= SPAN_SECONDS)) this.ship();
    if (this.#records++ === 0) {
      this.#seconds = seconds;
      this.#nanos = nanos;
    }
    const at = this.#end >> 2;
    this.#end += length;
    this.#words[at] = length;
    this.#words[at + (R.delta >> 2)] = this.#delta(seconds, nanos);
    return at;
  }

  #delta(seconds: number, nanos: number): number {
    return (seconds - this.#seconds) * 1_000_000_000 + (nanos - this.#nanos);
  }

  /** Nanoseconds from the listener's opening to the base, which lies a little before now. */
  #elapsed(recorder: Recorder): number {
    const now = this.#wallClock();
    return recorder.elapsed() - ((now.seconds - this.#seconds) * 1e9 + (now.nanos - this.#nanos));
  }

  #address(at: number, arena: ReceiveArena, i: number): void {
    const words = this.#words;
    const names = arena.nameWords;
    const from = arena.nameOffset(i) >> 2;
    const family = names[from]! & 0xffff;
    const port = names[from]! >>> 16;
    words[at + (R.remotePort >> 2)] = ((port & 0xff) << 8) | (port >>> 8);
    const to = at + (R.remote >> 2);
    if (family === AF_INET) {
      words[to] = 0;
      words[to + 1] = 0;
      words[to + 2] = MAPPED;
      words[to + 3] = names[from + (SOCKADDR.address4 >> 2)]!;
      return;
    }
    for (let w = 0; w < 4; w++) words[to + w] = names[from + (SOCKADDR.address6 >> 2) + w]!;
  }

  #payload(at: number, source: Int32Array, bytes: Uint8Array, offset: number, stored: number): void {
    const words = this.#words;
    const whole = stored >> 2;
    const from = offset >> 2;
    if (whole <= LOOP_WORDS) for (let w = 0; w < whole; w++) words[at + w] = source[from + w]!;
    else this.#bytes.set(bytes.subarray(offset, offset + (whole << 2)), at << 2);
    const rest = stored & 3;
    if (rest !== 0) words[at + whole] = source[from + whole]! & ((1 << (rest << 3)) - 1);
    // What is left of the padding to 8 bytes.
    const used = whole + (rest === 0 ? 0 : 1);
    if (used & 1) words[at + used] = 0;
  }

  /** The last message was sent by us, in answer to the message of this ordinal. */
  answered(at: number, ordinal: number): void {
    this.#words[at + (R.kind >> 2)]! |= (DIRECTION_OUT << 8) | (FLAG_REFERENCE << 16);
    this.#words[at + (R.reference >> 2)] = ordinal;
    this.#flags |= CHUNK_REFERENCES;
  }
}
