/**
 * The kernel's constants and struct layouts, as 64-bit little-endian Linux has them. They are the same on x86-64 and
 * arm64 (asm-generic); the self-test proves them on the machine at hand before anything relies on them.
 */

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

export const SOL_SOCKET = 1;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_REUSEADDR = 2;
export const SO_REUSEPORT = 15;
/** setsockopt: a struct linger, two words: whether, and seconds. */
export const SO_LINGER = 13;
export const SO_RCVBUFFORCE = 33;
/** Also the type of its control message: struct timespec. */
export const SO_TIMESTAMPNS = 35;
/** Also the type of its control message: u32, how many datagrams the socket had dropped when this one was queued. */
export const SO_RXQ_OVFL = 40;
/** getsockopt: u32[9], see MEMINFO_DROPS. */
export const SO_MEMINFO = 55;
export const MEMINFO_WORDS = 9;
/** Place of the bytes that are queued for reading in what SO_MEMINFO answers. */
export const MEMINFO_QUEUED = 0;
/** Place of the socket's drop counter in what SO_MEMINFO answers. */
export const MEMINFO_DROPS = 8;
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;

/** shutdown: nothing is read any more. Of a listening socket: it does not listen any more. */
export const SHUT_RD = 0;
export const CLOCK_REALTIME = 0;
/** struct pollfd: descriptor i32, events i16, what happened i16. */
export const POLLFD_BYTES = 8;
export const POLLIN = 1;
export const POLLOUT = 4;

export const EFD_NONBLOCK = 0o4000;
export const EFD_CLOEXEC = 0o2000000;
export const EPOLL_CLOEXEC = 0o2000000;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export const EPOLLIN = 1;
export const EPOLLONESHOT = 1 << 30;
/** struct epoll_event: events u32, data u64; packed on x86-64 only. */
export const EPOLL_EVENT =
  process.arch === 'x64' ? ({ bytes: 12, events: 0, data: 4 } as const) : ({ bytes: 16, events: 0, data: 8 } as const);

export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;

/** Errors this engine treats by name; util.getSystemErrorName knows the rest. */
export const EINTR = 4;
export const EAGAIN = 11;
export const EINVAL = 22;
export const EMSGSIZE = 90;
export const ENOBUFS = 105;
export const ECONNREFUSED = 111;
export const EINPROGRESS = 115;

/** struct mmsghdr: a struct msghdr and the datagram's length. */
export const MMSGHDR = {
  bytes: 64,
  name: 0,
  nameLength: 8,
  iov: 16,
  iovLength: 24,
  control: 32,
  controlLength: 40,
  flags: 48,
  length: 56,
} as const;
/** struct iovec */
export const IOVEC = { bytes: 16, base: 0, length: 8 } as const;
/** struct cmsghdr; data follows, the next one starts 8-aligned. */
export const CMSGHDR = { bytes: 16, length: 0, level: 8, type: 12 } as const;
/** struct sockaddr_in and sockaddr_in6. Port and address are in network order. */
export const SOCKADDR = { in: 16, in6: 28, family: 0, port: 2, address4: 4, address6: 8, scope: 24 } as const;
