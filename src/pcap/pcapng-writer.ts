/**
 * PcapngWriter: turns records of the journal into a pcapng capture that Wireshark, tshark and every other reader opens.
 * One interface a listener, one packet a message, with made-up Ethernet, IP, UDP and TCP headers, see frame.ts. It lives
 * as long as the export, over all pulls that feed it: record, take the bytes, and at the end finish and take the rest.
 */

import {
  type ChunkReader,
  DIRECTION_IN,
  type GapReason,
  KIND_CONNECTION,
  KIND_DROP,
  KIND_GAP,
  KIND_MESSAGE,
  PHASE_CLOSED,
  PHASE_OPENED,
  type RecordKind,
} from '../records/chunk.ts';
import { wireBytes } from '../records/wire-bytes.ts';
import {
  beginPacket,
  endPacket,
  type Stamp,
  stampOf,
  writeInterface,
  writeSectionHeader,
  writeStatistics,
} from './blocks.ts';
import { ByteSink } from './byte-sink.ts';
import { CaptureInterface, type CaptureListener } from './capture-interface.ts';
import { describe } from './comment.ts';
import { type Flow, type Segment, writeTcp, writeUdp } from './frame.ts';
import type { Bytes } from './tcp-conversation.ts';

export type { CaptureListener } from './capture-interface.ts';

/** Kinds that make an export complete: without connections handshakes are made up and nothing ends; gaps count losses. */
export const PCAPNG_KINDS: readonly RecordKind[] = ['message', 'connection', 'gap'];

export class PcapngWriter {
  readonly #sink = new ByteSink();
  readonly #interfaces = new Map<number, CaptureInterface>();
  #last: Stamp = { high: 0, low: 0 };

  /** @param application written into the section header */
  constructor(application = 'listenpost') {
    writeSectionHeader(this.#sink, application);
  }

  /** Bytes that wait to be taken. */
  get length(): number {
    return this.#sink.length;
  }

  /** Shows a listener even when no record of its own comes; else it appears with its first one. */
  declare(listener: CaptureListener): void {
    this.#interface(listener);
  }

  /** Adds the record under the reader. Records that are not traffic (listener, problem) leave no trace. */
  record(reader: ChunkReader, listener: CaptureListener): void {
    const on = this.#interface(listener);
    this.#last = stampOf(reader.seconds, reader.nanos + reader.delta);
    if (reader.kind === KIND_MESSAGE) this.#message(on, reader);
    else if (reader.kind === KIND_CONNECTION) this.#connection(on, reader);
    else if (reader.kind === KIND_GAP) on.addGap(reader.reason, reader.reference);
    else if (reader.kind === KIND_DROP) this.#drop(on, reader);
  }

  /** Messages that are no longer there, where a reader comes too late for them. */
  missed(range: { reason: GapReason; dropped: number }, listener: CaptureListener | undefined): void {
    if (listener !== undefined) this.#interface(listener).addGap(range.reason, range.dropped);
  }

  /** Writes what each interface dropped. Nothing may be added afterwards. */
  finish(): void {
    for (const on of this.#interfaces.values()) writeStatistics(this.#sink, on.id, this.#last, on.droppedInAll);
  }

  /** The bytes since the last call, in a buffer that may be transferred. Together they are the file. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#sink.take();
  }

  #message(on: CaptureInterface, reader: ChunkReader): void {
    if (on.listener.protocol === 'udp') this.#datagram(on, reader, describe(on, reader, 'message'));
    else this.#stream(on, reader);
  }

  #stream(on: CaptureInterface, reader: ChunkReader): void {
    const inbound = reader.direction === DIRECTION_IN;
    const conversation = on.conversation(reader, { fresh: false });
    const handshake = conversation.open();
    if (handshake.length > 0) this.#segments(on, conversation.flow, handshake, describe(on, reader, 'handshake'));
    const segments = conversation.data(inbound, bytesOnWire(on.listener, reader));
    this.#segments(on, conversation.flow, segments, describe(on, reader, 'message'));
  }

  /** A message that a fault dropped: one that came in was on the wire. In a TCP stream there is no place for it. */
  #drop(on: CaptureInterface, reader: ChunkReader): void {
    if (on.listener.protocol === 'udp') this.#datagram(on, reader, describe(on, reader, 'drop'));
  }

  #connection(on: CaptureInterface, reader: ChunkReader): void {
    const opened = reader.direction === PHASE_OPENED;
    if (!opened && reader.direction !== PHASE_CLOSED) return;
    const conversation = on.conversation(reader, { fresh: opened });
    const segments = opened ? conversation.open() : conversation.close(endOf(reader));
    this.#segments(on, conversation.flow, segments, describe(on, reader, opened ? 'opened' : 'closed'));
    if (!opened) on.end(reader);
  }

  #datagram(on: CaptureInterface, reader: ChunkReader, comment: string): void {
    const inbound = reader.direction === DIRECTION_IN;
    const start = beginPacket(this.#sink, on.id, this.#last);
    const original = writeUdp(this.#sink, on.flow(reader), inbound, reader.payload, reader.size);
    this.#end(on, start, original, { inbound, comment });
  }

  #segments(on: CaptureInterface, flow: Flow, segments: readonly Segment[], comment: string): void {
    for (const segment of segments) {
      const start = beginPacket(this.#sink, on.id, this.#last);
      const original = writeTcp(this.#sink, flow, segment);
      this.#end(on, start, original, { inbound: segment.inbound, comment });
    }
  }

  #end(on: CaptureInterface, start: number, original: number, what: { inbound: boolean; comment: string }): void {
    const { dropped, comments } = on.takeGaps();
    endPacket(this.#sink, start, original, {
      inbound: what.inbound,
      comments: comments.length === 0 ? [what.comment] : [what.comment, ...comments],
      dropped,
    });
  }

  #interface(listener: CaptureListener): CaptureInterface {
    const known = this.#interfaces.get(listener.number);
    if (known !== undefined) return known;
    const fresh = new CaptureInterface(this.#interfaces.size, listener);
    writeInterface(this.#sink, fresh.name, fresh.description);
    this.#interfaces.set(listener.number, fresh);
    return fresh;
  }
}

/** Who ended a connection and how; the peer and in order where nobody told. */
function endOf({ closeReason = 'peerFin', isReset }: ChunkReader): { byPeer: boolean; reset: boolean } {
  return { byPeer: closeReason === 'peerFin' || closeReason === 'peerRst', reset: isReset };
}

/** A message's bytes as they were in the stream; the payload alone where its frame was too long to be kept. */
function bytesOnWire({ terminator }: CaptureListener, reader: ChunkReader): Bytes {
  const { payload, size } = reader;
  const end = reader.isIncoming && terminator !== undefined ? terminator.length : 0;
  if (reader.truncated) return { payload, size: size + end };
  const wire = wireBytes(reader, terminator) ?? payload;
  return { payload: wire, size: wire.length };
}
