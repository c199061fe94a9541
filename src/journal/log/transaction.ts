/** Changes: what has gathered since the last commit, and what it takes to take that back. */

import type { Survey } from '../../records/chunk-summary.ts';
import type { Place } from '../cursor.ts';
import type { Book } from './history.ts';
import type { Refusals } from './overflow-gaps.ts';
import { Undo } from './undo.ts';

/** A chunk that a commit made visible. */
export type Fresh = {
  book: Book;
  row: number;
  start: Place;
  end: Place;
  survey: Survey;
  thread: number;
  chunk: Uint8Array;
};

/** What a commit made visible: chunks in journal order, and the books whose end moved. */
export type Committed = { fresh: Fresh[]; touched: Set<Book> };

export class Changes {
  /** Changes with whatever a reader could see anywhere. */
  version = 0;
  /** The next commit sets numbers aside, so it has to be on the disk before it shows. */
  reserves = false;
  /** Books whose state is not stored yet. */
  readonly unsaved = new Set<Book>();
  /** Books of listeners that are no more, by number. */
  readonly forgotten = new Map<number, Book>();
  readonly undo = new Undo();
  #fresh: Fresh[] = [];
  #touched = new Set<Book>();

  /** Chunks that wait for the commit. */
  get added(): number {
    return this.#fresh.length;
  }

  add(fresh: Fresh): void {
    this.#fresh.push(fresh);
  }

  /** The end of a history moved, or what is counted of it. */
  grew(book: Book): void {
    book.version++;
    this.#touched.add(book);
    this.seen(book);
  }

  /** What a reader could see of a history is another. */
  seen(book: Book): void {
    this.version++;
    this.unsaved.add(book);
  }

  /** A book that is no more. */
  forget(book: Book): void {
    this.version++;
    this.forgotten.set(book.listener.number, book);
    this.unsaved.delete(book);
    this.#touched.delete(book);
    this.#fresh = this.#fresh.filter((fresh) => fresh.book !== book);
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
  drop(refusals: Refusals): void {
    this.undo.revert((book, refused) => refusals.revert(book, refused));
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
