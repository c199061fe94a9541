/**
 * Takes chunks from the links of their makers into the log. Whatever waits goes into one transaction of at most 5 ms
 * or 4 MiB; only then is its credit given back, so a worker can't fill the journal faster than it commits. While nothing
 * can be stored, what arrives is held without giving credit back: workers then stop reading or drop, and count it.
 */
import type { ChunkLink } from '../../records/chunk-transfer.ts';
import type { JournalStats } from '../../schemas/reads.ts';
import { JournalError } from '../journal-error.ts';
import type { Log } from '../log/log.ts';
import type { Committed } from '../log/transaction.ts';
import { historyOf } from '../log/view.ts';
import { DAMAGED, storageFault } from '../store/sqlite/storage-fault.ts';
import { CHECKPOINT_TIMEOUT_MS, type DiskReserve } from './disk-reserve.ts';
import { type Batch, IngestQueue } from './ingest-queue.ts';

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_TIME = 5;
/** Bytes a transaction while the last room of a full disk is used. */
const LAST_BYTES = 512 * 1024;
/** Commits on a full disk between two looks at everything else; each frees some dozens of rows. */
const COMMITS = 16;

export class Ingest {
  readonly #log: Log;
  readonly #reserve: DiskReserve;
  readonly #onCommit: (committed: Committed) => void;
  readonly #arrivals = new IngestQueue(() => this.#schedule());
  #scheduled = false;
  #ended = false;
  /** What failed has not gone back yet, for that failed too: until it has, nothing may be shown or stored. */
  #owesRollback = false;
  /** Bytes taken that are not committed yet. */
  pending = 0;
  appends = 0;
  malformed = 0;
  appendSeconds = 0;
  /** Why nothing can be stored at the moment. */
  fault: JournalStats['fault'] = null;

  constructor(parts: { log: Log; reserve: DiskReserve; onCommit: (committed: Committed) => void }) {
    this.#log = parts.log;
    this.#reserve = parts.reserve;
    this.#onCommit = parts.onCommit;
  }

  /** Something can be stored: no fault is known, and the end has not come. */
  get isStoring(): boolean {
    return this.fault === null && !this.#ended;
  }

  attach(link: ChunkLink): void {
    this.#arrivals.attach(link);
  }

  /** One transaction with what has arrived, or with a part of it; the rest follows in the next turn of the event loop. */
  turn(): void {
    if (!this.isStoring) return;
    this.#attempt(() => {
      if (!this.#take()) this.#schedule();
      this.#commit();
    });
    this.#arrivals.giveBack();
  }

  /**
   * Takes and commits everything that was posted before the call. No credit is given back before the end, so the workers
   * can't keep it going for ever. Throws JournalError `storage` while what failed before can't go back.
   */
  drain(): void {
    if (!this.#settle()) throw new JournalError('storage', this.fault!.detail);
    if (this.fault !== null) return;
    this.#attempt(() => {
      while (!this.#take()) this.#commit();
      this.#commit();
    });
    this.#arrivals.giveBack();
  }

  /** Makes a change of the ledger after all that was posted before, and commits it. Throws JournalError `storage`. */
  change<T>(change: () => T): T {
    this.drain();
    return this.#stored(this.#try(change));
  }

  /**
   * Removes messages of a listener with seq < before, all of its records without it; returns how many went. What is held
   * goes as it is taken, and is not counted. Throws JournalError `unknown_listener` or `storage`.
   */
  clear(listener: number, before = Number.POSITIVE_INFINITY): number {
    return this.free(
      () => this.#log.clear(historyOf(this.#log, listener), before),
      () => this.#arrivals.clear(listener, before),
    );
  }

  /**
   * The same as `change` with one that frees room, so that it can be made on a full disk too. It must bear being made
   * twice.
   * @param ahead called when the change is stored and what was posted before it is held
   */
  free<T>(change: () => T, ahead: () => void = () => {}): T {
    this.drain();
    let made = this.#try(change);
    if (this.fault === null) return this.#stored(made);
    this.#reserve.withReserve(() => {
      if (!made.done) made = this.#try(change);
    });
    if (made.done) {
      ahead();
      this.tend();
    }
    return this.#stored(made);
  }

  /** Commits what the ledger has gathered beside; that has to wait while nothing can be stored. */
  commit(): void {
    if (this.isStoring) this.#attempt(() => this.#commit());
  }

  /** Looks at something beside; a disk that can't be read is a fault like one that can't be written. */
  guard(look: () => void): void {
    if (!this.#isLasting) this.#attempt(look);
  }

  /** From time to time: keeps the disk in order, or looks whether there is room again. */
  tend(): void {
    if (this.fault === null) {
      this.#attempt(() => this.#reserve.maintain());
      return;
    }
    if (this.#isLasting) return;
    this.#freeRows();
    this.#probe();
  }

  /**
   * At the end: takes what is there, and carries out the last step. The ballast has served its time and may help. What
   * can't be stored even so is lost; answers how many bytes that are.
   */
  finish(last: () => void): number {
    if (this.#settle()) this.drain();
    if ((this.fault !== null || !this.#attempt(last).done) && !this.#isLasting) {
      this.#empty();
      this.#attempt(last);
    }
    this.end();
    return this.#arrivals.held();
  }

  /** Takes nothing any more: the ports are closed. */
  end(): void {
    this.#arrivals.close();
    this.#ended = true;
  }

  /** Stores what is held, bit by bit, as long as a process can come up afterwards. */
  #empty(): void {
    this.#reserve.withReserve(() => {
      while (
        this.#reserve.truncateWal(CHECKPOINT_TIMEOUT_MS) &&
        this.#reserve.hasSpaceFor(LAST_BYTES) &&
        this.#arrivals.held() > 0
      ) {
        if (!this.#attempt(() => this.#takeAndCommit(LAST_BYTES)).done) return;
      }
    });
  }

  /** Takes what was held if that can be stored now. */
  #probe(): void {
    this.#reserve.truncateWal();
    const { done } = this.#attempt(() => {
      this.#log.store.setNote('probe', `${Date.now()}`);
      this.#takeAndCommit();
    });
    if (!done) return;
    this.fault = null;
    this.#log.faulty = false;
    this.#arrivals.giveBack();
    this.#schedule();
  }

  /** Frees rows that nobody can see any more; where any went, the ballast helps to make use of that. */
  #freeRows(): void {
    const { store } = this.#log;
    const { rows } = store;
    const { done } = this.#attempt(() => this.#freeSome());
    if (done && store.rows === rows) return;
    this.#reserve.withReserve(() => {
      if (!done) this.#attempt(() => this.#freeSome());
    });
  }

  #freeSome(): void {
    for (let i = 0; i < COMMITS && this.#log.isReclaiming; i++) this.#commit();
  }

  #try<T>(change: () => T): Attempt<T> {
    return this.#attempt(() => {
      const made = change();
      this.#commit();
      return made;
    });
  }

  #stored<T>({ done, value }: Attempt<T>): T {
    if (done) return value!;
    throw new JournalError('storage', this.fault!.detail);
  }

  #attempt<T>(step: () => T): Attempt<T> {
    if (!this.#settle()) return { done: false };
    try {
      return { done: true, value: step() };
    } catch (error) {
      const fault = this.#log.store.engine === 'file' ? storageFault(error) : null;
      if (fault === null) throw error;
      this.#fail(fault);
      return { done: false };
    }
  }

  /** As if nothing had been taken since the last commit. A full log may be all that is wrong, so it is seen to at once. */
  #fail(fault: NonNullable<JournalStats['fault']>): void {
    const begins = this.fault === null;
    this.fault = fault;
    this.#log.faulty = true;
    this.#owesRollback = true;
    this.#settle();
    if (begins) setImmediate(() => this.#retry());
  }

  /**
   * True when all that failed has gone back. Of a damaged file not even what was committed may be readable; then the ledger
   * stays as it is, and nothing is stored any more.
   */
  #settle(): boolean {
    if (!this.#owesRollback) return true;
    try {
      this.#log.rollback();
    } catch (error) {
      if (storageFault(error) === null) throw error;
      if (!this.#isLasting) return false;
    }
    this.#owesRollback = false;
    this.appends -= this.#arrivals.rollback();
    this.pending = 0;
    return true;
  }

  /** The file is damaged: nothing can be stored before it was made good, which is for the next start. */
  get #isLasting(): boolean {
    return this.fault?.code === DAMAGED;
  }

  #retry(): void {
    if (this.fault !== null && !this.#ended && !this.#isLasting) this.#probe();
  }

  #takeAndCommit(limit = MAX_BYTES): void {
    this.#take(limit);
    this.#commit();
  }

  #commit(): void {
    const start = performance.now();
    const committed = this.#log.commit();
    if (this.pending > 0) this.appendSeconds += (performance.now() - start) / 1000;
    this.#reserve.committed(this.pending);
    this.pending = 0;
    this.#arrivals.commit();
    if (committed.fresh.length > 0 || committed.touched.size > 0) this.#onCommit(committed);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#ended) this.turn();
    });
  }

  /** Appends what has arrived. False when time or room ran out first. */
  #take(limit = MAX_BYTES): boolean {
    const start = performance.now();
    let now = start;
    for (let next = this.#arrivals.take(); next !== undefined; next = this.#arrivals.take()) {
      this.#append(next);
      now = performance.now();
      if (this.pending >= limit || now - start > MAX_TIME) break;
    }
    this.appendSeconds += (now - start) / 1000;
    return this.pending < limit && now - start <= MAX_TIME;
  }

  /** Bytes that are no chunk go nowhere; their credit is given back all the same. */
  #append({ chunks, bytes, cleared }: Batch): void {
    this.pending += bytes;
    this.appends += chunks.length;
    this.malformed += chunks.length - this.#log.append(chunks);
    const history = cleared && this.#log.histories.get(cleared.listener);
    if (history !== undefined) this.#log.clear(history, cleared!.before);
  }
}

type Attempt<T> = { done: boolean; value?: T };
