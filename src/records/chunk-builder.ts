/**
 * ChunkBuilder: lays out one chunk record by record, see chunkLayout.ts for what stands where. Records are written into
 * a scratch that the builders of a thread lend each other, and leave as one buffer of exactly their size; so an idle
 * binding holds no memory, and nothing that was read is kept alive until the chunk is full.
 */
import { encodeExtras, withFrame, writeHeader } from './chunk-encoder.ts';
import {
  CHUNK_LIMIT,
  CHUNK_REFERENCES,
  type ChunkOrigin,
  CLOSE_REASONS,
  type Draft,
  FLAG_ANSWERS_SEQ,
  FLAG_CONNECTION,
  FLAG_REFERENCE,
  FLAG_REMOTE,
  FLAG_RESET,
  FLAG_TRUNCATED,
  fitsBase,
  GAP_REASONS,
  H,
  HEADER_BYTES,
  type Instant,
  KIND_GAP,
  KIND_MESSAGE,
  LEG_SHIFT,
  LEGS,
  NO_PAYLOAD,
  nanosBetween,
  R,
  RECORD_BYTES,
  recordBytes,
} from './chunk-layout.ts';

/** Scratches that this thread keeps for the next builder. */
const SPARE_BUFFERS = 8;
const spare: DataView<ArrayBuffer>[] = [];

export class ChunkBuilder {
  #view: DataView<ArrayBuffer> | undefined;
  #bytes: Uint8Array = NO_PAYLOAD;
  #base: Instant = { seconds: 0, nanos: 0 };
  #end = HEADER_BYTES;
  #records = 0;
  #messages = 0;
  #dropped = 0;
  #kinds = 0;
  #flags = 0;

  get isEmpty(): boolean {
    return this.#records === 0;
  }

  /** The moment of the first record. */
  get base(): Instant {
    return this.#base;
  }

  /** Adds a record, and answers true; or false when it belongs into the next chunk. The payload is copied. */
  add(draft: Draft): boolean {
    const texts = draft.extras === undefined ? NO_PAYLOAD : encodeExtras(draft.extras);
    const extras = draft.frame === undefined ? texts : withFrame(texts, draft.frame);
    const length = recordBytes(draft.payload.length, extras.length);
    if (this.#records === 0) this.#base = draft.at;
    else if (this.#end + length > CHUNK_LIMIT || !fitsBase(this.#base, draft.at)) return false;
    this.#write(draft, extras, length);
    this.#end += length;
    this.#records++;
    this.#kinds |= 1 << draft.kind;
    if (draft.kind === KIND_MESSAGE) this.#messages++;
    else if (draft.kind === KIND_GAP) this.#dropped += draft.reference ?? 0;
    return true;
  }

  /**
   * The chunk of what was added; the builder is empty then.
   * @param elapsed nanoseconds from the listener's opening to `base`
   * @param ordinal the binding ordinal of the first message
   */
  take(origin: ChunkOrigin, elapsed: number, ordinal: number): Uint8Array<ArrayBuffer> {
    const view = this.#view!;
    writeHeader(view, origin, this.#base, elapsed, ordinal);
    view.setUint32(H.bytes, this.#end, true);
    view.setUint16(H.records, this.#records, true);
    view.setUint16(H.messages, this.#messages, true);
    view.setUint32(H.dropped, this.#dropped, true);
    view.setUint16(H.kinds, this.#kinds, true);
    view.setUint16(H.flags, this.#flags, true);
    const chunk = exactCopy(this.#bytes.subarray(0, this.#end));
    this.#clear();
    return chunk;
  }

  #clear(): void {
    if (spare.length < SPARE_BUFFERS && this.#view!.byteLength === CHUNK_LIMIT) spare.push(this.#view!);
    this.#view = undefined;
    this.#bytes = NO_PAYLOAD;
    this.#end = HEADER_BYTES;
    this.#records = this.#messages = this.#dropped = this.#kinds = this.#flags = 0;
  }

  /** The scratch, which only a chunk of one record outgrows. */
  #room(length: number): DataView {
    if (this.#view !== undefined) return this.#view;
    const bytes = HEADER_BYTES + length;
    const lent = bytes <= CHUNK_LIMIT ? spare.pop() : undefined;
    this.#view = lent ?? new DataView(new ArrayBuffer(Math.max(bytes, CHUNK_LIMIT)));
    this.#bytes = new Uint8Array(this.#view.buffer);
    return this.#view;
  }

  #write(draft: Draft, extras: Uint8Array, length: number): void {
    const view = this.#room(length);
    const offset = this.#end;
    const stored = draft.payload.length;
    // Whatever stood here before: the padding, and the end of an address that is not there.
    view.setFloat64(offset + length - 8, 0);
    view.setUint32(offset + R.length, length, true);
    view.setUint32(offset + R.size, draft.size, true);
    view.setUint32(offset + R.stored, stored, true);
    view.setInt32(offset + R.delta, nanosBetween(this.#base, draft.at), true);
    view.setUint8(offset + R.kind, draft.kind);
    view.setUint8(offset + R.direction, directionByte(draft));
    view.setUint8(offset + R.flags, this.#flagsOf(draft));
    view.setUint8(offset + R.reason, reasonByte(draft));
    view.setUint16(offset + R.remotePort, draft.remotePort ?? 0, true);
    view.setUint16(offset + R.extras, extras.length, true);
    view.setUint32(offset + R.connection, draft.connection ?? 0, true);
    view.setUint32(offset + R.reference, (draft.reference ?? draft.answersSeq ?? 0) >>> 0, true);
    this.#remote(draft.remote, offset + R.remote);
    this.#bytes.set(draft.payload, offset + RECORD_BYTES);
    if (extras.length > 0) this.#bytes.set(extras, offset + RECORD_BYTES + stored);
  }

  #flagsOf(draft: Draft): number {
    let flags = draft.marks ?? 0;
    if (draft.payload.length < draft.size && draft.kind !== KIND_GAP) flags |= FLAG_TRUNCATED;
    if (draft.reference !== undefined) flags |= FLAG_REFERENCE;
    else if (draft.answersSeq !== undefined) flags |= FLAG_REFERENCE | FLAG_ANSWERS_SEQ;
    if (draft.connection !== undefined) flags |= FLAG_CONNECTION;
    if (draft.remote !== undefined) flags |= FLAG_REMOTE;
    if (draft.closing?.reset === true) flags |= FLAG_RESET;
    if ((flags & FLAG_REFERENCE) !== 0 && draft.kind === KIND_MESSAGE) this.#flags |= CHUNK_REFERENCES;
    return flags;
  }

  #remote(remote: Uint8Array | undefined, offset: number): void {
    if (remote === undefined) this.#bytes.fill(0, offset, offset + 16);
    else this.#bytes.set(remote, offset);
  }
}

function directionByte({ direction, leg }: Draft): number {
  return leg === undefined ? direction : direction | ((LEGS.indexOf(leg) + 1) << LEG_SHIFT);
}

function reasonByte({ reason, closing }: Draft): number {
  if (reason !== undefined) return GAP_REASONS.indexOf(reason);
  return closing === undefined ? 0 : CLOSE_REASONS.indexOf(closing.reason) + 1;
}

/** Not zeroed first, and never of Node's shared pool: the memory of a chunk is transferred. */
export function exactCopy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copied = new Uint8Array(Buffer.allocUnsafeSlow(bytes.length).buffer as ArrayBuffer);
  copied.set(bytes);
  return copied;
}

/**
 * Encodes drafts into one chunk; the caller keeps to CHUNK_LIMIT and to `fitsBase` of the first draft. Throws RangeError
 * where they don't fit into one.
 * @param elapsed nanoseconds from the listener's opening to the first draft's moment
 * @param ordinal the binding ordinal of the first message
 */
export function encodeChunk(
  origin: ChunkOrigin,
  drafts: readonly Draft[],
  elapsed: number,
  ordinal: number,
): Uint8Array<ArrayBuffer> {
  const builder = new ChunkBuilder();
  for (const draft of drafts) if (!builder.add(draft)) throw new RangeError('too much for one chunk');
  return builder.take(origin, elapsed, ordinal);
}
