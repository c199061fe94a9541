/** struct sockaddr and the addresses people read. */
import { networkInterfaces } from 'node:os';
import { addressBytes, addressText } from '../../../journal/address.ts';
import type { Endpoint } from '../../../workers/protocol.ts';
import { AF_INET, AF_INET6, SOCKADDR } from './layout.ts';

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

/** The 16 bytes of the address in a struct sockaddr, IPv4 mapped. */
export function wideAddress(name: Uint8Array): Uint8Array {
  if (name[SOCKADDR.family] === AF_INET6) return name.slice(SOCKADDR.address6, SOCKADDR.address6 + 16);
  const wide = new Uint8Array(16);
  wide[10] = wide[11] = 0xff;
  wide.set(name.subarray(SOCKADDR.address4, SOCKADDR.address4 + 4), 12);
  return wide;
}

/** The interface number of a zone such as `%eth0` or `%2`, 0 without one. */
function scopeOf(host: string): number {
  const zone = host.split('%')[1];
  if (zone === undefined) return 0;
  if (/^\d+$/.test(zone)) return Number(zone);
  const known = networkInterfaces()[zone]?.find((entry) => entry.family === 'IPv6');
  return known?.scopeid ?? 0;
}
