/** Transaction: what has gathered since the last commit, and what it takes to take that back. */

import type { ChunkSummary } from '../../records/chunk-summary.ts';
import type { Position } from '../cursor.ts';
import type { BindingLog } from './binding-log.ts';
import type { History } from './history.ts';
import type { OverflowGaps } from './overflow-gaps.ts';

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

/** What a commit made visible: chunks in journal order, and the histories whose end moved. */
export type Committed = { fresh: CommittedChunk[]; touched: Set<History> };

export class Transaction {
  /** Changes with whatever a reader could see anywhere. */
  version = 0;
  /** The next commit sets numbers aside, so it has to be on the disk before it shows. */
  reserves = false;
  /** Histories whose state is not stored yet. */
  readonly unsaved = new Set<History>();
  /** Histories of listeners that are no more, by number. */
  readonly forgotten = new Map<number, History>();
  /** What an append changes outside the stored state, as it was before. */
  readonly #refused = new Map<History, History['refused']>();
  #accounts: { log: BindingLog; incoming: number }[] = [];
  #fresh: CommittedChunk[] = [];
  #touched = new Set<History>();

  /** Chunks that wait for the commit. */
  get added(): number {
    return this.#fresh.length;
  }

  add(fresh: CommittedChunk): void {
    this.#fresh.push(fresh);
  }

  /** Call before a history changes. */
  keep(history: History): void {
    if (!this.#refused.has(history)) this.#refused.set(history, { ...history.refused });
  }

  /** So many `in` messages were added to a binding's account. */
  keepAccount(log: BindingLog, incoming: number): void {
    this.#accounts.push({ log, incoming });
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

  /** A history that is no more. */
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
    this.#clear();
    return committed;
  }

  /** All histories are as they are stored. */
  settle(): void {
    this.unsaved.clear();
    this.forgotten.clear();
  }

  /** They never happened; what histories count beside their state goes back too. */
  drop(overflowGaps: OverflowGaps): void {
    for (const { log, incoming } of this.#accounts) log.accounted -= incoming;
    for (const [history, refused] of this.#refused) overflowGaps.revert(history, refused);
    this.#clear();
    this.version++;
  }

  #clear(): void {
    this.settle();
    this.reserves = false;
    this.#fresh = [];
    this.#touched = new Set();
    this.#refused.clear();
    this.#accounts = [];
  }
}
