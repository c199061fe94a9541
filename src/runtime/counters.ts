/**
 * Counters of one listener in shared memory, made by the main thread. Each binding writes only its own row (plain stores:
 * one writer), so they stay readable when its thread dies. The shared head holds what is numbered over all bindings.
 */
export const COUNTERS = [
  'received',
  'receivedBytes',
  'sent',
  'sentBytes',
  'requests',
  'connectionsOpen',
  'connectionsTotal',
  'connectionsRefused',
  'kernel',
  'overload',
  'denied',
  'fault',
  'paused',
  'closed',
  'lost',
  'repliesSuppressed',
  /** Mistakes of this program that a message or connection met: caught and logged. */
  'internalErrors',
  /** Replies that the system did not take. */
  'repliesRefused',
  /** Granted receive buffer in bytes. */
  'receiveBuffer',
  /** Wall clock of the last request in milliseconds. */
  'lastRequestAt',
  /** `in` messages handed to the journal port by the binding's present incarnation. */
  'handed',
  /** Reads that brought at least one message. */
  'receiveBatches',
  /** Requests whose service has ended; kept only where maxRequests is set. */
  'served',
  /** Messages that no rule matched. */
  'unmatched',
] as const;
export type Counter = (typeof COUNTERS)[number];

/** Numbered over all bindings of a listener. */
export const TICKETS = ['request', 'reply', 'connection', 'served'] as const;
export type Ticket = (typeof TICKETS)[number];

const HEAD = 8;
const ROW = 24;
/** Place in the head of the number of connections open over all bindings. */
const OPEN = 7;

const index = Object.fromEntries(COUNTERS.map((name, i) => [name, i])) as Record<Counter, number>;
const ticketIndex = Object.fromEntries(TICKETS.map((name, i) => [name, i])) as Record<Ticket, number>;

/** Shared memory for a listener with this many bindings. */
export function createCounters(bindings: number): SharedArrayBuffer {
  return new SharedArrayBuffer((HEAD + ROW * bindings) * 8);
}

/** One binding's row, for its thread. */
export class BindingCounters {
  readonly #row: Float64Array;
  readonly #tickets: BigInt64Array;

  constructor(memory: SharedArrayBuffer, binding: number) {
    this.#row = new Float64Array(memory, (HEAD + ROW * binding) * 8, ROW);
    this.#tickets = new BigInt64Array(memory, 0, HEAD);
  }

  add(counter: Counter, amount = 1): void {
    this.#row[index[counter]]! += amount;
  }
  set(counter: Counter, value: number): void {
    this.#row[index[counter]] = value;
  }
  get(counter: Counter): number {
    return this.#row[index[counter]]!;
  }
  /** The next number of a series, from 1, over all bindings of the listener; the first of as many as are asked for. */
  take(ticket: Ticket, amount = 1): number {
    return Number(Atomics.add(this.#tickets, ticketIndex[ticket], BigInt(amount))) + 1;
  }
  /** The last number given out. */
  taken(ticket: Ticket): number {
    return Number(Atomics.load(this.#tickets, ticketIndex[ticket]));
  }
  /** Counts a connection in, unless `limit` are open over all bindings. */
  enter(limit: number): boolean {
    if (Number(Atomics.add(this.#tickets, OPEN, 1n)) < limit) {
      this.add('connectionsOpen');
      return true;
    }
    Atomics.sub(this.#tickets, OPEN, 1n);
    return false;
  }
  /** Counts connections out. */
  leave(connections = 1): void {
    Atomics.sub(this.#tickets, OPEN, BigInt(connections));
    this.add('connectionsOpen', -connections);
  }
  /**
   * The end of a request's service; true for the one that makes `maxRequests` over all bindings. Exactly one caller in
   * the listener's life gets true.
   */
  serve(maxRequests: number | null): boolean {
    if (maxRequests === null) return false;
    this.add('served');
    return this.take('served') === maxRequests;
  }
  /**
   * Settles what a dead thread left in this row: its connections are closed, its requests in service will see no end.
   * True as `serve`.
   */
  inherit(maxRequests: number | null): boolean {
    this.leave(this.get('connectionsOpen'));
    this.set('handed', 0);
    let last = false;
    while (maxRequests !== null && this.get('served') < this.get('requests')) last = this.serve(maxRequests) || last;
    return last;
  }
  /** Raw row and column numbers for hot loops. */
  get row(): Float64Array {
    return this.#row;
  }
}
/** Columns of `BindingCounters.row`. */
export const COLUMN: Readonly<Record<Counter, number>> = index;

/** All bindings' sums, for the main thread. */
export function sumCounters(memory: SharedArrayBuffer): Record<Counter, number> {
  const all = new Float64Array(memory, HEAD * 8);
  const sums = {} as Record<Counter, number>;
  for (const name of COUNTERS) {
    let sum = 0;
    for (let at = index[name]; at < all.length; at += ROW) {
      sum = name === 'lastRequestAt' ? Math.max(sum, all[at]!) : sum + all[at]!;
    }
    sums[name] = sum;
  }
  return sums;
}
