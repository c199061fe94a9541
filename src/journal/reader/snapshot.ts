/**
 * Snapshot: the journal's file as a connection of its own sees it, read only. Within `withSnapshot` rows and histories belong
 * together, for the log stores both in one transaction; from one `withSnapshot` to the next they go on.
 */
import { DatabaseSync } from 'node:sqlite';
import { ChunkReader } from '../../records/chunk-reader.ts';
import { BEYOND } from '../cursor.ts';
import { ChunkCache } from '../log/chunk-cache.ts';
import { History } from '../log/history.ts';
import type { View } from '../log/view.ts';
import type { HistoryState } from '../store/history-state.ts';
import { SqliteReads } from '../store/sqlite/sqlite-reads.ts';
import { Statements } from '../store/sqlite/statements.ts';
import type { WalResetBarrier } from '../store/sqlite/wal-reset-barrier.ts';
import { type ChunkRange, EPOCH_NOTE } from '../store/store.ts';

/** Histories kept from one look to the next, so that only a state that changed is read anew. */
const KEPT = 10_000;
/** The newest chunk of all. */
const LAST: ChunkRange = { listener: null, order: 'desc', from: BEYOND, limit: 1 };

type Kept = { text: string; history: History; look: number };

export class Snapshot implements View {
  readonly store: SqliteReads;
  readonly chunks: ChunkCache;
  readonly histories = { get: (listener: number) => this.#history(listener) };
  readonly #db: DatabaseSync;
  readonly #sql: Statements;
  readonly #barrier: WalResetBarrier;
  readonly #kept = new Map<number, Kept>();
  #look = 0;
  #epoch: string | undefined;

  /**
   * @param file path of the database, which another connection has open for writing
   * @param barrier gone through by each look
   */
  constructor(file: string, barrier: WalResetBarrier) {
    this.#barrier = barrier;
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
    const last = this.store.chunks(LAST, null)[0];
    const chunk = last && this.chunks.get(last);
    return chunk === undefined ? 0 : new ChunkReader(chunk).records;
  }

  /** Looks at what is committed now, in one transaction. */
  withSnapshot<T>(look: () => T): T {
    this.#barrier.enter();
    try {
      return this.#inTransaction(look);
    } finally {
      this.#barrier.leave();
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

  #history(listener: number): History | undefined {
    const kept = this.#kept.get(listener);
    if (kept?.look === this.#look) return kept.history;
    const text = this.store.state(listener);
    if (text === undefined) {
      this.#kept.delete(listener);
      return undefined;
    }
    const history = kept?.text === text ? kept.history : historyOf(text);
    if (this.#kept.size >= KEPT) this.#kept.clear();
    this.#kept.set(listener, { text, history, look: this.#look });
    return history;
  }
}

function historyOf(text: string): History {
  const state: HistoryState = JSON.parse(text);
  return new History(state.listener, state);
}
