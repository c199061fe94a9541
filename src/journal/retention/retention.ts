/**
 * Retention: moves the beginning of a history forward, message by message, until its bounds hold. Exact to the reader at
 * once; the rows below are freed later and in small steps (reclaim.ts).
 */

import type { Place } from '../cursor.ts';
import { isSubstitute } from '../damage/substitute.ts';
import type { ChunkCache } from '../log/chunk-cache.ts';
import type { Book } from '../log/history.ts';
import { HistoryReader } from '../log/history-reader.ts';
import type { Row, Store } from '../store/store.ts';

const ANY_BYTES = -1;
const ANY_TIME = Number.MIN_SAFE_INTEGER;

type Passed = { place: Place; offset: number; at: number };

export class Retention {
  readonly #store: Store;
  readonly #chunks: ChunkCache;

  constructor(store: Store, chunks: ChunkCache) {
    this.#store = store;
    this.#chunks = chunks;
  }

  /** Applies the bounds by count and bytes. Answers whether something went. */
  evictBySize(book: Book): boolean {
    const { maxMessages, maxBytes } = book.listener.capture;
    let gone = false;
    if (book.kept > maxMessages) gone = book.raiseFloor(book.floorFor(maxMessages), 'evicted');
    if (book.keptBytes > maxBytes) gone = this.#evictByBytes(book, maxBytes) || gone;
    return gone;
  }

  /** Applies the bound by age at a wall clock in microseconds. Answers whether something went. */
  evictByAge(book: Book, now: number): boolean {
    const { maxAge } = book.listener.capture;
    if (maxAge === null || book.isEmpty) return false;
    const oldest = now - maxAge * 1000;
    if (book.oldestAt >= oldest) return false;
    const row = this.#store.first(book.listener.number, book.floor, ANY_BYTES, oldest);
    if (row === undefined) return book.raiseFloor(book.tail, 'evicted');
    const goes = (reader: HistoryReader) => reader.isWithin(book.floor) || reader.micros < oldest;
    const young = this.#walk(row, goes, { place: row.start, offset: 0, at: 0 });
    book.oldestAt = young.at;
    return book.raiseFloor(young.place, 'evicted');
  }

  /** Removes messages with seq < before, all records without it. Answers how many messages went. */
  clear(book: Book, before?: number): number {
    const cleared = book.cleared;
    if (before === undefined || before > book.lastSeq) book.raiseFloor(book.tail, 'cleared');
    else book.raiseFloor({ major: Math.max(0, before - 1), minor: 0 }, 'cleared');
    this.refreshBytes(book);
    return book.cleared - cleared;
  }

  /** Brings `goneBytes` up to the chunk in which the floor lies. */
  refreshBytes(book: Book): void {
    book.head ??= book.isEmpty ? undefined : this.#rowBeyond(book, book.floor);
    book.goneBytes = Math.max(book.goneBytes, book.head?.bytesBefore ?? book.appendedBytes);
  }

  #evictByBytes(book: Book, maxBytes: number): boolean {
    this.refreshBytes(book);
    const surplus = book.appendedBytes - maxBytes;
    if (book.goneBytes >= surplus) return false;
    const row = this.#store.first(book.listener.number, book.floor, surplus, ANY_TIME);
    if (row === undefined) {
      book.goneBytes = book.appendedBytes;
      return book.raiseFloor(book.tail, 'evicted');
    }
    const goes = (_: HistoryReader, offset: number) => row.bytesBefore + offset < surplus;
    const rest = this.#walk(row, goes, { place: row.end, offset: row.bytes, at: 0 });
    book.goneBytes = row.bytesBefore + rest.offset;
    return book.raiseFloor(rest.place, 'evicted');
  }

  #rowBeyond(book: Book, place: Place): Row | undefined {
    return this.#store.first(book.listener.number, place, ANY_BYTES, ANY_TIME);
  }

  /**
   * Passes the records of a row that must go: the test sees each with the bytes of the chunk up to it. Answers the place
   * of the last one passed, the bytes up to there, and the time of the one after.
   * @param whole the answer where the records are damaged, so that they can only stay or go together
   */
  #walk(row: Row, goes: (reader: HistoryReader, offset: number) => boolean, whole: Passed): Passed {
    const chunk = this.#chunks.get(row)!;
    if (isSubstitute(chunk)) return whole;
    const reader = new HistoryReader(chunk, row.start);
    let place = row.start;
    let offset = 0;
    while (reader.next()) {
      if (!goes(reader, offset)) return { place, offset, at: reader.micros };
      place = reader.place;
      offset = reader.endOffset;
    }
    return { place, offset, at: 0 };
  }
}
