/** Sockets of node:dgram that know literal addresses only. */
import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import { isIPv6 } from 'node:net';

/** One of the family of a local address, not bound yet. */
export function createLiteralSocket(host: string, options: Omit<SocketOptions, 'type' | 'lookup'> = {}): Socket {
  return createSocket({
    ...options,
    type: isIPv6(host) ? 'udp6' : 'udp4',
    // The default goes through the resolver for each datagram sent.
    lookup: (address, _options, callback) => callback(null, address, isIPv6(address) ? 6 : 4),
  });
}

/** An address as a socket on `host` reaches it: a dual-stack one reaches IPv4 by its mapped address. */
export function reachableFrom(host: string, address: string): string {
  return isIPv6(host) && !isIPv6(address) ? `::ffff:${address}` : address;
}

/** Resolves when the kernel has taken a datagram; rejects with its error. */
export function sendDatagram(
  socket: Socket,
  payload: Uint8Array,
  to: { address: string; port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(payload, to.port, to.address, (error) => (error === null ? resolve() : reject(error)));
  });
}
