/**
 * From a captured frame to the UDP datagram in it: link layer, IPv4 or IPv6, UDP. Captures hold anything, so nothing
 * here throws: what is no UDP datagram is said by a word.
 */
import { addressText } from '../net/address.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { Fragments } from './fragments.ts';

export type Datagram = { from: Endpoint; to: Endpoint; payload: Uint8Array; truncated: boolean };

/**
 * Why a frame gives no datagram: its link type is not known; it is another protocol, or broken; it ends before its headers
 * do; it is a piece of a datagram that is not whole yet.
 */
export type NoDatagram = 'unknownLink' | 'foreign' | 'short' | 'piece';

/** An IP packet without its headers. `length` is its payload's on the wire, `payload` what was captured of it. */
type IpPayload = { protocol: number; source: string; destination: string; payload: Uint8Array; length: number };

/** What a fragment says of itself. */
type Fragment = IpPayload & { id: number; offset: number; more: boolean };

const PROTOCOL_UDP = 17;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const VLAN_TAGS = [0x8100, 0x88a8, 0x9100];
/** IPv6 headers between the fixed one and the payload that only need skipping: hop-by-hop, routing, destination. */
const SKIPPED_HEADERS = [0, 43, 60];
const FRAGMENT_HEADER = 44;

/** @param linkType LINKTYPE_… of the capture, see https://www.tcpdump.org/linktypes.html */
export function datagramOf(linkType: number, frame: Uint8Array, fragments: Fragments): Datagram | NoDatagram {
  const start = networkStart(linkType, frame);
  if (typeof start === 'string') return start;
  if (start >= frame.length) return 'short';
  const packet = frame.subarray(start);
  const version = packet[0]! >> 4;
  const found = version === 4 ? ipv4(packet) : version === 6 ? ipv6(packet) : 'foreign';
  if (typeof found === 'string') return found;
  if (found.protocol !== PROTOCOL_UDP) return 'foreign';
  const whole = found.offset === 0 && !found.more ? found : reassembled(found, fragments);
  return typeof whole === 'string' ? whole : udp(whole);
}

/** Where the IP header starts, or why there is none. */
function networkStart(linkType: number, frame: Uint8Array): number | NoDatagram {
  switch (linkType) {
    case 0: // BSD loopback: four bytes of address family in the capturing machine's order
    case 108: // OpenBSD loopback: the same in network order
      return 4;
    case 1: // Ethernet
      return afterEthertype(frame, 12);
    case 12: // raw IP, as some systems number it
    case 14:
    case 101: // raw IP
    case 228: // raw IPv4
    case 229: // raw IPv6
      return 0;
    case 113: // Linux cooked capture
      return ifIp(frame, 14, 16);
    case 276: // Linux cooked capture, version 2
      return ifIp(frame, 0, 20);
    default:
      return 'unknownLink';
  }
}

function afterEthertype(frame: Uint8Array, offset: number): number | NoDatagram {
  let at = offset;
  while (VLAN_TAGS.includes(u16(frame, at))) at += 4;
  return ifIp(frame, at, at + 2);
}

function ifIp(frame: Uint8Array, typeAt: number, start: number): number | NoDatagram {
  if (frame.length < typeAt + 2) return 'short';
  const type = u16(frame, typeAt);
  return type === ETHERTYPE_IPV4 || type === ETHERTYPE_IPV6 ? start : 'foreign';
}

function ipv4(packet: Uint8Array): Fragment | NoDatagram {
  if (packet.length < 20) return 'short';
  const header = (packet[0]! & 0x0f) * 4;
  // A total length of 0 is what segmentation offload leaves.
  const total = u16(packet, 2) || packet.length;
  if (header < 20 || total < header) return 'foreign';
  if (packet.length < header) return packet[9] === PROTOCOL_UDP ? 'short' : 'foreign';
  const flags = u16(packet, 6);
  return {
    protocol: packet[9]!,
    source: packet.subarray(12, 16).join('.'),
    destination: packet.subarray(16, 20).join('.'),
    payload: packet.subarray(header, total),
    length: total - header,
    id: u16(packet, 4),
    offset: (flags & 0x1fff) * 8,
    more: (flags & 0x2000) !== 0,
  };
}

function ipv6(packet: Uint8Array): Fragment | NoDatagram {
  if (packet.length < 40) return 'short';
  const end = 40 + (u16(packet, 4) || packet.length - 40);
  let protocol = packet[6]!;
  let at = 40;
  let fragment = { id: 0, offset: 0, more: false };
  while (SKIPPED_HEADERS.includes(protocol) || protocol === FRAGMENT_HEADER) {
    if (packet.length < at + 8) return end < at + 8 ? 'foreign' : 'short';
    if (protocol === FRAGMENT_HEADER) fragment = ipv6Fragment(packet, at);
    const bytes = protocol === FRAGMENT_HEADER ? 8 : (packet[at + 1]! + 1) * 8;
    protocol = packet[at]!;
    at += bytes;
  }
  if (at > end) return 'foreign';
  return {
    protocol,
    source: addressText(packet, 8),
    destination: addressText(packet, 24),
    payload: packet.subarray(at, end),
    length: end - at,
    ...fragment,
  };
}

function ipv6Fragment(packet: Uint8Array, at: number) {
  const bits = u16(packet, at + 2);
  return { id: u16(packet, at + 4) * 0x1_0000 + u16(packet, at + 6), offset: bits & 0xfff8, more: (bits & 1) !== 0 };
}

/** The whole that this fragment completes. A fragment that was cut can't be put together. */
function reassembled(part: Fragment, fragments: Fragments): IpPayload | NoDatagram {
  if (part.payload.length < part.length) return 'short';
  const payload = fragments.add(`${part.source} ${part.destination} ${part.id}`, part);
  return payload === undefined ? 'piece' : { ...part, payload, length: payload.length };
}

function udp(ip: IpPayload): Datagram | NoDatagram {
  const { payload: bytes } = ip;
  if (bytes.length < 8) return ip.length < 8 ? 'foreign' : 'short';
  const length = u16(bytes, 4) || ip.length;
  if (length < 8 || length > ip.length) return 'foreign';
  const payload = bytes.subarray(8, length);
  return {
    from: { host: ip.source, port: u16(bytes, 0) },
    to: { host: ip.destination, port: u16(bytes, 2) },
    payload,
    truncated: payload.length < length - 8,
  };
}

/** Big-endian; bytes beyond the end count as zero. */
function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
