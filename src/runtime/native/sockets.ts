import type { Endpoint } from '../../net/endpoint.ts';
import {
  AF_INET6,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_RXQ_OVFL,
  SO_TIMESTAMPNS,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOCKADDR,
  SOL_SOCKET,
} from './layout.ts';
import { errnoError, type Libc, loadLibc } from './libc.ts';
import { familyOf, socketAddress } from './sockaddr.ts';
import { grantedBuffer, localEndpoint, muteSocket } from './socket-state.ts';

export type UdpOpening = {
  /** A literal address. */
  host: string;
  /** 0 = any free one. */
  port: number;
  ipv6Only: boolean;
  /** Bytes asked of the kernel. */
  receiveBuffer: number;
  /** Which of how many bindings of its listener; those after the first join its port. */
  binding: number;
  bindings: number;
};

export type OpenUdpSocket = {
  fd: number;
  address: Endpoint;
  /** Bytes granted. */
  receiveBuffer: number;
};

/**
 * Opens the socket of one binding. The first of a listener is bound without SO_REUSEPORT, so that a port held by anyone
 * else is EADDRINUSE; only then it is shared, and the others join. Throws an Error with an errno `code`; then nothing is
 * left open.
 */
export function openUdpSocket(opening: UdpOpening): OpenUdpSocket {
  const libc = loadLibc();
  const { host, port, binding, bindings } = opening;
  const family = familyOf(host);
  const fd = must('socket', libc.socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  try {
    configure(libc, fd, opening);
    if (binding > 0) share(libc, fd);
    must('bind', libc.bind(fd, socketAddress({ host, port }, family)));
    if (binding === 0 && bindings > 1) share(libc, fd);
    return { fd, address: { host, port: localEndpoint(libc, fd).port }, receiveBuffer: grantedBuffer(libc, fd) };
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

/**
 * A plain socket for sending, bound to a local address when one is given. Whoever takes the descriptor closes it. Throws
 * an Error with an errno `code`.
 */
export function openSendingSocket(libc: Libc, to: Endpoint, local: Endpoint | null): number {
  const family = familyOf(to.host);
  const name = local === null ? null : socketAddress(local, family);
  const fd = must('socket', libc.socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const result = name === null ? 0 : libc.bind(fd, name);
  if (result === 0) return fd;
  libc.close(fd);
  throw errnoError('bind', result);
}

export type TcpOpening = {
  /** A literal address. */
  host: string;
  /** 0 = any free one. */
  port: number;
  ipv6Only: boolean;
};

/**
 * Binds the socket of a listener, which does not listen yet. SO_REUSEADDR lets it bind beside connections in TIME_WAIT,
 * and nothing else: a port that anyone listens on is EADDRINUSE. Throws an Error with an errno `code`; then nothing is
 * left open.
 *
 * A socket that was bound to port 0 would lose its port as soon as it does not listen any more. So what is kept is another
 * one, bound to the number that the kernel gave while the first still holds it.
 */
export function bindTcpSocket(opening: TcpOpening): { fd: number; address: Endpoint } {
  if (opening.port !== 0) return boundTcpSocket(opening);
  const first = boundTcpSocket(opening);
  try {
    return boundTcpSocket({ ...opening, port: first.address.port });
  } finally {
    closeSocket(first.fd);
  }
}

function boundTcpSocket({ host, port, ipv6Only }: TcpOpening): { fd: number; address: Endpoint } {
  const libc = loadLibc();
  const family = familyOf(host);
  const fd = must('socket', libc.socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  try {
    if (family === AF_INET6) must('setsockopt', libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, ipv6Only ? 1 : 0));
    must('setsockopt', libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1));
    must('bind', libc.bind(fd, socketAddress({ host, port }, family)));
    return { fd, address: { host, port: localEndpoint(libc, fd).port } };
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

/** A stream socket of the family of a struct sockaddr. Whoever takes the descriptor closes it. Throws an Error with an errno `code`. */
export function openStreamSocket(name: Uint8Array): number {
  const family = name[SOCKADDR.family]!;
  return must('socket', loadLibc().socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

/** Closes a socket of this thread's; others may hold descriptors of their own to it. */
export function closeSocket(fd: number): void {
  loadLibc().close(fd);
}

/** The forced buffer size needs CAP_NET_ADMIN; the other is capped by net.core.rmem_max. */
function configure(libc: Libc, fd: number, { host, ipv6Only, receiveBuffer }: UdpOpening): void {
  const set = (level: number, option: number, value: number) => libc.setsockopt(fd, level, option, value);
  if (familyOf(host) === AF_INET6) must('setsockopt', set(IPPROTO_IPV6, IPV6_V6ONLY, ipv6Only ? 1 : 0));
  if (set(SOL_SOCKET, SO_RCVBUFFORCE, receiveBuffer) < 0) set(SOL_SOCKET, SO_RCVBUF, receiveBuffer);
  must('setsockopt', set(SOL_SOCKET, SO_TIMESTAMPNS, 1));
  must('setsockopt', set(SOL_SOCKET, SO_RXQ_OVFL, 1));
}

function share(libc: Libc, fd: number, on = true): void {
  must('setsockopt', libc.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, on ? 1 : 0));
}

/**
 * The kernel looks elsewhere for a receiver of what comes from now on and, as there is none, answers with port
 * unreachable. The port stays held; on a wildcard address only that of loopback, see `holdPort`. Throws an Error with an
 * errno `code`.
 */
export function hideSocket(fd: number): void {
  const result = muteSocket(loadLibc(), fd);
  if (result < 0) throw errnoError('connect', result);
}

/** Whether others of this user may join the port of a socket. Throws an Error with an errno `code`. */
export function shareSocket(fd: number, on: boolean): void {
  share(loadLibc(), fd, on);
}

function must(call: string, result: number): number {
  if (result < 0) throw errnoError(call, result);
  return result;
}
