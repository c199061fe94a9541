/** Bounds: applies to histories what retention.ts finds, and hands the rows that fall below them to be freed. */

import type { Clock } from '../../clock/clock.ts';
import { BEYOND } from '../cursor.ts';
import type { ChunkCache } from '../log/chunk-cache.ts';
import type { History } from '../log/history.ts';
import type { Transaction } from '../log/transaction.ts';
import type { Store } from '../store/store.ts';
import { Compaction } from './compaction.ts';
import { Retention } from './retention.ts';

export class Bounds {
  readonly reclaim: Compaction;
  readonly #retention: Retention;
  readonly #changes: Transaction;
  readonly #clock: Clock;
  /** Books bound by age. */
  readonly #aging = new Set<History>();

  /** @param maxBytes cap on what the store takes over all listeners */
  constructor(
    store: Store,
    chunks: ChunkCache,
    { changes, maxBytes, clock }: { changes: Transaction; maxBytes: number; clock: Clock },
  ) {
    this.reclaim = new Compaction(store, maxBytes);
    this.#retention = new Retention(store, chunks);
    this.#changes = changes;
    this.#clock = clock;
  }

  /** A book is there, or bound anew. */
  adopt(history: History): void {
    if (history.listener.capture.maxAge === null) this.#aging.delete(history);
    else this.#aging.add(history);
    history.oldestAt = 0;
  }

  /** A book is no more. */
  drop(history: History): void {
    this.#aging.delete(history);
    this.reclaim.release(history.listener.number, BEYOND);
  }

  /** Brings a history within all its bounds. */
  apply(history: History): void {
    this.#retention.evictBySize(history);
    this.refresh(history);
    this.floorMoved(history);
  }

  /** Those by count and bytes. */
  evictBySize(history: History): void {
    if (this.#retention.evictBySize(history)) this.floorMoved(history);
  }

  /** That by age. */
  refresh(history: History): void {
    if (this.#aging.has(history) && this.#retention.evictByAge(history, this.#clock.now() * 1000))
      this.floorMoved(history);
  }

  refreshAll(): void {
    for (const history of this.#aging) this.refresh(history);
  }

  /** Brings what a history is said to take in bytes up to its floor. */
  refreshBytes(history: History): void {
    this.#retention.refreshBytes(history);
  }

  /** Returns how many messages went. */
  clear(history: History, before?: number): number {
    const cleared = this.#retention.clear(history, before);
    this.floorMoved(history);
    return cleared;
  }

  floorMoved(history: History): void {
    this.#changes.seen(history);
    this.reclaim.release(history.listener.number, history.floor);
  }
}
