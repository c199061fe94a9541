/**
 * Intake: takes chunks from the workers' ports into the ledger. Whatever waits goes into one transaction of at most 5 ms
 * or 4 MiB; only then is its credit given back, so a worker can't fill the journal faster than it commits. While nothing
 * can be stored, what arrives is held without giving credit back: workers then stop reading or drop, and count it.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { ChunkMessage, CreditMessage } from '../workers/protocol.ts';
import type { Committed } from './changes.ts';
import type { JournalStats } from './journal.ts';
import { JournalError } from './journalError.ts';
import type { Ledger } from './ledger.ts';
import { storageFault } from './sqlite/storageFault.ts';

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_TIME = 5;

type Arrival = { port: MessagePort; chunk: ChunkMessage };

export class Intake {
  readonly #ledger: Ledger;
  readonly #onCommit: (committed: Committed) => void;
  readonly #ports = new Set<MessagePort>();
  /** Bytes appended but not yet given back, by port. */
  readonly #owed = new Map<MessagePort, CreditMessage>();
  #arrived: Arrival[] = [];
  /** Taken but not committed; goes back in front of the others when the commit fails. */
  #batch: Arrival[] = [];
  #taken = 0;
  #scheduled = false;
  /** Bytes taken that are not committed yet. */
  pending = 0;
  appends = 0;
  malformed = 0;
  appendSeconds = 0;
  /** Why nothing can be stored at the moment. */
  fault: JournalStats['fault'] = null;

  constructor(ledger: Ledger, onCommit: (committed: Committed) => void) {
    this.#ledger = ledger;
    this.#onCommit = onCommit;
  }

  attach(port: MessagePort): void {
    this.#ports.add(port);
    port.on('message', (chunk: ChunkMessage) => {
      this.#arrived.push({ port, chunk });
      this.#schedule();
    });
    port.on('close', () => this.#ports.delete(port));
  }

  /** One transaction with what has arrived, or with a part of it; the rest follows in the next turn of the event loop. */
  turn(): void {
    if (this.fault !== null) return;
    this.#attempt(() => {
      if (!this.#take()) this.#schedule();
      this.#commit();
    });
    this.#giveBack();
  }

  /**
   * Takes and commits everything that was posted before the call. No credit is given back before the end, so the workers
   * can't keep it going for ever.
   */
  drain(): void {
    if (this.fault !== null) return;
    this.#attempt(() => {
      while (!this.#take()) this.#commit();
      this.#commit();
    });
    this.#giveBack();
  }

  /** Makes a change of the ledger after all that was posted before, and commits it. Throws JournalError `storage`. */
  change<T>(change: () => T): T {
    this.drain();
    const { done, value } = this.#attempt(() => {
      const made = change();
      this.#commit();
      return made;
    });
    if (done) return value!;
    throw new JournalError('storage', this.fault!.detail);
  }

  /** Commits what the ledger has gathered beside; that has to wait while nothing can be stored. */
  commit(): void {
    if (this.fault === null) this.#attempt(() => this.#commit());
  }

  /** Looks whether there is room again, and takes what was held. */
  probe(): void {
    if (this.fault === null) return;
    const { done } = this.#attempt(() => {
      this.#ledger.store.setNote('probe', `${Date.now()}`);
      this.#take();
      this.#commit();
    });
    if (!done) return;
    this.fault = null;
    this.#ledger.faulty = false;
    this.#giveBack();
    this.#schedule();
  }

  /** Bytes that wait to be stored while nothing can be. */
  get held(): number {
    return this.#arrived.reduce((sum, { chunk }) => sum + chunk.byteLength, 0);
  }

  #attempt<T>(step: () => T): { done: boolean; value?: T } {
    try {
      return { done: true, value: step() };
    } catch (error) {
      const fault = this.#ledger.store.engine === 'file' ? storageFault(error) : null;
      if (fault === null) throw error;
      this.#fail(fault);
      return { done: false };
    }
  }

  /** As if nothing had been taken since the last commit. */
  #fail(fault: NonNullable<JournalStats['fault']>): void {
    this.#ledger.rollback();
    this.fault = fault;
    this.#ledger.faulty = true;
    for (const { port, chunk } of this.#batch) this.#owed.set(port, this.#owed.get(port)! - chunk.byteLength);
    this.appends -= this.#batch.length;
    this.#arrived = [...this.#batch, ...this.#arrived.slice(this.#taken)];
    this.#taken = 0;
    this.#batch = [];
    this.pending = 0;
  }

  #commit(): void {
    const start = performance.now();
    const committed = this.#ledger.commit();
    if (this.pending > 0) this.appendSeconds += (performance.now() - start) / 1000;
    this.pending = 0;
    this.#batch = [];
    if (committed.fresh.length > 0 || committed.touched.size > 0) this.#onCommit(committed);
  }

  close(): void {
    for (const port of this.#ports) port.close();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.turn();
    });
  }

  /** Appends what has arrived. False when time or room ran out first. */
  #take(): boolean {
    const start = performance.now();
    let now = start;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#append(next);
      now = performance.now();
      if (this.pending >= MAX_BYTES || now - start > MAX_TIME) break;
    }
    this.appendSeconds += (now - start) / 1000;
    return this.pending < MAX_BYTES && now - start <= MAX_TIME;
  }

  /** What arrived first, then what the ports still hold. */
  #next(): Arrival | undefined {
    if (this.#taken < this.#arrived.length) return this.#arrived[this.#taken++];
    this.#arrived = [];
    this.#taken = 0;
    for (const port of this.#ports) {
      const received = receiveMessageOnPort(port);
      if (received !== undefined) return { port, chunk: received.message };
    }
    return undefined;
  }

  /** Bytes that are no chunk go nowhere; their credit is given back all the same. */
  #append(arrival: Arrival): void {
    const { port, chunk } = arrival;
    const { byteLength } = chunk;
    this.#batch.push(arrival);
    this.#owed.set(port, (this.#owed.get(port) ?? 0) + byteLength);
    this.pending += byteLength;
    this.appends++;
    try {
      this.#ledger.append(chunk);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.malformed++;
    }
  }

  #giveBack(): void {
    for (const [port, bytes] of this.#owed) port.postMessage(bytes);
    this.#owed.clear();
  }
}
