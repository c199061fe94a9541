/** Changes: what has gathered since the last commit, and what it takes to take that back. */

import type { ChunkSummary } from '../../records/chunk-summary.ts';
import type { Position } from '../cursor.ts';
import type { History } from './history.ts';
import type { OverflowGaps } from './overflow-gaps.ts';
import { Undo } from './undo.ts';

/** A chunk that a commit made visible. */
export type CommittedChunk = {
  history: History;
  row: number;
  start: Position;
  end: Position;
  summary: ChunkSummary;
  thread: number;
  chunk: Uint8Array;
};

/** What a commit made visible: chunks in journal order, and the books whose end moved. */
export type Committed = { fresh: CommittedChunk[]; touched: Set<History> };

export class Transaction {
  /** Changes with whatever a reader could see anywhere. */
  version = 0;
  /** The next commit sets numbers aside, so it has to be on the disk before it shows. */
  reserves = false;
  /** Books whose state is not stored yet. */
  readonly unsaved = new Set<History>();
  /** Books of listeners that are no more, by number. */
  readonly forgotten = new Map<number, History>();
  readonly undo = new Undo();
  #fresh: CommittedChunk[] = [];
  #touched = new Set<History>();

  /** Chunks that wait for the commit. */
  get added(): number {
    return this.#fresh.length;
  }

  add(fresh: CommittedChunk): void {
    this.#fresh.push(fresh);
  }

  /** The end of a history moved, or what is counted of it. */
  grew(history: History): void {
    history.version++;
    this.#touched.add(history);
    this.seen(history);
  }

  /** What a reader could see of a history is another. */
  seen(history: History): void {
    this.version++;
    this.unsaved.add(history);
  }

  /** A book that is no more. */
  forget(history: History): void {
    this.version++;
    this.forgotten.set(history.listener.number, history);
    this.unsaved.delete(history);
    this.#touched.delete(history);
    this.#fresh = this.#fresh.filter((fresh) => fresh.history !== history);
  }

  /** They are committed. */
  take(): Committed {
    const committed = { fresh: this.#fresh, touched: this.#touched };
    this.undo.clear();
    this.#clear();
    return committed;
  }

  /** All books are as they are stored. */
  settle(): void {
    this.unsaved.clear();
    this.forgotten.clear();
  }

  /** They never happened; what books count beside their state goes back too. */
  drop(overflowGaps: OverflowGaps): void {
    this.undo.revert((history, refused) => overflowGaps.revert(history, refused));
    this.#clear();
    this.version++;
  }

  #clear(): void {
    this.settle();
    this.reserves = false;
    this.#fresh = [];
    this.#touched = new Set();
  }
}
