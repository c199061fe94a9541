/**
 * What the store notes about a chunk beside its bytes, gathered in one walk over its records. The notes let a reader skip
 * a chunk without decoding it.
 */
import {
  type ChunkReader,
  DIRECTION_IN,
  DIRECTION_MASK,
  FLAG_REMOTE,
  FLAG_TRUNCATED,
  HEADER_BYTES,
  KIND_DROP,
  KIND_MESSAGE,
  R,
  RECORD_BYTES,
} from './chunk.ts';

/** Bits of `ChunkSummary.kinds` above the kinds themselves: which directions its messages and drops have. */
export const HAS_IN = 1 << 8;
export const HAS_OUT = 1 << 9;

export type ChunkSummary = {
  records: number;
  messages: number;
  /** `in` messages. */
  incoming: number;
  /** Sizes on the wire of the `in` messages, and of the `out` ones. */
  incomingBytes: number;
  outgoingBytes: number;
  /** Messages not kept whole. */
  truncated: number;
  /** Other records after the last message. */
  trailing: number;
  /** Microseconds since 1970 of the earliest and the latest record. */
  start: number;
  stop: number;
  /** Bit set over KINDS, and HAS_IN, HAS_OUT. */
  kinds: number;
  /** Sizes on the wire over messages and drops; smallest is above largest when there are none. */
  smallest: number;
  largest: number;
  /** Bloom filters over the remote addresses, and over address and port together. */
  addresses: number;
  endpoints: number;
};

/** Surveys a whole chunk. Throws RangeError when a record leaves it or the header miscounts. Leaves the reader where it was. */
export function summarizeChunk(reader: ChunkReader): ChunkSummary {
  const { view, bytes, end } = reader;
  const summary: ChunkSummary = {
    records: 0,
    messages: 0,
    incoming: 0,
    incomingBytes: 0,
    outgoingBytes: 0,
    truncated: 0,
    trailing: 0,
    start: 0,
    stop: 0,
    kinds: 0,
    smallest: 0xffff_ffff,
    largest: 0,
    addresses: 0,
    endpoints: 0,
  };
  let earliest = 0x7fff_ffff;
  let latest = -0x8000_0000;
  let previous = -1;
  for (let at = HEADER_BYTES; at < end; ) {
    const length = view.getUint32(at + R.length, true);
    if (length < RECORD_BYTES || at + length > end) throw new RangeError('record leaves the chunk');
    const delta = view.getInt32(at + R.delta, true);
    if (delta < earliest) earliest = delta;
    if (delta > latest) latest = delta;
    countRecord(summary, view, bytes, at);
    if ((bytes[at + R.flags]! & FLAG_REMOTE) !== 0 && (previous === -1 || !sameRemote(view, previous, at))) {
      summary.addresses |= addressBits(view, at + R.remote);
      summary.endpoints |= endpointBits(view, at + R.remote, view.getUint16(at + R.remotePort, true));
      previous = at;
    }
    at += length;
  }
  if (summary.records !== reader.records || summary.messages !== reader.messages)
    throw new RangeError('header miscounts');
  const base = reader.seconds * 1e6;
  summary.start = base + Math.floor((reader.nanos + earliest) / 1000);
  summary.stop = base + Math.floor((reader.nanos + latest) / 1000);
  summary.addresses >>>= 0;
  summary.endpoints >>>= 0;
  return summary;
}

function countRecord(summary: ChunkSummary, view: DataView, bytes: Uint8Array, at: number): void {
  const kind = bytes[at + R.kind]!;
  summary.records++;
  summary.kinds |= 1 << kind;
  summary.trailing++;
  if (kind !== KIND_MESSAGE && kind !== KIND_DROP) return;
  const incoming = (bytes[at + R.direction]! & DIRECTION_MASK) === DIRECTION_IN;
  summary.kinds |= incoming ? HAS_IN : HAS_OUT;
  const size = view.getUint32(at + R.size, true);
  if (size < summary.smallest) summary.smallest = size;
  if (size > summary.largest) summary.largest = size;
  if (kind !== KIND_MESSAGE) return;
  summary.messages++;
  summary.trailing = 0;
  if (incoming) {
    summary.incoming++;
    summary.incomingBytes += size;
  } else summary.outgoingBytes += size;
  if ((bytes[at + R.flags]! & FLAG_TRUNCATED) !== 0) summary.truncated++;
}

function sameRemote(view: DataView, a: number, b: number): boolean {
  if (view.getUint16(a + R.remotePort, true) !== view.getUint16(b + R.remotePort, true)) return false;
  for (let i = R.remote; i < R.remote + 16; i += 4) {
    if (view.getUint32(a + i, true) !== view.getUint32(b + i, true)) return false;
  }
  return true;
}

/** Two of 32 bits for the 16-byte address at `offset`. */
export function addressBits(view: DataView, offset: number): number {
  const hash = addressHash(view, offset);
  return (1 << (hash & 31)) | (1 << ((hash >>> 5) & 31));
}

/** Two of 32 bits for an address and a port. */
export function endpointBits(view: DataView, offset: number, port: number): number {
  const hash = mix(addressHash(view, offset) ^ Math.imul(port + 1, 0x9e37_79b1));
  return (1 << (hash & 31)) | (1 << ((hash >>> 5) & 31));
}

function addressHash(view: DataView, offset: number): number {
  let hash = 0;
  for (let i = 0; i < 16; i += 4) hash = mix(hash ^ view.getUint32(offset + i, true));
  return hash;
}

function mix(value: number): number {
  const spread = Math.imul(value ^ (value >>> 15), 0x2c1b_3c6d);
  return spread ^ (spread >>> 13);
}
