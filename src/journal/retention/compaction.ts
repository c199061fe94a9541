/**
 * Compaction: frees the rows that nobody can see any more, a few with each commit, and evicts the oldest rows of all when
 * the journal as a whole is over its cap.
 */
import { BEYOND, type Position } from '../cursor.ts';
import type { Row, Store } from '../store/store.ts';

/** Rows freed by a commit beside twice as many as it adds; about 0.2 ms. */
const ROWS = 64;
/** Rows freed or evicted at a time while the journal is over its cap. */
const CAP_ROWS = 32;

export class Compaction {
  readonly #store: Store;
  readonly #maxBytes: number;
  /** Listeners with rows that may go, and up to where. */
  readonly #due = new Map<number, Position>();

  constructor(store: Store, maxBytes: number) {
    this.#store = store;
    this.#maxBytes = maxBytes;
    for (const listener of store.orphans()) this.#due.set(listener, BEYOND);
  }

  /** Rows wait to be freed by the next commits. */
  get isDue(): boolean {
    return this.#due.size > 0;
  }

  /** Rows of the listener up to the place may go. */
  release(listener: number, to: Position): void {
    this.#due.set(listener, to);
  }

  /** Frees a few rows. @param added rows that this commit adds */
  some(added: number): void {
    this.#free(ROWS + 2 * added);
  }

  /** Frees what is left of a listener that was forgotten, as its number is to be used again. */
  rest(listener: number): void {
    if (!this.#due.delete(listener)) return;
    while (this.#store.trim({ listener, to: BEYOND, limit: ROWS }) === ROWS);
  }

  /** Brings the store below its cap, oldest rows first, whosesoever they are. */
  enforceCap(evict: (row: Row) => void): void {
    const store = this.#store;
    while (store.bytes > this.#maxBytes && this.isDue) this.#free(CAP_ROWS);
    while (store.bytes > this.#maxBytes && store.rows > 0) {
      const rows = this.#surplus();
      for (const row of rows) evict(row);
      store.trim({ listener: null, to: { major: rows.at(-1)!.row, minor: 0 }, limit: rows.length });
    }
  }

  /** The oldest rows of all without which the store is below its cap, or some of those. */
  #surplus(): Row[] {
    const { bytes, rowBytes } = this.#store;
    const surplus = bytes - this.#maxBytes;
    let freed = 0;
    return this.#store.oldest(CAP_ROWS).filter((row) => {
      const goes = freed < surplus;
      freed += row.bytes + rowBytes;
      return goes;
    });
  }

  #free(rows: number): void {
    let budget = rows;
    for (const [listener, to] of this.#due) {
      if (budget <= 0) return;
      const freed = this.#store.trim({ listener, to, limit: budget });
      if (freed < budget) this.#due.delete(listener);
      budget -= freed;
    }
  }
}
