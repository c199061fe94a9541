/**
 * Decides when the sockets of a thread are read. Three states: wait for the poller's bell when idle; go on at once while
 * there is more; rest a millisecond after a pass that brought a flood and called for no answer, because few large reads
 * cost less than half of many small ones. Passes go round robin and take two milliseconds in all before the loop turns,
 * so that commands, TCP and timers live.
 */
import { performance } from 'node:perf_hooks';
import type { PollerAccess } from '../../../workers/protocol.ts';
import type { Libc } from '../../native/libc.ts';
import { ReadinessWaiter } from '../../native/poller.ts';

/** How a pass ended: more is waiting, a flood was drained, nothing is left, or the reader can't take more for now. */
export type PassResult = 'again' | 'coalesce' | 'wait' | 'stalled';

/** A socket to read. `pass` reads until it has had its share or `deadline` (performance.now) has come. */
export interface Source {
  readonly fd: number;
  pass(deadline: number, alone: boolean): PassResult;
}

/** Milliseconds. */
const TURN = 2;
const COALESCE_MS = 1;

export class Reactor {
  readonly #libc: Libc;
  readonly #coalesceMs: number;
  readonly #queue: Registration[] = [];
  readonly #coalescing: Registration[] = [];
  #scheduled = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(libc: Libc, coalesce = COALESCE_MS) {
    this.#libc = libc;
    this.#coalesceMs = coalesce;
  }

  /** Reads the source whenever there is something, from now on. */
  register(source: Source, poller: PollerAccess): Registration {
    return new Registration(source, (ring) => new ReadinessWaiter(this.#libc, source.fd, poller, ring), this.#enqueue);
  }

  readonly #enqueue = (register: Registration): void => {
    this.#queue.push(register);
    this.#schedule();
  };

  /** All sockets that are found readable in one turn of the loop share the next pass. */
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
      const register = queue.shift()!;
      this.#settle(register, register.pass(deadline, queue.length === 0));
      if (performance.now() >= deadline) break;
    }
    if (queue.length > 0) this.#schedule();
  };

  #settle(register: Registration, result: PassResult): void {
    if (result === 'again') this.#enqueue(register);
    else if (result === 'coalesce') {
      this.#coalescing.push(register);
      this.#timer ??= setTimeout(this.#rise, this.#coalesceMs);
    } else if (result === 'wait') register.arm();
  }

  readonly #rise = (): void => {
    this.#timer = undefined;
    this.#queue.push(...this.#coalescing.splice(0));
    this.#turn();
  };
}

/** A source's registration in the reactor: the reactor has it in hand (queued or resting), or its bell is armed, or it is stalled. */
export class Registration {
  readonly #source: Source;
  readonly #waiter: ReadinessWaiter;
  readonly #enqueue: (register: Registration) => void;
  #due = false;
  #left = false;

  constructor(
    source: Source,
    waiter: (ring: () => void) => ReadinessWaiter,
    enqueue: (register: Registration) => void,
  ) {
    this.#source = source;
    this.#enqueue = enqueue;
    this.#waiter = waiter(this.wake);
    this.#waiter.arm();
  }

  /** Has it read soon: it is readable, or what had stalled it is over. */
  readonly wake = (): void => {
    if (this.#due || this.#left) return;
    this.#due = true;
    this.#enqueue(this);
  };

  pass(deadline: number, alone: boolean): PassResult {
    if (this.#left) return 'stalled';
    const result = this.#source.pass(deadline, alone);
    this.#due = result === 'again' || result === 'coalesce';
    return result;
  }

  /** Waits for the next datagram. */
  arm(): void {
    if (!this.#left) this.#waiter.arm();
  }

  /** Never read again; the descriptor is free to be closed. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#waiter.leave();
  }
}
