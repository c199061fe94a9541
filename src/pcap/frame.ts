/**
 * Ethernet frames around captured payloads. The journal keeps what a socket saw, so the headers below it are made up:
 * addresses and ports are the real ones, lengths and checksums are right, the rest is what a quiet Linux host would send.
 */

import type { ByteSink } from './byte-sink.ts';
import { addWords, checksum } from './checksum.ts';

/** Both ends of a conversation; addresses as 16 bytes (IPv4-mapped for IPv4). */
export type Flow = {
  family: 4 | 6;
  local: Uint8Array;
  localPort: number;
  remote: Uint8Array;
  remotePort: number;
};

/** One TCP segment. `size` is its payload on the wire, `payload` what was kept of it. */
export type Segment = {
  inbound: boolean;
  flags: number;
  sequence: number;
  acknowledge: number;
  payload: Uint8Array;
  size: number;
};

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

/** The most TCP payload that fits an IPv4 datagram of 65,535 bytes. */
export const SEGMENT_LIMIT = 65_495;

const ETHERTYPE = { 4: 0x0800, 6: 0x86dd } as const;
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const UDP_BYTES = 8;
const TCP_BYTES = 20;
const HOP_LIMIT = 64;
const DONT_FRAGMENT = 0x4000;
/** Offered with every segment; scaled by 2^SCALE it is 8 MiB. */
const WINDOW = 65_535;
const SCALE = 7;
/** Maximum segment size, window scale, no-operation: 8 bytes. */
const SYN_OPTIONS = Uint8Array.of(2, 4, SEGMENT_LIMIT >>> 8, SEGMENT_LIMIT & 0xff, 3, 3, SCALE, 1);

/** Writes a frame with a UDP datagram of which `payload` was kept. Returns the frame's length on the wire. */
export function writeUdp(sink: ByteSink, flow: Flow, inbound: boolean, payload: Uint8Array, size: number): number {
  const length = UDP_BYTES + size;
  const before = writeNetwork(sink, flow, inbound, PROTOCOL_UDP, length);
  const start = sink.length;
  sink.u16be(inbound ? flow.remotePort : flow.localPort);
  sink.u16be(inbound ? flow.localPort : flow.remotePort);
  sink.u16be(length);
  sink.u16be(0);
  sink.append(payload);
  const sum = transportChecksum(sink, flow, PROTOCOL_UDP, start, length);
  // RFC 768: zero would say "no checksum", so a computed zero is sent as all ones.
  sink.view.setUint16(start + 6, sum === 0 ? 0xffff : sum);
  return before + length;
}

/** Writes a frame with a TCP segment. Returns the frame's length on the wire. */
export function writeTcp(sink: ByteSink, flow: Flow, segment: Segment): number {
  const { inbound, payload } = segment;
  const options = segment.flags & SYN ? SYN_OPTIONS.length : 0;
  const header = TCP_BYTES + options;
  const length = header + segment.size;
  const before = writeNetwork(sink, flow, inbound, PROTOCOL_TCP, length);
  const start = sink.length;
  sink.u16be(inbound ? flow.remotePort : flow.localPort);
  sink.u16be(inbound ? flow.localPort : flow.remotePort);
  sink.u32be(segment.sequence);
  sink.u32be(segment.acknowledge);
  sink.u8((header / 4) << 4);
  sink.u8(segment.flags);
  sink.u16be(WINDOW);
  sink.u16be(0);
  sink.u16be(0);
  if (options > 0) sink.append(SYN_OPTIONS);
  sink.append(payload);
  sink.view.setUint16(start + 16, transportChecksum(sink, flow, PROTOCOL_TCP, start, length));
  return before + length;
}

/** Writes the Ethernet and IP headers; returns their length. */
function writeNetwork(sink: ByteSink, flow: Flow, inbound: boolean, protocol: number, length: number): number {
  const source = inbound ? flow.remote : flow.local;
  const destination = inbound ? flow.local : flow.remote;
  const start = sink.length;
  writeHardwareAddress(sink, destination);
  writeHardwareAddress(sink, source);
  sink.u16be(ETHERTYPE[flow.family]);
  if (flow.family === 4) writeIpv4(sink, source, destination, protocol, length);
  else writeIpv6(sink, source, destination, protocol, length);
  return sink.length - start;
}

/** A locally administered address that ends as the IP address does. */
function writeHardwareAddress(sink: ByteSink, address: Uint8Array): void {
  sink.u16be(0x0200);
  sink.tail(address, 12);
}

function writeIpv4(
  sink: ByteSink,
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  length: number,
): void {
  const start = sink.length;
  sink.u16be(0x4500);
  sink.u16be(20 + length);
  sink.u16be(0);
  sink.u16be(DONT_FRAGMENT);
  sink.u8(HOP_LIMIT);
  sink.u8(protocol);
  sink.u16be(0);
  sink.tail(source, 12);
  sink.tail(destination, 12);
  sink.view.setUint16(start + 10, checksum(addWords(0, sink.view, start, start + 20)));
}

function writeIpv6(
  sink: ByteSink,
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  length: number,
): void {
  sink.u32be(0x6000_0000);
  sink.u16be(length);
  sink.u8(protocol);
  sink.u8(HOP_LIMIT);
  sink.append(source);
  sink.append(destination);
}

/**
 * Over the pseudo header (RFC 768, RFC 9293, RFC 8200 section 8.1), whose addresses are what the IP header ends with, and
 * everything from `start`. Of a message that was
 * cut, the missing bytes count as zero: nobody can check it, and UDP over IPv6 must not go without.
 */
function transportChecksum(sink: ByteSink, flow: Flow, protocol: number, start: number, length: number): number {
  const addresses = flow.family === 4 ? 8 : 32;
  return checksum(addWords(protocol + length, sink.view, start - addresses, sink.length));
}
