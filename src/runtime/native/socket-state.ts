import type { Endpoint } from '../../net/endpoint.ts';
import {
  AF_INET6,
  CLOCK_REALTIME,
  MEMINFO_DROPS,
  MEMINFO_QUEUED,
  MEMINFO_WORDS,
  SO_MEMINFO,
  SO_RCVBUF,
  SOCKADDR,
  SOL_SOCKET,
} from './layout.ts';
import { errnoError, type Libc } from './libc.ts';
import { readEndpoint, socketAddress } from './sockaddr.ts';

/** The wall clock the kernel stamps datagrams with, to the nanosecond. */
export class KernelClock {
  seconds = 0;
  nanos = 0;
  readonly #libc: Libc;
  readonly #time = new Uint8Array(16);
  readonly #view = new DataView(this.#time.buffer);

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** Reads the clock into `seconds` and `nanos`. */
  read(): this {
    this.#libc.clockGettime(CLOCK_REALTIME, this.#time);
    this.seconds = this.#view.getUint32(0, true);
    this.nanos = this.#view.getUint32(8, true);
    return this;
  }
}

const info = new Uint8Array(MEMINFO_WORDS * 4);
const words = new DataView(info.buffer);

/** Datagrams the socket has dropped since it was opened (mod 2^32), or a negative errno. */
export function socketDrops(libc: Libc, fd: number): number {
  const result = libc.getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info);
  if (result < 0) return result;
  return words.getUint32(MEMINFO_DROPS * 4, true);
}

/** The same while nothing is queued, so that all of them came before whatever is read next; -1 while something is. */
export function drainedSocketDrops(libc: Libc, fd: number): number {
  const drops = socketDrops(libc, fd);
  return words.getUint32(MEMINFO_QUEUED * 4, true) === 0 ? drops : -1;
}

/** Where the socket is bound. Throws an Error with an errno `code`. */
export function localEndpoint(libc: Libc, fd: number): Endpoint {
  return readEndpoint(localName(libc, fd));
}

/** Payload bytes of receive buffer: half of what the kernel says, which doubles what is asked for its own bookkeeping. */
export function grantedBuffer(libc: Libc, fd: number): number {
  const value = new Uint8Array(4);
  const result = libc.getsockopt(fd, SOL_SOCKET, SO_RCVBUF, value);
  if (result < 0) throw errnoError('getsockopt', result);
  return new DataView(value.buffer).getUint32(0, true) / 2;
}

/**
 * Makes the kernel look elsewhere for a receiver, before the last read of a socket: connected to itself, it takes
 * nothing from anybody else, so that nothing can slip in, uncounted, between that read and close. Returns 0, or a negative errno.
 */
export function muteSocket(libc: Libc, fd: number): number {
  return libc.connect(fd, reachableName(libc, fd));
}

/** The struct sockaddr by which the socket is reached from this machine. Throws an Error with an errno `code`. */
export function reachableName(libc: Libc, fd: number): Uint8Array {
  const name = localName(libc, fd);
  const { host, port } = readEndpoint(name);
  const family = name[SOCKADDR.family]!;
  const wildcard = host === '0.0.0.0' || host === '::';
  return wildcard ? socketAddress({ host: family === AF_INET6 ? '::1' : '127.0.0.1', port }, family) : name;
}

function localName(libc: Libc, fd: number): Uint8Array {
  const name = new Uint8Array(SOCKADDR.in6);
  const length = libc.getsockname(fd, name);
  if (length < 0) throw errnoError('getsockname', length);
  return name.slice(0, length);
}
