/**
 * The main thread's side of UDP sockets: it opens and closes every native descriptor, so that one outlives the thread
 * that reads it. A few microseconds each.
 */
import type { Endpoint } from '../../../workers/protocol.ts';
import {
  AF_INET6,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_REUSEPORT,
  SO_RXQ_OVFL,
  SO_TIMESTAMPNS,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from './layout.ts';
import { errnoError, type Libc, loadLibc } from './libc.ts';
import { familyOf, socketAddress } from './sockaddr.ts';
import { grantedBuffer, localEndpoint } from './socket-state.ts';

export type UdpOpening = {
  /** A literal address. */
  host: string;
  port: number;
  ipv6Only: boolean;
  /** Bytes asked of the kernel. */
  receiveBuffer: number;
  /** Sockets on the port, one a binding. */
  bindings: number;
};

export type OpenUdp = {
  fds: number[];
  address: Endpoint;
  /** Bytes granted to each, as the kernel counts them for payload (half of what SO_RCVBUF reads back). */
  receiveBuffer: number;
};

/**
 * Opens the sockets of one listener. The first is bound without SO_REUSEPORT, so that a port held by anyone else is
 * EADDRINUSE; only then the port is shared among our own. Throws an Error with an errno `code`; nothing is left open.
 */
export function openUdpSockets(opening: UdpOpening): OpenUdp {
  const libc = loadLibc();
  const fds: number[] = [];
  try {
    let address: Endpoint = { host: opening.host, port: opening.port };
    for (let i = 0; i < opening.bindings; i++) {
      const fd = bare(libc, opening);
      fds.push(fd);
      if (i > 0) must('setsockopt', libc.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, 1));
      must('bind', libc.bind(fd, socketAddress(address, familyOf(opening.host))));
      if (i === 0 && opening.bindings > 1) must('setsockopt', libc.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, 1));
      if (i === 0) address = { host: opening.host, port: localEndpoint(libc, fd).port };
    }
    return { fds, address, receiveBuffer: grantedBuffer(libc, fds[0]!) };
  } catch (error) {
    for (const fd of fds) libc.close(fd);
    throw error;
  }
}

/** Closes a socket that no thread reads any more. */
export function closeUdpSocket(fd: number): void {
  loadLibc().close(fd);
}

function bare(libc: Libc, opening: UdpOpening): number {
  const family = familyOf(opening.host);
  const fd = must('socket', libc.socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const set = (level: number, option: number, value: number) => libc.setsockopt(fd, level, option, value);
  if (family === AF_INET6) set(IPPROTO_IPV6, IPV6_V6ONLY, opening.ipv6Only ? 1 : 0);
  if (set(SOL_SOCKET, SO_RCVBUFFORCE, opening.receiveBuffer) < 0) set(SOL_SOCKET, SO_RCVBUF, opening.receiveBuffer);
  set(SOL_SOCKET, SO_TIMESTAMPNS, 1);
  set(SOL_SOCKET, SO_RXQ_OVFL, 1);
  return fd;
}

function must(call: string, result: number): number {
  if (result < 0) throw errnoError(call, result);
  return result;
}
