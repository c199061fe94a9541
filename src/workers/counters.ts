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
  /** Granted receive buffer in bytes. */
  'receiveBuffer',
  /** Wall clock of the last request in milliseconds. */
  'lastRequestAt',
  /** `in` messages handed to the journal port by the binding's present incarnation. */
  'handed',
  /** Reads that brought at least one message. */
  'receiveBatches',
] as const;
export type Counter = (typeof COUNTERS)[number];

/** Numbered over all bindings of a listener. */
export const TICKETS = ['request', 'reply', 'connection'] as const;
export type Ticket = (typeof TICKETS)[number];

const HEAD = 8;
const ROW = 24;

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
  /** The next number of a series, from 1, over all bindings of the listener. */
  take(ticket: Ticket): number {
    return Number(Atomics.add(this.#tickets, ticketIndex[ticket], 1n)) + 1;
  }
  /** The last number given out. */
  taken(ticket: Ticket): number {
    return Number(Atomics.load(this.#tickets, ticketIndex[ticket]));
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
