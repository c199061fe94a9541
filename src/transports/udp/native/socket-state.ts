/** What the kernel says about a moment and about a socket, without an object a question. */
import { CLOCK_REALTIME, MEMINFO_DROPS, MEMINFO_WORDS, SO_MEMINFO, SOL_SOCKET } from './layout.ts';
import type { Libc } from './libc.ts';

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
