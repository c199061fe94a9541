/**
 * Snapshot: the journal's file as a connection of its own sees it, read only. Within `still` rows and books belong
 * together, for the ledger stores both in one transaction; from one `still` to the next they go on.
 */
import { DatabaseSync } from 'node:sqlite';
import { ChunkReader } from '../../records/chunk-reader.ts';
import { ChunkCache } from '../log/chunk-cache.ts';
import { Book, type BookState } from '../log/history.ts';
import type { View } from '../log/view.ts';
import { SqliteReads } from '../store/sqlite/sqlite-reads.ts';
import { Statements } from '../store/sqlite/statements.ts';
import type { Gate } from '../store/sqlite/wal-reset-barrier.ts';
import { EPOCH_NOTE } from '../store/store.ts';

/** Books kept from one look to the next, so that only a state that changed is read anew. */
const KEPT = 10_000;

type Kept = { text: string; book: Book; look: number };

export class Snapshot implements View {
  readonly store: SqliteReads;
  readonly chunks: ChunkCache;
  readonly books = { get: (listener: number) => this.#book(listener) };
  readonly #db: DatabaseSync;
  readonly #sql: Statements;
  readonly #gate: Gate;
  readonly #kept = new Map<number, Kept>();
  #look = 0;
  #epoch: string | undefined;

  /**
   * @param file path of the database, which another connection has open for writing
   * @param gate gone through by each look
   */
  constructor(file: string, gate: Gate) {
    this.#gate = gate;
    this.#db = new DatabaseSync(file, { readOnly: true });
    this.#sql = new Statements(this.#db);
    this.store = new SqliteReads(this.#sql);
    this.chunks = new ChunkCache(this.store);
  }

  get epoch(): string {
    this.#epoch ??= this.store.note(EPOCH_NOTE) ?? '';
    return this.#epoch;
  }

  get lastRecords(): number {
    const last = this.store.down(null, { major: this.store.lastRow, minor: 0 }, null, 1)[0];
    const chunk = last && this.chunks.get(last);
    return chunk === undefined ? 0 : new ChunkReader(chunk).records;
  }

  /** Looks at what is committed now, in one transaction. */
  still<T>(look: () => T): T {
    this.#gate.enter();
    try {
      return this.#inTransaction(look);
    } finally {
      this.#gate.leave();
    }
  }

  close(): void {
    this.#db.close();
  }

  #inTransaction<T>(look: () => T): T {
    this.#sql.run('BEGIN');
    try {
      this.#look++;
      this.store.findLastRow();
      return look();
    } finally {
      this.#sql.run('COMMIT');
    }
  }

  #book(listener: number): Book | undefined {
    const kept = this.#kept.get(listener);
    if (kept?.look === this.#look) return kept.book;
    const text = this.store.state(listener);
    if (text === undefined) {
      this.#kept.delete(listener);
      return undefined;
    }
    const book = kept?.text === text ? kept.book : bookOf(text);
    if (this.#kept.size >= KEPT) this.#kept.clear();
    this.#kept.set(listener, { text, book, look: this.#look });
    return book;
  }
}

function bookOf(text: string): Book {
  const state: BookState = JSON.parse(text);
  return new Book(state.listener, state);
}
