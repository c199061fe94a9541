/**
 * Retention: moves the beginning of a history forward, message by message, until its bounds hold. Exact to the reader at
 * once; the rows below are freed later and in small steps (compaction.ts).
 */

import type { Clock } from '../../clock/clock.ts';
import { BEYOND, type Position } from '../cursor.ts';
import { isSubstitute } from '../damage/substitute.ts';
import type { ChunkCache } from '../log/chunk-cache.ts';
import type { History } from '../log/history.ts';
import { HistoryReader } from '../log/history-reader.ts';
import type { Transaction } from '../log/transaction.ts';
import type { Row, Store } from '../store/store.ts';
import { Compaction } from './compaction.ts';

const ANY_BYTES = -1;
const ANY_TIME = Number.MIN_SAFE_INTEGER;

type Passed = { position: Position; offset: number; at: number };

type Parts = {
  changes: Transaction;
  /** Cap on what the store takes over all listeners. */
  maxBytes: number;
  clock: Clock;
};

export class Retention {
  readonly compaction: Compaction;
  readonly #store: Store;
  readonly #chunks: ChunkCache;
  readonly #changes: Transaction;
  readonly #clock: Clock;
  /** Histories bound by age. */
  readonly #aging = new Set<History>();

  constructor(store: Store, chunks: ChunkCache, { changes, maxBytes, clock }: Parts) {
    this.compaction = new Compaction(store, maxBytes);
    this.#store = store;
    this.#chunks = chunks;
    this.#changes = changes;
    this.#clock = clock;
  }

  /** A history is there, or bound anew. */
  adopt(history: History): void {
    if (history.listener.capture.maxAge === null) this.#aging.delete(history);
    else this.#aging.add(history);
    history.oldestAt = 0;
  }

  /** A history is no more. */
  drop(history: History): void {
    this.#aging.delete(history);
    this.compaction.release(history.listener.number, BEYOND);
  }

  /** Brings a history within all its bounds. */
  apply(history: History): void {
    this.evictBySize(history);
    this.evictByAge(history);
    this.floorMoved(history);
  }

  /** Applies the bounds by count and bytes. */
  evictBySize(history: History): void {
    const { maxMessages, maxBytes } = history.listener.capture;
    let gone = false;
    if (history.kept > maxMessages) gone = history.raiseFloor(history.floorFor(maxMessages), 'evicted');
    if (history.keptBytes > maxBytes) gone = this.#evictByBytes(history, maxBytes) || gone;
    if (gone) this.floorMoved(history);
  }

  /** Applies the bound by age, where there is one. */
  evictByAge(history: History): void {
    if (this.#aging.has(history) && this.#evictOlder(history, this.#clock.now() * 1000)) this.floorMoved(history);
  }

  evictAllByAge(): void {
    for (const history of this.#aging) this.evictByAge(history);
  }

  /** Removes messages with seq < before, all records without it. Returns how many messages went. */
  clear(history: History, before?: number): number {
    const cleared = history.cleared;
    if (before === undefined || before > history.lastSeq) history.raiseFloor(history.tail, 'cleared');
    else history.raiseFloor({ major: Math.max(0, before - 1), minor: 0 }, 'cleared');
    this.refreshBytes(history);
    this.floorMoved(history);
    return history.cleared - cleared;
  }

  floorMoved(history: History): void {
    this.#changes.seen(history);
    this.compaction.release(history.listener.number, history.floor);
  }

  /** Brings `goneBytes` up to the chunk in which the floor lies. */
  refreshBytes(history: History): void {
    history.head ??= history.isEmpty ? undefined : this.#rowBeyond(history, history.floor);
    history.goneBytes = Math.max(history.goneBytes, history.head?.bytesBefore ?? history.appendedBytes);
  }

  /** @param now wall clock in microseconds */
  #evictOlder(history: History, now: number): boolean {
    const { maxAge } = history.listener.capture;
    if (maxAge === null || history.isEmpty) return false;
    const oldest = now - maxAge * 1000;
    if (history.oldestAt >= oldest) return false;
    const row = this.#store.first(history.listener.number, history.floor, ANY_BYTES, oldest);
    if (row === undefined) return history.raiseFloor(history.tail, 'evicted');
    const goes = (reader: HistoryReader) => reader.isWithin(history.floor) || reader.micros < oldest;
    const young = this.#walk(row, goes, { position: row.start, offset: 0, at: 0 });
    history.oldestAt = young.at;
    return history.raiseFloor(young.position, 'evicted');
  }

  #evictByBytes(history: History, maxBytes: number): boolean {
    this.refreshBytes(history);
    const surplus = history.appendedBytes - maxBytes;
    if (history.goneBytes >= surplus) return false;
    const row = this.#store.first(history.listener.number, history.floor, surplus, ANY_TIME);
    if (row === undefined) {
      history.goneBytes = history.appendedBytes;
      return history.raiseFloor(history.tail, 'evicted');
    }
    const goes = (_: HistoryReader, offset: number) => row.bytesBefore + offset < surplus;
    const rest = this.#walk(row, goes, { position: row.end, offset: row.bytes, at: 0 });
    history.goneBytes = row.bytesBefore + rest.offset;
    return history.raiseFloor(rest.position, 'evicted');
  }

  #rowBeyond(history: History, position: Position): Row | undefined {
    return this.#store.first(history.listener.number, position, ANY_BYTES, ANY_TIME);
  }

  /**
   * Passes the records of a row that must go: the test sees each with the bytes of the chunk up to it. Returns the place
   * of the last one passed, the bytes up to there, and the time of the one after.
   * @param whole the answer where the records are damaged, so that they can only stay or go together
   */
  #walk(row: Row, goes: (reader: HistoryReader, offset: number) => boolean, whole: Passed): Passed {
    const chunk = this.#chunks.get(row)!;
    if (isSubstitute(chunk)) return whole;
    const reader = new HistoryReader(chunk, row.start);
    let position = row.start;
    let offset = 0;
    while (reader.next()) {
      if (!goes(reader, offset)) return { position, offset, at: reader.micros };
      position = reader.position;
      offset = reader.endOffset;
    }
    return { position, offset, at: 0 };
  }
}
