/** errno names in the words of the API. What is none of these is a `network_error`. */
export const ERRNO_CODES = {
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_reset',
  EPIPE: 'connection_reset',
  ETIMEDOUT: 'timed_out',
  ENETUNREACH: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  EMFILE: 'limit_reached',
  ENFILE: 'limit_reached',
  ENOBUFS: 'limit_reached',
  EACCES: 'permission_denied',
  EPERM: 'permission_denied',
  EADDRINUSE: 'port_in_use',
  EADDRNOTAVAIL: 'unprocessable',
  EAFNOSUPPORT: 'unprocessable',
  EINVAL: 'unprocessable',
  EMSGSIZE: 'unprocessable',
} as const;
