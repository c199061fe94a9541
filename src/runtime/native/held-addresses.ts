/**
 * A socket that was bound to a wildcard address and is hidden has come to be bound to loopback. So that others still can't
 * take its port, each other address of the machine gets a hidden socket of its own. What can't be held are addresses that
 * come later, and those of loopback that no interface has.
 */
import { networkInterfaces } from 'node:os';
import { closeSocket, hideSocket, openUdpSocket, shareSocket } from './sockets.ts';

/** The least there is: nothing is read from it. */
const RECEIVE_BUFFER = 1;
/** More addresses than that are left alone: each takes a descriptor. */
const MOST = 64;

type Place = { host: string; port: number; ipv6Only: boolean };
type Held = { share(on: boolean): void; close(): void };

/** One socket an address; none where the place is no wildcard. An address that can't be held is left out. */
export function holdAddresses({ host, port, ipv6Only }: Place): Held[] {
  const families = host === '0.0.0.0' ? ['IPv4'] : host === '::' ? (ipv6Only ? ['IPv6'] : ['IPv4', 'IPv6']) : [];
  const all = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  return all
    .filter(({ family }) => families.includes(family))
    .map(({ address, scopeid = 0 }) => (scopeid === 0 ? address : `${address}%${scopeid}`))
    .slice(0, MOST)
    .flatMap((address) => hold({ host: address, port, ipv6Only: true }) ?? []);
}

function hold(place: Place): Held | null {
  let fd: number | undefined;
  try {
    fd = openUdpSocket({ ...place, receiveBuffer: RECEIVE_BUFFER, binding: 0, bindings: 1 }).fd;
    hideSocket(fd);
    return holding(fd);
  } catch {
    if (fd !== undefined) closeSocket(fd);
    return null;
  }
}

function holding(fd: number): Held {
  return { share: (on) => shareSocket(fd, on), close: () => closeSocket(fd) };
}
