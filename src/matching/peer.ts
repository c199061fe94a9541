/** Peers as people write them: address, address:port, [v6]:port or CIDR. */
import { isIP, isIPv4 } from 'node:net';
import { addressBytes, isWithin } from '../net/address.ts';

/** 16 address bytes (IPv4-mapped), the bits that count, and a port when one was given. */
export type PeerPattern = { bytes: Uint8Array; prefix: number; port?: number };

/** Throws SyntaxError when the text is none of them. */
export function parsePeer(text: string): PeerPattern {
  const withPort = /^\[([^\]]+)\]:(\d{1,5})$/.exec(text) ?? /^([^:]+):(\d{1,5})$/.exec(text);
  if (withPort !== null) return { bytes: bytesOf(withPort[1]!), prefix: 128, port: portOf(withPort[2]!) };
  const [address, prefix, more] = text.split('/');
  const bytes = bytesOf(/^\[(.*)\]$/.exec(address!)?.[1] ?? address!);
  if (prefix === undefined) return { bytes, prefix: 128 };
  const offset = isIPv4(address!) ? 96 : 0;
  if (more !== undefined || !/^\d{1,3}$/.test(prefix) || Number(prefix) + offset > 128)
    throw new SyntaxError(`${text} is not a CIDR`);
  return { bytes, prefix: Number(prefix) + offset };
}

/** Whether 16 address bytes at an offset, with a port, are of this peer. */
export function peerHolds(peer: PeerPattern, bytes: Uint8Array, offset: number, port: number): boolean {
  if (peer.port !== undefined && peer.port !== port) return false;
  return isWithin(peer, bytes, offset);
}

function bytesOf(address: string): Uint8Array {
  if (isIP(address) === 0) throw new SyntaxError(`${address} is not an IP address`);
  return addressBytes(address);
}

function portOf(text: string): number {
  const port = Number(text);
  if (port > 65_535) throw new SyntaxError(`${text} is not a port`);
  return port;
}
