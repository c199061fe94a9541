/** Chunks for the tests of exports: records as a worker makes them, numbered as the journal does. */
import { addressBytes } from '../../../src/net/address.ts';
import { type CaptureListener, PcapngWriter } from '../../../src/pcap/pcapng-writer.ts';
import {
  ChunkReader,
  DIRECTION_IN,
  DIRECTION_OUT,
  type Draft,
  encodeChunk,
  H,
  KIND_CONNECTION,
  KIND_MESSAGE,
  NO_PAYLOAD,
  sealChunk,
} from '../../../src/records/chunk.ts';

export const LISTENER = 4711;
export const START = { seconds: 1_751_328_000, nanos: 123_456_789 };

export const UDP: CaptureListener = {
  number: LISTENER,
  id: 'l_udp',
  name: 'dns',
  protocol: 'udp',
  local: { address: '127.0.0.1', port: 5353 },
};
export const TCP: CaptureListener = {
  number: LISTENER,
  id: 'l_tcp',
  name: 'web',
  protocol: 'tcp',
  local: { address: '127.0.0.1', port: 8025 },
};

/** A message from or to 127.0.0.2:40000, `after` nanoseconds after START. */
export function message(
  payload: Uint8Array | string,
  more: Partial<Draft> & { out?: boolean; after?: number; from?: string } = {},
): Draft {
  const { out, after = 0, from = '127.0.0.2', ...rest } = more;
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  return {
    kind: KIND_MESSAGE,
    direction: out === true ? DIRECTION_OUT : DIRECTION_IN,
    at: later(after),
    size: bytes.length,
    payload: bytes,
    remote: addressBytes(from),
    remotePort: 40_000,
    ...rest,
  };
}

export function connection(phase: 'opened' | 'closed', number: number, more: Partial<Draft> = {}): Draft {
  return {
    ...message(NO_PAYLOAD, { connection: number, ...more }),
    kind: KIND_CONNECTION,
    direction: phase === 'opened' ? 0 : 1,
  };
}

export function later(nanos: number) {
  const sum = START.nanos + nanos;
  return { seconds: START.seconds + Math.floor(sum / 1e9), nanos: sum % 1e9 };
}

/** Each draft in a chunk of its own, so that any distance in time fits. */
export function chunks(drafts: readonly Draft[], listener = LISTENER): Uint8Array[] {
  let seq = 1;
  return drafts.map((draft) => {
    const origin = { listener, node: 0, thread: 1, binding: 0, incarnation: 0 };
    const chunk = encodeChunk(origin, [draft], 0, seq - 1);
    const view = new DataView(chunk.buffer);
    view.setFloat64(H.firstSeq, seq, true);
    sealChunk(chunk, view);
    if (draft.kind === KIND_MESSAGE) seq++;
    return chunk;
  });
}

/** The whole export of drafts of one listener, taken in one piece a record as many small pulls would. */
export function pcapng(listener: CaptureListener, drafts: readonly Draft[]): Buffer {
  const writer = new PcapngWriter();
  writer.declare(listener);
  const parts = chunks(drafts).map((chunk) => {
    addAll(writer, chunk, listener);
    return writer.take();
  });
  writer.finish();
  return Buffer.concat([...parts, writer.take()]);
}

export function addAll(writer: PcapngWriter, chunk: Uint8Array, listener: CaptureListener): void {
  const reader = new ChunkReader(chunk);
  while (reader.next()) writer.record(reader, listener);
}
