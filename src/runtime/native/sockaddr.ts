/** struct sockaddr and the addresses people read. */
import { networkInterfaces } from 'node:os';
import { addressBytes, addressText } from '../../net/address.ts';
import type { Endpoint } from '../../net/endpoint.ts';
import { AF_INET, AF_INET6, SOCKADDR } from './layout.ts';

/** Payload bytes of the largest datagram over IPv6; IPv4 has 20 fewer. */
export const MAX_DATAGRAM = 65_527;
/** The words 8 to 11 of an IPv4-mapped IPv6 address are 00 00 ff ff. */
const MAPPED = 0xffff0000 | 0;

/** The family a socket needs for a literal address. */
export function familyOf(host: string): number {
  return host.includes(':') ? AF_INET6 : AF_INET;
}

/**
 * The struct sockaddr of a literal address, for a socket of this family: IPv4 becomes IPv4-mapped on an IPv6 socket. Throws TypeError when
 * the host is no address or does not fit the family.
 */
export function socketAddress(endpoint: Endpoint, family: number): Uint8Array {
  const wide = addressBytes(endpoint.host);
  const address = new Uint8Array(family === AF_INET6 ? SOCKADDR.in6 : SOCKADDR.in);
  const view = new DataView(address.buffer);
  view.setUint16(SOCKADDR.family, family, true);
  view.setUint16(SOCKADDR.port, endpoint.port);
  if (family === AF_INET6) {
    address.set(wide, SOCKADDR.address6);
    view.setUint32(SOCKADDR.scope, scopeOf(endpoint.host), true);
  } else {
    if (endpoint.host.includes(':')) throw new TypeError(`not an IPv4 address: ${endpoint.host}`);
    address.set(wide.subarray(12), SOCKADDR.address4);
  }
  return address;
}

/** The address in a struct sockaddr. */
export function readEndpoint(name: Uint8Array): Endpoint {
  const view = new DataView(name.buffer, name.byteOffset, name.byteLength);
  return { host: addressText(wideAddress(name)), port: view.getUint16(SOCKADDR.port) };
}

/** Structs sockaddr in a row, as arenas hold them; struct i starts at byte `nameOffset(i)`. */
export type SocketNames = { readonly nameWords: Int32Array; nameOffset(i: number): number };

/**
 * Writes the 16 address bytes of struct i (IPv4 mapped) as four words to `to`, and returns its port. For hot loops.
 */
export function readName(names: SocketNames, i: number, to: Int32Array, at = 0): number {
  const words = names.nameWords;
  const name = names.nameOffset(i) >> 2;
  const first = words[name]!;
  if ((first & 0xffff) === AF_INET) {
    to[at] = to[at + 1] = 0;
    to[at + 2] = MAPPED;
    to[at + 3] = words[name + (SOCKADDR.address4 >> 2)]!;
  } else for (let w = 0; w < 4; w++) to[at + w] = words[name + (SOCKADDR.address6 >> 2) + w]!;
  const port = first >>> 16;
  return ((port & 0xff) << 8) | (port >>> 8);
}

function wideAddress(name: Uint8Array): Uint8Array {
  const words = new Int32Array(4);
  readName({ nameWords: new Int32Array(name.slice(0, 28).buffer), nameOffset: () => 0 }, 0, words);
  return new Uint8Array(words.buffer);
}

/** The interface number of a zone such as `%eth0` or `%2`, 0 without one. */
function scopeOf(host: string): number {
  const zone = host.split('%')[1];
  if (zone === undefined) return 0;
  if (/^\d+$/.test(zone)) return Number(zone);
  const known = networkInterfaces()[zone]?.find((entry) => entry.family === 'IPv6');
  return known?.scopeid ?? 0;
}
