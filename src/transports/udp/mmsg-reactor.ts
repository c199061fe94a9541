/**
 * Decides when the sockets of a thread are read. Three gears: wait for readiness in the event loop when idle; go on at
 * once while there is more; nap a millisecond after a pass that brought a flood and called for no answer, because few
 * large reads cost less than half of many small ones. Passes go round robin and take two milliseconds in all before the
 * loop turns, so that commands, TCP and timers live. The wait is a libuv poll handle: it holds no pool thread, wakes
 * by itself for commands, and can't hold up terminate() or process.exit().
 */
import type { Libc, Watch } from './native/libc.ts';

/** How a pass ended: more is waiting, a flood was drained, nothing is left, or the reader can't take more for now. */
export type Gear = 'again' | 'nap' | 'wait' | 'stalled';

/** A socket to read. `pass` reads until it has had its share or `deadline` (performance.now) has come. */
export interface Source {
  readonly fd: number;
  pass(deadline: number, alone: boolean): Gear;
}

/** Milliseconds. */
const TURN = 2;
const NAP = 1;

export class Reactor {
  readonly #libc: Libc;
  readonly #nap: number;
  readonly #queue: Seat[] = [];
  readonly #napping: Seat[] = [];
  #scheduled = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(libc: Libc, nap = NAP) {
    this.#libc = libc;
    this.#nap = nap;
  }

  /** Reads the source whenever there is something, from now on. */
  seat(source: Source): Seat {
    return new Seat(this.#libc, source, this.#enqueue);
  }

  readonly #enqueue = (seat: Seat): void => {
    this.#queue.push(seat);
    this.#schedule();
  };

  /** The check phase follows the poll phase at once: all sockets that were reported ready in it share one turn. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    const queue = this.#queue;
    const deadline = performance.now() + TURN;
    for (let left = queue.length; left > 0; left--) {
      const seat = queue.shift()!;
      this.#settle(seat, seat.pass(deadline, queue.length === 0));
      if (performance.now() >= deadline) break;
    }
    if (queue.length > 0) this.#schedule();
  };

  #settle(seat: Seat, gear: Gear): void {
    if (gear === 'again') this.#enqueue(seat);
    else if (gear === 'nap') {
      seat.disarm();
      this.#napping.push(seat);
      this.#timer ??= setTimeout(this.#rise, this.#nap);
    } else if (gear === 'stalled') seat.disarm();
    else seat.arm();
  }

  readonly #rise = (): void => {
    this.#timer = undefined;
    this.#queue.push(...this.#napping.splice(0));
    this.#turn();
  };
}

/** A source's place in the reactor. While it is armed the loop reports readiness. */
export class Seat {
  readonly #source: Source;
  readonly #watch: Watch;
  readonly #enqueue: (seat: Seat) => void;
  #armed = true;
  /** In the reactor's hands: queued or napping. */
  #due = false;
  #left = false;

  constructor(libc: Libc, source: Source, enqueue: (seat: Seat) => void) {
    this.#source = source;
    this.#enqueue = enqueue;
    this.#watch = libc.watch(source.fd, READABLE, this.wake);
  }

  /** Has it read soon: the loop found it ready, or what had stalled it is over. */
  readonly wake = (): void => {
    if (this.#due || this.#left) return;
    this.#due = true;
    this.#enqueue(this);
  };

  pass(deadline: number, alone: boolean): Gear {
    if (this.#left) return 'stalled';
    const gear = this.#source.pass(deadline, alone);
    this.#due = gear === 'again' || gear === 'nap';
    return gear;
  }

  arm(): void {
    if (this.#armed || this.#left) return;
    this.#armed = true;
    this.#watch.start(READABLE, this.wake);
  }

  disarm(): void {
    if (!this.#armed || this.#left) return;
    this.#armed = false;
    this.#watch.stop();
  }

  /** Never read again; the descriptor is free to be closed. */
  leave(): void {
    this.#left = true;
    this.#watch.close();
  }
}

const READABLE = { readable: true };
