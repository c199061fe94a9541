/** Bounds: applies to histories what retention.ts finds, and hands the rows that fall below them to be freed. */

import { BEYOND } from '../cursor.ts';
import type { ChunkCache } from '../log/chunk-cache.ts';
import type { Book } from '../log/history.ts';
import type { Changes } from '../log/transaction.ts';
import type { Store } from '../store/store.ts';
import { Reclaim } from './compaction.ts';
import { Retention } from './retention.ts';

export class Bounds {
  readonly reclaim: Reclaim;
  readonly #retention: Retention;
  readonly #changes: Changes;
  /** Books bound by age. */
  readonly #aging = new Set<Book>();

  /** @param maxBytes cap on what the store takes over all listeners */
  constructor(store: Store, chunks: ChunkCache, { changes, maxBytes }: { changes: Changes; maxBytes: number }) {
    this.reclaim = new Reclaim(store, maxBytes);
    this.#retention = new Retention(store, chunks);
    this.#changes = changes;
  }

  /** A book is there, or bound anew. */
  adopt(book: Book): void {
    if (book.listener.capture.maxAge === null) this.#aging.delete(book);
    else this.#aging.add(book);
    book.oldestAt = 0;
  }

  /** A book is no more. */
  drop(book: Book): void {
    this.#aging.delete(book);
    this.reclaim.release(book.listener.number, BEYOND);
  }

  /** Brings a history within all its bounds. */
  apply(book: Book): void {
    this.#retention.evictBySize(book);
    this.refresh(book);
    this.floorMoved(book);
  }

  /** Those by count and bytes. */
  evictBySize(book: Book): void {
    if (this.#retention.evictBySize(book)) this.floorMoved(book);
  }

  /** That by age. */
  refresh(book: Book): void {
    if (this.#aging.has(book) && this.#retention.evictByAge(book, Date.now() * 1000)) this.floorMoved(book);
  }

  refreshAll(): void {
    for (const book of this.#aging) this.refresh(book);
  }

  /** Brings what a history is said to take in bytes up to its floor. */
  refreshBytes(book: Book): void {
    this.#retention.refreshBytes(book);
  }

  /** Answers how many messages went. */
  clear(book: Book, before?: number): number {
    const cleared = this.#retention.clear(book, before);
    this.floorMoved(book);
    return cleared;
  }

  floorMoved(book: Book): void {
    this.#changes.seen(book);
    this.reclaim.release(book.listener.number, book.floor);
  }
}
