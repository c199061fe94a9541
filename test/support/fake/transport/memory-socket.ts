/** The two ends of a byte stream in memory. What one writes the other reads, and no faster than it reads. */
import { Duplex } from 'node:stream';
import type { Endpoint } from '../../../../src/net/endpoint.ts';
import type { StreamSocket } from '../../../../src/runtime/transports/tcp/stream.ts';

/** Bytes that an end may hold unread. */
const WINDOW = 64 * 1024;

type Callback = (error?: Error | null) => void;

export class MemorySocket extends Duplex implements StreamSocket {
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  bytesRead = 0;
  bytesWritten = 0;
  #peer!: MemorySocket;
  /** A write of the peer that waits until this end reads on. */
  #waiting: (() => void) | null = null;
  #atEnd = false;
  #idle = 0;
  #timer: NodeJS.Timeout | undefined;

  static pair(one: Endpoint, other: Endpoint): [MemorySocket, MemorySocket] {
    const ends: [MemorySocket, MemorySocket] = [new MemorySocket(one, other), new MemorySocket(other, one)];
    [ends[0].#peer, ends[1].#peer] = [ends[1], ends[0]];
    return ends;
  }

  private constructor(local: Endpoint, remote: Endpoint) {
    super({ allowHalfOpen: true, highWaterMark: WINDOW });
    this.localPort = local.port;
    this.remoteAddress = remote.host;
    this.remotePort = remote.port;
  }

  setTimeout(milliseconds: number): void {
    this.#idle = milliseconds;
    this.#touch();
  }

  resetAndDestroy(): void {
    this.#peer.destroy(errno('ECONNRESET'));
    this.destroy();
  }

  override _read(): void {
    const goOn = this.#waiting;
    this.#waiting = null;
    goOn?.();
  }

  override _write(bytes: Buffer, _encoding: string, done: Callback): void {
    this.bytesWritten += bytes.length;
    this.#touch();
    this.#offer(bytes, done);
  }

  override _final(done: Callback): void {
    this.#peer.#end();
    done();
  }

  override _destroy(error: Error | null, done: Callback): void {
    clearTimeout(this.#timer);
    this._read();
    this.#peer.#end();
    done(error);
  }

  /** Hands bytes over in pieces, for as long as the peer takes them. */
  #offer(bytes: Buffer, done: Callback): void {
    const peer = this.#peer;
    for (let at = 0; at < bytes.length; ) {
      if (peer.destroyed) {
        done(errno('EPIPE'));
        return;
      }
      const piece = Buffer.from(bytes.subarray(at, at + WINDOW));
      at += piece.length;
      if (peer.#take(piece)) continue;
      peer.#waiting = () => this.#offer(bytes.subarray(at), done);
      return;
    }
    done();
  }

  #take(piece: Buffer): boolean {
    this.bytesRead += piece.length;
    this.#touch();
    return this.push(piece);
  }

  #end(): void {
    if (this.#atEnd || this.destroyed) return;
    this.#atEnd = true;
    this.push(null);
  }

  #touch(): void {
    clearTimeout(this.#timer);
    if (this.#idle > 0) this.#timer = setTimeout(() => this.emit('timeout'), this.#idle);
  }
}

export function errno(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}
