/**
 * Log: the journal itself, inside its thread. It numbers and stores what is appended, keeps every history within its
 * bounds, and knows what each holds. Changes gather in one transaction; nothing is shown before `commit`.
 */

import { type Clock, systemClock } from '../../clock/clock.ts';
import type { HistoryStats } from '../../schemas/reads.ts';
import { BEYOND, newEpoch } from '../cursor.ts';
import { substituteFor } from '../damage/substitute.ts';
import type { CaptureLimits, JournalListener } from '../journal.ts';
import { problemChunk } from '../own-chunks.ts';
import { Retention } from '../retention/retention.ts';
import type { HistoryState } from '../store/history-state.ts';
import { isDamage } from '../store/sqlite/storage-fault.ts';
import { EPOCH_NOTE, type Row, type Spot, type Store } from '../store/store.ts';
import { Appender } from './appender.ts';
import { ChunkCache } from './chunk-cache.ts';
import { History } from './history.ts';
import { HistoryReader } from './history-reader.ts';
import { Lookup } from './lookup.ts';
import { OverflowGaps } from './overflow-gaps.ts';
import { type Committed, Transaction } from './transaction.ts';
import type { View } from './view.ts';

export class Log implements View {
  readonly store: Store;
  readonly chunks: ChunkCache;
  readonly maxBytes: number;
  /** What the ages of messages and the waits on them go by. */
  readonly clock: Clock;
  readonly histories = new Map<number, History>();
  /** Stays for as long as the store does. */
  readonly epoch: string;
  /** Nothing can be stored at the moment. */
  faulty = false;
  readonly #lookup: Lookup;
  readonly #changes = new Transaction();
  readonly #overflowGaps: OverflowGaps;
  readonly #retention: Retention;
  readonly #appender: Appender;

  /** @param maxBytes cap on what the store takes over all listeners */
  constructor(store: Store, maxBytes: number, clock: Clock = systemClock) {
    this.clock = clock;
    this.#overflowGaps = new OverflowGaps(clock);
    this.store = store;
    this.maxBytes = maxBytes;
    this.epoch = epochOfStore(store);
    this.chunks = new ChunkCache(store);
    this.#lookup = new Lookup(store, this.chunks);
    this.#retention = new Retention(store, this.chunks, { changes: this.#changes, maxBytes, clock });
    const parts = { changes: this.#changes, retention: this.#retention, overflowGaps: this.#overflowGaps };
    this.#appender = new Appender(store, this.chunks, parts);
    for (const state of store.load()) this.#adopt(new History(state.listener, state));
  }

  /** Changes with whatever a reader could see anywhere. */
  get version(): number {
    return this.#changes.version;
  }
  /** Records in the newest row, once there is one of this process. */
  get lastRecords(): number {
    return this.#appender.lastRecords;
  }
  /** Rows that nobody can see any more wait to be freed by the next commits. */
  get isReclaiming(): boolean {
    return this.#retention.compaction.isDue;
  }

  /** Makes a listener known, or changes what is known. */
  register(listener: JournalListener): History {
    const known = this.histories.get(listener.number);
    if (known === undefined) this.#retention.compaction.rest(listener.number);
    const history = known ?? new History(listener);
    this.#rewrite(history, listener);
    return history;
  }

  /** Keeps what was counted of listeners beside their histories; unknown ones are left out. */
  noteCounts(counts: ReadonlyMap<number, string>): void {
    for (const [listener, text] of counts) {
      const history = this.histories.get(listener);
      if (history === undefined) continue;
      history.counts = text;
      this.#changes.unsaved.add(history);
    }
  }

  configure(history: History, capture: CaptureLimits): void {
    this.#rewrite(history, { ...history.listener, capture });
  }

  /** Drops a listener; its rows go bit by bit. */
  forget(history: History): void {
    this.#drop(history);
    this.store.forget(history.listener.number);
  }

  /** Returns how many messages went; they count as read. */
  clear(history: History, before?: number): number {
    const cleared = this.#retention.clear(history, before);
    this.markServed(history, history.floor.major);
    return cleared;
  }

  /**
   * Appends chunks in this order, numbering them in place, and returns how many are acknowledged: at once all of them,
   * but for bytes that are no chunk. Those of listeners that are not known go nowhere.
   */
  append(batch: readonly Uint8Array[]): number {
    let acknowledged = 0;
    for (const chunk of batch) if (this.#append(chunk)) acknowledged++;
    return acknowledged;
  }

  /** Appends a chunk of the journal's own. */
  appendOwn(history: History, chunk: Uint8Array): void {
    this.#appender.appendOwn(history, chunk);
  }

  /** Writes the gap record of what dropNewest refused lately, for a reader who wants to see it. */
  writeGap(history: History): void {
    if (!this.faulty) this.#appender.writeGap(history);
  }

  /** Stores the substitute of a damaged chunk in its place, where that can be done, and a problem record. */
  mend(spot: Spot, detail: string): void {
    const history = this.histories.get(spot.listener);
    if (history === undefined || this.faulty) return;
    if (this.#isReadable(spot.row)) this.store.replace(spot.row, substituteFor(spot));
    this.appendOwn(history, problemChunk(spot.listener, { code: 'damaged', detail }));
    this.#changes.seen(history);
  }

  /** A row whose pages are damaged is left alone. */
  #isReadable(row: number): boolean {
    try {
      return this.store.data(row) !== undefined;
    } catch (error) {
      if (isDamage(error)) return false;
      throw error;
    }
  }

  /** Brings a history up to date with the clock, before it is read. */
  refresh(history: History): void {
    this.#retention.evictByAge(history);
  }

  /** The same for all of them. */
  refreshAll(): void {
    this.#retention.evictAllByAge();
  }

  /** Notes that a reader was given a message; it and those before it are read. */
  markServed(history: History, seq: number): void {
    if (seq <= history.served) return;
    history.served = seq;
    history.servedIncoming = this.#lookup.incomingUpTo(history, seq) ?? history.servedIncoming;
    this.#changes.unsaved.add(history);
  }

  /** The same for an answer, by listener. */
  markAllServed(served: ReadonlyMap<number, number>): void {
    for (const [listener, seq] of served) {
      const history = this.histories.get(listener);
      if (history !== undefined) this.markServed(history, seq);
    }
  }

  history(history: History): HistoryStats {
    this.refresh(history);
    this.#retention.refreshBytes(history);
    return history.history();
  }

  /** A reader at a message, undefined when it isn't there. */
  find(history: History, seq: number): HistoryReader | undefined {
    this.refresh(history);
    return this.#lookup.message(history, seq);
  }

  /** Commits what has gathered and returns what became visible by it. */
  commit(): Committed {
    const changes = this.#changes;
    const { compaction } = this.#retention;
    for (const history of this.#overflowGaps.due()) this.writeGap(history);
    compaction.some(changes.added);
    compaction.enforceCap((row) => this.#evict(row));
    if (this.store.engine === 'file') for (const history of changes.unsaved) this.store.save(history.state());
    this.store.commit(changes.reserves);
    return changes.take();
  }

  /**
   * Goes back to what was committed last, as if nothing had been appended or changed since. Throws what the store throws;
   * then nothing has gone back in memory yet, and it must be tried again.
   */
  rollback(): void {
    this.store.rollback();
    const states = new Map(this.store.load().map((state) => [state.listener.number, state]));
    this.chunks.clear();
    const histories = new Map([...this.#changes.forgotten, ...this.histories]);
    this.#changes.drop(this.#overflowGaps);
    for (const history of this.histories.values()) if (!states.has(history.listener.number)) this.#drop(history);
    for (const [number, state] of states) this.#revert(histories.get(number) ?? new History(state.listener), state);
    this.#changes.settle();
  }

  /** False for bytes that are no chunk. */
  #append(chunk: Uint8Array): boolean {
    try {
      const reader = new HistoryReader(chunk, BEYOND);
      const history = this.histories.get(reader.listener);
      if (history !== undefined) this.#appender.append(history, reader);
      return true;
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  }

  #rewrite(history: History, listener: JournalListener): void {
    history.listener = listener;
    this.#adopt(history);
    this.#retention.apply(history);
  }

  #adopt(history: History): void {
    this.histories.set(history.listener.number, history);
    this.#retention.adopt(history);
    history.version++;
    this.#changes.seen(history);
  }

  #revert(history: History, state: HistoryState): void {
    history.revert(state);
    this.#adopt(history);
    this.#retention.floorMoved(history);
  }

  #drop(history: History): void {
    this.histories.delete(history.listener.number);
    this.#overflowGaps.forget(history);
    this.#retention.drop(history);
    this.#changes.forget(history);
  }

  #evict(row: Row): void {
    const history = this.histories.get(row.listener);
    if (history?.raiseFloor(row.end, 'evicted')) this.#changes.seen(history);
  }
}

function epochOfStore(store: Store): string {
  const known = store.note(EPOCH_NOTE);
  if (known !== undefined) return known;
  const epoch = newEpoch();
  store.setNote(EPOCH_NOTE, epoch);
  return epoch;
}
