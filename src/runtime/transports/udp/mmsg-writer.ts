/**
 * Encodes what a read brought straight into a chunk, without an object a datagram. One writer serves all sockets of a
 * thread: a pass opens it for its listener, adds records and closes it. Records are laid out in a scratch and leave as
 * one buffer of exactly their size: at once, unless this thread has shipped a moment ago; then a moment later, or when
 * the scratch is full, another listener needs it, or somebody asks. So a lone datagram does not wait, and a stream does
 * not cost the journal a transaction every millisecond.
 */
import { performance } from 'node:perf_hooks';
import {
  CHUNK_LIMIT,
  CHUNK_REFERENCES,
  DIRECTION_OUT,
  exactCopy,
  FLAG_ANSWERS_SEQ,
  FLAG_REFERENCE,
  FLAG_REMOTE,
  FLAG_TRUNCATED,
  FLAG_UNMATCHED,
  GAP_REASONS,
  type GapReason,
  H,
  HEADER_BYTES,
  type Instant,
  KIND_GAP,
  KIND_MESSAGE,
  NO_PAYLOAD,
  R,
  RECORD_BYTES,
  recordBytes,
  writeHeader,
} from '../../../records/chunk.ts';
import { SLOT_BYTES } from '../../native/arena.ts';
import { readName, type SocketNames } from '../../native/sockaddr.ts';
import type { Recorder } from '../../transport.ts';

/** A batch of datagrams as it lies in an arena or a send batch. */
export type Batch = SocketNames & {
  readonly payloads: Uint8Array;
  /** The same memory. */
  readonly payloadWords: Int32Array;
  /** Where datagram i lies, in bytes. */
  payloadOffset(i: number): number;
};

/** How a datagram of our own went out. */
export type Sent = {
  size: number;
  keep: number;
  at: Instant;
  extras: Uint8Array;
  answersSeq: number | undefined;
};

/** Milliseconds between chunks that are not full. */
const SHIP_INTERVAL = 4;
/** Deltas are 32-bit nanoseconds: a chunk spans less than this many seconds. */
const SPAN_SECONDS = 2;
/** Up to this many words a loop beats a call of TypedArray.set. */
const LOOP_WORDS = 64;
const FLAGS_SHIFT = 16;

/** What a decision says on the record: the rule as encoded extras, or that there was none. */
type Marks = { readonly extras?: Uint8Array; readonly unmatched?: boolean };

export class BatchWriter {
  readonly #clock: { read(): Instant };
  readonly #memory = new ArrayBuffer(CHUNK_LIMIT + SLOT_BYTES + RECORD_BYTES);
  readonly #bytes = new Uint8Array(this.#memory);
  readonly #words = new Int32Array(this.#memory);
  readonly #view = new DataView(this.#memory);
  readonly #onTimer = (): void => {
    this.#timer = undefined;
    if (!this.#open) this.#ship();
  };
  #recorder: Recorder | undefined;
  #open = false;
  #shippedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  /** Of the chunk in the making. */
  #end = HEADER_BYTES;
  #records = 0;
  #messages = 0;
  #incoming = 0;
  #dropped = 0;
  #kinds = 0;
  #flags = 0;
  #seconds = 0;
  #nanos = 0;
  #ordinal = 0;

  /** @param clock the one that stamps the datagrams */
  constructor(clock: { read(): Instant }) {
    this.#clock = clock;
  }

  /** Whether a pass is under way. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** From now on records belong to this listener, and nothing else may record for it until `flush`. */
  open(recorder: Recorder): void {
    this.#open = true;
    if (recorder === this.#recorder) return;
    this.#ship();
    this.#recorder = recorder;
    this.#reset();
  }

  /** The end of a pass. */
  close(): void {
    this.#open = false;
    if (this.#records === 0) return;
    if (performance.now() - this.#shippedAt >= SHIP_INTERVAL) this.#ship();
    else this.#timer ??= setTimeout(this.#onTimer, SHIP_INTERVAL);
  }

  /** Ships what is there of this listener. */
  flush(recorder: Recorder): void {
    if (recorder === this.#recorder) this.#ship();
  }

  /** Ships what is there of this listener and forgets it. */
  leave(recorder: Recorder): void {
    if (recorder !== this.#recorder) return;
    this.#ship();
    this.#recorder = undefined;
  }

  /** Datagram i came in at this moment; at most `keep` bytes of it are kept. Returns its ordinal. */
  incoming(batch: Batch, i: number, size: number, keep: number, at: Instant): number {
    this.#message(batch, i, size, keep, at);
    this.#incoming++;
    return (this.#ordinal + this.#messages - 1) >>> 0;
  }

  /** As `incoming`, for one that a rule decided, or none. */
  decided(batch: Batch, i: number, size: number, keep: number, at: Instant, { extras, unmatched }: Marks): number {
    const record = this.#message(batch, i, size, keep, at, extras);
    if (unmatched === true) this.#words[record + (R.kind >> 2)]! |= FLAG_UNMATCHED << FLAGS_SHIFT;
    this.#incoming++;
    return (this.#ordinal + this.#messages - 1) >>> 0;
  }

  /** Datagram i went out, in answer to the message of this ordinal, or unasked (-1). `extras` are encoded. */
  outgoing(
    batch: Batch,
    i: number,
    size: number,
    keep: number,
    at: Instant,
    answers: number,
    extras?: Uint8Array,
  ): void {
    const record = this.#message(batch, i, size, keep, at, extras);
    const answer = answers < 0 ? 0 : FLAG_REFERENCE;
    this.#words[record + (R.kind >> 2)]! |= (DIRECTION_OUT << 8) | (answer << FLAGS_SHIFT);
    if (answer === 0) return;
    this.#words[record + (R.reference >> 2)] = answers;
    this.#flags |= CHUNK_REFERENCES;
  }

  /** Datagram i went out unasked. `extras` are encoded; `answersSeq` is the seq of the message it answers, if any. */
  sent(batch: Batch, i: number, sent: Sent): void {
    const { size, keep, at, extras, answersSeq } = sent;
    const record = this.#message(batch, i, size, keep, at, extras);
    const answer = answersSeq === undefined ? 0 : FLAG_REFERENCE | FLAG_ANSWERS_SEQ;
    this.#words[record + (R.kind >> 2)]! |= (DIRECTION_OUT << 8) | (answer << FLAGS_SHIFT);
    if (answersSeq === undefined) return;
    this.#words[record + (R.reference >> 2)] = answersSeq >>> 0;
    this.#flags |= CHUNK_REFERENCES;
  }

  /** So many messages were lost here, before what comes next. */
  gap(reason: GapReason, dropped: number, at: Instant): void {
    const record = this.#begin(RECORD_BYTES, at);
    const words = this.#words;
    words.fill(0, record + (R.size >> 2), record + (R.delta >> 2));
    words.fill(0, record + (R.kind >> 2), record + (RECORD_BYTES >> 2));
    words[record + (R.kind >> 2)] = KIND_GAP | (FLAG_REFERENCE << FLAGS_SHIFT) | (GAP_REASONS.indexOf(reason) << 24);
    words[record + (R.reference >> 2)] = dropped;
    this.#dropped += dropped;
    this.#kinds |= 1 << KIND_GAP;
  }

  /** Hands over what is there as one chunk. */
  #ship(): void {
    if (this.#records === 0) return;
    const recorder = this.#recorder!;
    const incoming = this.#incoming;
    recorder.reserve(this.#messages);
    this.#header(recorder);
    const chunk = exactCopy(this.#bytes.subarray(0, this.#end));
    this.#shippedAt = performance.now();
    recorder.ship(chunk, incoming);
    this.#reset();
  }

  #header(recorder: Recorder): void {
    const view = this.#view;
    const base = { seconds: this.#seconds, nanos: this.#nanos };
    writeHeader(view, recorder.origin, base, this.#elapsed(recorder), this.#ordinal);
    view.setUint32(H.bytes, this.#end, true);
    view.setUint16(H.records, this.#records, true);
    view.setUint16(H.messages, this.#messages, true);
    view.setUint32(H.dropped, this.#dropped, true);
    view.setUint16(H.kinds, this.#kinds, true);
    view.setUint16(H.flags, this.#flags, true);
  }

  /** Nanoseconds from the listener's opening to the base, which lies a little before now. */
  #elapsed(recorder: Recorder): number {
    const now = this.#clock.read();
    return recorder.elapsed() - ((now.seconds - this.#seconds) * 1e9 + (now.nanos - this.#nanos));
  }

  #reset(): void {
    this.#end = HEADER_BYTES;
    this.#records = this.#messages = this.#incoming = this.#dropped = this.#kinds = this.#flags = 0;
    this.#ordinal = this.#recorder!.reserve(0);
  }

  /** Begins a record of this length, in a new chunk when it no longer fits; returns its place in words. */
  #begin(length: number, at: Instant): number {
    const full = this.#end + length > CHUNK_LIMIT || Math.abs(at.seconds - this.#seconds) >= SPAN_SECONDS;
    if (full && this.#records > 0) this.#ship();
    if (this.#records++ === 0) {
      this.#seconds = at.seconds;
      this.#nanos = at.nanos;
    }
    const record = this.#end >> 2;
    this.#end += length;
    this.#words[record + (R.length >> 2)] = length;
    this.#words[record + (R.delta >> 2)] = (at.seconds - this.#seconds) * 1_000_000_000 + (at.nanos - this.#nanos);
    return record;
  }

  #message(batch: Batch, i: number, size: number, keep: number, at: Instant, extras: Uint8Array = NO_PAYLOAD): number {
    const stored = Math.min(size, keep);
    const record = this.#begin(recordBytes(stored, extras.length), at);
    const words = this.#words;
    words[record + (R.size >> 2)] = size;
    words[record + (R.stored >> 2)] = stored;
    words[record + (R.kind >> 2)] =
      KIND_MESSAGE | ((FLAG_REMOTE | (stored < size ? FLAG_TRUNCATED : 0)) << FLAGS_SHIFT);
    words[record + (R.connection >> 2)] = 0;
    words[record + (R.reference >> 2)] = 0;
    // The upper half, the length of the extras, is 0.
    words[record + (R.remotePort >> 2)] = readName(batch, i, words, record + (R.remote >> 2));
    this.#payload(record + (RECORD_BYTES >> 2), batch, batch.payloadOffset(i), stored);
    if (extras.length > 0) this.#extras(record, stored, extras);
    this.#kinds |= 1 << KIND_MESSAGE;
    this.#messages++;
    return record;
  }

  /** Copies the payload and clears what is left of the padding to 8 bytes. */
  #payload(to: number, batch: Batch, offset: number, stored: number): void {
    const words = this.#words;
    const source = batch.payloadWords;
    const from = offset >> 2;
    const whole = stored >> 2;
    if (whole <= LOOP_WORDS) for (let w = 0; w < whole; w++) words[to + w] = source[from + w]!;
    else this.#bytes.set(batch.payloads.subarray(offset, offset + (whole << 2)), to << 2);
    const rest = stored & 3;
    if (rest !== 0) words[to + whole] = source[from + whole]! & ((1 << (rest << 3)) - 1);
    const used = rest === 0 ? whole : whole + 1;
    if ((used & 1) !== 0) words[to + used] = 0;
  }

  #extras(record: number, stored: number, extras: Uint8Array): void {
    const start = (record << 2) + RECORD_BYTES + stored;
    this.#bytes.set(extras, start);
    this.#bytes.fill(0, start + extras.length, this.#end);
    this.#view.setUint16((record << 2) + R.extras, extras.length, true);
  }
}
