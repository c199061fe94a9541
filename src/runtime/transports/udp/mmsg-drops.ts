/**
 * What the kernel dropped on one socket for want of buffer. The socket counts from its opening, mod 2^32; how far that is
 * accounted for stands in shared memory, so that a thread which takes the socket over goes on where the last one ended.
 */
import { COLUMN } from '../../counters.ts';
import type { Libc } from '../../native/libc.ts';
import { drainedSocketDrops, socketDrops } from '../../native/socket-state.ts';

export class KernelDrops {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #row: Float64Array;
  /** The socket's counter as far as it is accounted for. */
  #known: number;

  /** @param before what the row counted already when the socket was opened */
  constructor(libc: Libc, { fd, row, before }: { fd: number; row: Float64Array; before: number }) {
    this.#libc = libc;
    this.#fd = fd;
    this.#row = row;
    this.#known = (row[COLUMN.kernel]! - before) >>> 0;
  }

  /** Counts what was dropped until a datagram was queued that carries this counter; returns how many are new. */
  upTo(counter: number): number {
    const dropped = (counter - this.#known) >>> 0;
    // A datagram queued before the last look carries an older counter.
    if (dropped > 0x7fff_ffff) return 0;
    this.#known = counter;
    this.#row[COLUMN.kernel]! += dropped;
    return dropped;
  }

  /** The same until now, when nothing is queued; otherwise what is queued will tell, and where. */
  whileDrained(): number {
    return this.#look(drainedSocketDrops(this.#libc, this.#fd));
  }

  /** The same until now, at the end. */
  last(): number {
    return this.#look(socketDrops(this.#libc, this.#fd));
  }

  #look(counter: number): number {
    return counter < 0 ? 0 : this.upTo(counter);
  }
}
