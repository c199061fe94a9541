import { BindingCounters, type Counter, createCounters, sumCounters, type Ticket } from '../../runtime/counters.ts';
import type { ListenerStats } from '../../schemas/listener-status.ts';
import type { HistoryStats } from '../../schemas/reads.ts';
import type { SavedCounters } from './saved-counters.ts';

type Sums = Record<Counter, number>;

export class ListenerCounters {
  /** Of the bindings in force. */
  #memory: SharedArrayBuffer;
  /** Of bindings that are being opened to take over. */
  #next: SharedArrayBuffer | null = null;
  /** Of the bindings before these, which may count still while they close. */
  #previous: SharedArrayBuffer | null = null;
  readonly #carried: Partial<Sums>;
  /** Whether the sockets tell what the kernel dropped. */
  knowsKernelDrops: boolean;

  /** @param past what an earlier process counted; it goes on from there, and the requests it had in service have ended */
  constructor(bindings: number, past?: SavedCounters) {
    this.#memory = createCounters(bindings);
    this.#carried = { ...past?.sums };
    this.knowsKernelDrops = past?.knowsKernelDrops ?? true;
    if (past === undefined) return;
    const row = this.row(0);
    const { taken } = past;
    for (const ticket of ['request', 'reply', 'connection'] as const) row.take(ticket, taken[ticket]);
    row.take('served', taken.request);
  }

  /** What the threads of the present bindings write into. */
  get memory(): SharedArrayBuffer {
    return this.#memory;
  }

  /** Fresh memory for new bindings. Connections are numbered on, so that none has the number of another. */
  prepare(bindings: number): SharedArrayBuffer {
    this.#next = createCounters(bindings);
    new BindingCounters(this.#next, 0).take('connection', this.taken('connection'));
    return this.#next;
  }

  /** The new bindings are in force; the ones before may still close. */
  adopt(): void {
    if (this.#next === null) return;
    this.settle();
    this.#previous = this.#memory;
    this.#memory = this.#next;
    this.#next = null;
  }

  /** The new bindings came to nothing: the ones in force count on. What the others had read was recorded. */
  abandon(): void {
    if (this.#next !== null) addLasting(this.#carried, this.#next);
    this.#next = null;
  }

  /** The bindings before are closed. */
  settle(): void {
    if (this.#previous !== null) addLasting(this.#carried, this.#previous);
    this.#previous = null;
  }

  /** Counts from the main thread's side. */
  carry(counter: Counter, amount: number): void {
    this.#carried[counter] = (this.#carried[counter] ?? 0) + amount;
  }

  /** Sums over all bindings there ever were. */
  sums(): Sums {
    const sums = sumCounters(this.#memory);
    for (const other of this.#others) addLasting(sums, other);
    for (const name of Object.keys(this.#carried) as Counter[]) sums[name] += this.#carried[name]!;
    return sums;
  }

  /** The sums of those that say what was. */
  lasting(): Partial<Sums> {
    const lasting = { ...this.#carried };
    for (const memory of [this.#memory, ...this.#others]) addLasting(lasting, memory);
    return lasting;
  }

  get #others(): SharedArrayBuffer[] {
    return [this.#previous, this.#next].filter((memory) => memory !== null);
  }

  /** The last number of a series that the present bindings gave out. */
  taken(ticket: Ticket): number {
    return new BindingCounters(this.#memory, 0).taken(ticket);
  }

  /** One binding's counters. */
  row(binding: number): BindingCounters {
    return new BindingCounters(this.#memory, binding);
  }

  /** As the API shows them, together with what the journal counts. `bindings` is how many sockets are open. */
  stats(history: HistoryStats, bindings: number): Omit<ListenerStats, 'foreignSockets'> {
    const sums = this.sums();
    const kernel = this.knowsKernelDrops ? sums.kernel : null;
    const { overload, denied, fault, paused, closed, lost } = sums;
    return {
      received: sums.received,
      receivedBytes: sums.receivedBytes,
      captured: history.captured,
      sent: sums.sent,
      sentBytes: sums.sentBytes,
      requests: sums.requests,
      connectionsOpen: sums.connectionsOpen,
      connectionsTotal: sums.connectionsTotal,
      connectionsRefused: sums.connectionsRefused,
      dropped: { kernel, overload, denied, fault, full: history.full, paused, closed, lost },
      evicted: history.evicted,
      cleared: history.cleared,
      truncated: history.truncated,
      repliesSuppressed: sums.repliesSuppressed,
      internalErrors: sums.internalErrors,
      repliesRefused: sums.repliesRefused,
      firstSeq: history.firstSeq,
      lastSeq: history.lastSeq,
      receiveBatches: sums.receiveBatches,
      receiveBuffer: bindings === 0 ? 0 : sums.receiveBuffer / bindings,
    };
  }
}

/** Messages a binding has read and not dropped itself: those that must be in the journal, or are lost. */
export function undropped(row: BindingCounters): number {
  const dropped =
    row.get('overload') +
    row.get('denied') +
    row.get('fault') +
    row.get('paused') +
    row.get('closed') +
    row.get('lost');
  return row.get('received') - dropped;
}

/** Counters that say what is, not what was. */
const MOMENTARY: ReadonlySet<Counter> = new Set([
  'connectionsOpen',
  'receiveBuffer',
  'lastRequestAt',
  'handed',
  'served',
]);

function addLasting(sums: Partial<Sums>, memory: SharedArrayBuffer): void {
  for (const [name, sum] of Object.entries(sumCounters(memory)) as [Counter, number][]) {
    if (!MOMENTARY.has(name)) sums[name] = (sums[name] ?? 0) + sum;
  }
}
