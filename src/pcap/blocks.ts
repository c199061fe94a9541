/**
 * The blocks of a pcapng file (draft-ietf-opsawg-pcapng): section header, interface description, enhanced packet,
 * interface statistics. Little-endian, timestamps in nanoseconds. Lengths are filled in when a block ends.
 */
import type { ByteSink } from './byte-sink.ts';
import {
  BYTE_ORDER_MAGIC,
  ENHANCED_PACKET,
  EPB_FLAGS,
  IF_TIME_RESOLUTION,
  INTERFACE_DESCRIPTION,
  SECTION_HEADER,
} from './pcapng-format.ts';

const INTERFACE_STATISTICS = 5;
const LINKTYPE_ETHERNET = 1;
/** More than the longest frame, 65,549 bytes, which Ethernet with an IP datagram of 65,535 has. */
const SNAP_LENGTH = 262_144;
/** Where an enhanced packet's frame starts in its block. */
const PACKET_BYTES = 28;
/** Characters of a text at most: at three bytes each they fit the 16 bits that an option's length has. */
const TEXT_LIMIT = 20_000;

const OPTION_END = 0;
const OPTION_COMMENT = 1;
const SHB_APPLICATION = 4;
const IF_NAME = 2;
const IF_DESCRIPTION = 3;
const EPB_DROP_COUNT = 4;
const ISB_DROPPED = 5;
const FLAGS_INBOUND = 1;
const FLAGS_OUTBOUND = 2;

/** A timestamp in the two halves that blocks carry. */
export type Stamp = { high: number; low: number };

/** What goes with a packet beside its bytes. */
export type PacketNotes = { inbound: boolean; comments: readonly string[]; dropped: number };

/** Nanoseconds since 1970 as two 32-bit halves. `nanos` may lie outside the second, also below 0. */
export function stampOf(seconds: number, nanos: number): Stamp {
  const carry = Math.floor(nanos / 1e9);
  // 1e9 is 1953125 * 2^9: both products stay exact in a double, where seconds * 1e9 would not.
  const units = (seconds + carry) * 1_953_125;
  const low = (units % 0x80_0000) * 512 + (nanos - carry * 1e9);
  const over = low >= 0x1_0000_0000 ? 1 : 0;
  return { high: Math.floor(units / 0x80_0000) + over, low: low - over * 0x1_0000_0000 };
}

export function writeSectionHeader(sink: ByteSink, application: string): void {
  const start = beginBlock(sink, SECTION_HEADER);
  sink.u32(BYTE_ORDER_MAGIC);
  sink.u16(1);
  sink.u16(0);
  // Section length: -1, not known.
  sink.u32(0xffff_ffff);
  sink.u32(0xffff_ffff);
  writeText(sink, SHB_APPLICATION, application);
  endOptions(sink);
  endBlock(sink, start);
}

export function writeInterface(sink: ByteSink, name: string, description: string): void {
  const start = beginBlock(sink, INTERFACE_DESCRIPTION);
  sink.u16(LINKTYPE_ETHERNET);
  sink.u16(0);
  sink.u32(SNAP_LENGTH);
  writeText(sink, IF_NAME, name);
  writeText(sink, IF_DESCRIPTION, description);
  writeOption(sink, IF_TIME_RESOLUTION, Uint8Array.of(9));
  endOptions(sink);
  endBlock(sink, start);
}

/** Starts a packet; the frame's captured bytes follow, then `endPacket`. Returns where the block starts. */
export function beginPacket(sink: ByteSink, interfaceId: number, stamp: Stamp): number {
  const start = beginBlock(sink, ENHANCED_PACKET);
  sink.u32(interfaceId);
  sink.u32(stamp.high);
  sink.u32(stamp.low);
  sink.zeros(8);
  return start;
}

/** Ends a packet whose frame had `original` bytes on the wire. */
export function endPacket(sink: ByteSink, start: number, original: number, notes: PacketNotes): void {
  sink.view.setUint32(start + 20, sink.length - start - PACKET_BYTES, true);
  sink.view.setUint32(start + 24, original, true);
  sink.pad4();
  for (const comment of notes.comments) writeText(sink, OPTION_COMMENT, comment);
  sink.u16(EPB_FLAGS);
  sink.u16(4);
  sink.u32(notes.inbound ? FLAGS_INBOUND : FLAGS_OUTBOUND);
  if (notes.dropped > 0) writeCount(sink, EPB_DROP_COUNT, notes.dropped);
  endOptions(sink);
  endBlock(sink, start);
}

/** What an interface has dropped in all. */
export function writeStatistics(sink: ByteSink, interfaceId: number, stamp: Stamp, dropped: number): void {
  const start = beginBlock(sink, INTERFACE_STATISTICS);
  sink.u32(interfaceId);
  sink.u32(stamp.high);
  sink.u32(stamp.low);
  writeCount(sink, ISB_DROPPED, dropped);
  endOptions(sink);
  endBlock(sink, start);
}

function beginBlock(sink: ByteSink, type: number): number {
  const start = sink.length;
  sink.u32(type);
  sink.u32(0);
  return start;
}

function endBlock(sink: ByteSink, start: number): void {
  const length = sink.length - start + 4;
  sink.view.setUint32(start + 4, length, true);
  sink.u32(length);
}

function writeText(sink: ByteSink, code: number, text: string): void {
  const start = sink.length;
  sink.u16(code);
  sink.u16(0);
  const length = sink.text(text.slice(0, TEXT_LIMIT));
  sink.view.setUint16(start + 2, length, true);
  sink.pad4();
}

function writeOption(sink: ByteSink, code: number, value: Uint8Array): void {
  sink.u16(code);
  sink.u16(value.length);
  sink.append(value);
  sink.pad4();
}

function writeCount(sink: ByteSink, code: number, count: number): void {
  sink.u16(code);
  sink.u16(8);
  sink.u32(count % 0x1_0000_0000);
  sink.u32(Math.floor(count / 0x1_0000_0000));
}

function endOptions(sink: ByteSink): void {
  sink.u16(OPTION_END);
  sink.u16(0);
}
