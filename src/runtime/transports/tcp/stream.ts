/**
 * What a TcpBinding needs of its server and its sockets: any stream that has a peer. node:net brings it, TLS sockets and
 * Unix sockets do, and so does a stream in memory.
 */
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

export interface StreamSocket extends Duplex {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Emits `timeout` after so many milliseconds without traffic; 0 = never. */
  setTimeout(milliseconds: number): unknown;
  /** Ends it at once; the peer gets a reset. */
  resetAndDestroy(): unknown;
}

/** Its sockets are half-open and paused when they come. */
export interface StreamServer {
  address(): AddressInfo | string | null;
  on(event: 'connection', listener: (socket: StreamSocket) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Takes no more connections; those that are open stay. */
  close(): unknown;
  /** Takes connections again. Absent where it never has to. */
  listen?(): Promise<void>;
}
