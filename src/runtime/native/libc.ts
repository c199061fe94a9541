/**
 * Every native call of the program, bound through koffi. Each answers what the C function answers, or a negative errno;
 * a call interrupted by a signal is made again. Nothing here throws once `loadLibc` has succeeded. Pointers are plain
 * numbers that only this folder makes, from memory it owns.
 */
import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import { getSystemErrorName } from 'node:util';
import {
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  EINTR,
  EINVAL,
  EPOLL_CLOEXEC,
  EPOLL_EVENT,
  POLLFD_BYTES,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
} from './layout.ts';
import { loading } from './loading.ts';

/** fcntl command, Linux. */
const F_DUPFD_CLOEXEC = 1030;

type Native = (...args: (number | Uint8Array | null)[]) => number;
type Koffi = {
  load(path: string | null): { func(name: string, result: string, args: string[]): Native };
  errno(): number;
  address(memory: Uint8Array): bigint;
};

export type Libc = ReturnType<typeof bindLibc>;

let loaded: Libc | undefined;

/** The native calls, bound once a thread. Throws an Error that says why where the machine can't have them. */
export function loadLibc(): Libc {
  loaded ??= loading(() => bindLibc(loadKoffi()));
  return loaded;
}

/** The name of a negative errno, such as EADDRINUSE. */
export function errnoName(result: number): string {
  return getSystemErrorName(result);
}

/** An Error with `code`, as node's own socket errors have. */
export function errnoError(call: string, result: number): NodeJS.ErrnoException {
  const code = errnoName(result);
  return Object.assign(new Error(`${call} ${code}`), { code, errno: result, syscall: call });
}

function loadKoffi(): Koffi {
  if (process.platform !== 'linux') throw new Error(`no native batches on ${process.platform}`);
  if (process.arch !== 'x64' && process.arch !== 'arm64') throw new Error(`no native batches on ${process.arch}`);
  if (endianness() !== 'LE') throw new Error('no native batches on a big-endian machine');
  return createRequire(import.meta.url)('koffi') as Koffi;
}

function bindLibc(koffi: Koffi) {
  const libc = koffi.load(null);
  const bind = (name: string, args: string[]): Native => {
    const call = libc.func(name, 'int', args);
    return (...given) => {
      for (;;) {
        const result = call(...given);
        if (result >= 0) return result;
        const errno = koffi.errno();
        if (errno !== EINTR) return errno > 0 ? -errno : -EINVAL;
      }
    };
  };
  const event = new Uint8Array(EPOLL_EVENT.bytes);
  const eventView = new DataView(event.buffer);
  const pollfd = new Uint8Array(POLLFD_BYTES);
  const pollView = new DataView(pollfd.buffer);
  const raw = {
    setsockopt: bind('setsockopt', ['int', 'int', 'int', 'void *', 'uint']),
    getsockopt: bind('getsockopt', ['int', 'int', 'int', 'void *', 'void *']),
    bind: bind('bind', ['int', 'void *', 'uint']),
    connect: bind('connect', ['int', 'void *', 'uint']),
    clockGettime: bind('clock_gettime', ['int', 'void *']),
    poll: bind('poll', ['void *', 'ulong', 'int']),
    listen: bind('listen', ['int', 'int']),
    shutdown: bind('shutdown', ['int', 'int']),
    accept: bind('accept4', ['int', 'void *', 'void *', 'int']),
    fcntl: bind('fcntl', ['int', 'int', 'int']),
    eventfd: bind('eventfd', ['uint', 'int']),
    write: bind('write', ['int', 'void *', 'size_t']),
    epollCreate: bind('epoll_create1', ['int']),
    epollControl: bind('epoll_ctl', ['int', 'int', 'int', 'void *']),
    epollWait: bind('epoll_wait', ['int', 'void *', 'int', 'int']),
    getsockname: bind('getsockname', ['int', 'void *', 'void *']),
    recvmmsg: libc.func('recvmmsg', 'int', ['int', 'uintptr_t', 'uint', 'int', 'uintptr_t']),
    sendmmsg: libc.func('sendmmsg', 'int', ['int', 'uintptr_t', 'uint', 'int']),
  };
  return {
    socket: bind('socket', ['int', 'int', 'int']) as (family: number, type: number, protocol: number) => number,
    close: bind('close', ['int']) as (fd: number) => number,
    bind: (fd: number, address: Uint8Array) => raw.bind(fd, address, address.length),
    connect: (fd: number, address: Uint8Array) => raw.connect(fd, address, address.length),
    listen: (fd: number, backlog: number) => raw.listen(fd, backlog),
    shutdown: (fd: number, how: number) => raw.shutdown(fd, how),
    /** Another descriptor of the same socket, closed in children. */
    duplicate: (fd: number) => raw.fcntl(fd, F_DUPFD_CLOEXEC, 0),
    /** Fills `address` and returns how many bytes of it are meant. */
    getsockname(fd: number, address: Uint8Array): number {
      const length = u32(address.length);
      const result = raw.getsockname(fd, address, length);
      return result < 0 ? result : Math.min(readU32(length), address.length);
    },
    setsockopt: (fd: number, level: number, option: number, value: number) =>
      raw.setsockopt(fd, level, option, u32(value), 4),
    /** The same with a struct. */
    setsockoptStruct: (fd: number, level: number, option: number, value: Uint8Array) =>
      raw.setsockopt(fd, level, option, value, value.length),
    /** Fills `value` and returns how many bytes of it are meant. */
    getsockopt(fd: number, level: number, option: number, value: Uint8Array): number {
      const length = u32(value.length);
      const result = raw.getsockopt(fd, level, option, value, length);
      return result < 0 ? result : Math.min(readU32(length), value.length);
    },
    /** The headers lie at an address of this folder's own memory. */
    recvmmsg(fd: number, headers: number, count: number, flags: number): number {
      for (;;) {
        const result = raw.recvmmsg(fd, headers, count, flags, 0);
        if (result >= 0) return result;
        const errno = koffi.errno();
        if (errno !== EINTR) return -errno;
      }
    },
    sendmmsg(fd: number, headers: number, count: number, flags: number): number {
      for (;;) {
        const result = raw.sendmmsg(fd, headers, count, flags);
        if (result >= 0) return result;
        const errno = koffi.errno();
        if (errno !== EINTR) return -errno;
      }
    },
    /** Writes a struct timespec to the 16 bytes. */
    clockGettime: (clock: number, time: Uint8Array) => raw.clockGettime(clock, time),
    /** Waits for one of these events, at most this many milliseconds. Blocks the thread. */
    waitFor(fd: number, events: number, milliseconds: number): number {
      pollView.setInt32(0, fd, true);
      pollView.setInt16(4, events, true);
      return raw.poll(pollfd, 1, milliseconds);
    },
    /** A connection that waits; without waiting for one. */
    accept: (fd: number) => raw.accept(fd, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC),
    /** Where memory lies: it stays there as long as its ArrayBuffer lives. */
    address: (memory: Uint8Array<ArrayBuffer>) => Number(koffi.address(memory)),
    eventfd: () => raw.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
    /** Makes an eventfd readable. */
    signalEvent: (fd: number) => raw.write(fd, ONE, 8),
    epollCreate: () => raw.epollCreate(EPOLL_CLOEXEC),
    /** The event's data is the descriptor. */
    epollControl(epoll: number, operation: number, fd: number, events: number): number {
      eventView.setUint32(EPOLL_EVENT.events, events, true);
      eventView.setUint32(EPOLL_EVENT.data, fd, true);
      return raw.epollControl(epoll, operation, fd, event);
    },
    epollEvents: (count: number) => new EpollEvents(count),
    /** Waits at most so many milliseconds; returns how many are ready. Blocks the thread. */
    epollWait: (epoll: number, ready: EpollEvents, milliseconds: number) =>
      raw.epollWait(epoll, ready.bytes, ready.count, milliseconds),
  };
}

/** What epoll_wait found. */
export class EpollEvents {
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(count: number) {
    this.count = count;
    this.bytes = new Uint8Array(count * EPOLL_EVENT.bytes);
    this.#view = new DataView(this.bytes.buffer);
  }

  descriptor(i: number): number {
    return this.#view.getUint32(i * EPOLL_EVENT.bytes + EPOLL_EVENT.data, true);
  }
}

const ONE = new Uint8Array(BigUint64Array.of(1n).buffer);

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function readU32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

/** Stores an address, which in user space fits a double, in two words. */
export function writePointer(words: Int32Array, at: number, address: number): void {
  words[at] = address % 0x1_0000_0000;
  words[at + 1] = Math.floor(address / 0x1_0000_0000);
}
