/**
 * Ledger: the journal itself, inside its thread. It numbers and stores what is appended, keeps every history within its
 * bounds, and answers for what each holds. Changes gather in one transaction; nothing is shown before `commit`.
 */

import { BEYOND, newEpoch } from '../cursor.ts';
import { substituteFor } from '../damage/substitute.ts';
import type { CaptureLimits, History, JournalListener } from '../journal.ts';
import { problemChunk } from '../own-chunks.ts';
import { Bounds } from '../retention/bounds.ts';
import { isDamage } from '../store/sqlite/storage-fault.ts';
import { EPOCH_NOTE, type Row, type Spot, type Store } from '../store/store.ts';
import { Appender } from './appender.ts';
import { ChunkCache } from './chunk-cache.ts';
import { Book, type BookState } from './history.ts';
import { HistoryReader } from './history-reader.ts';
import { Lookup } from './lookup.ts';
import { Refusals } from './overflow-gaps.ts';
import { Changes, type Committed } from './transaction.ts';
import type { View } from './view.ts';

export class Ledger implements View {
  readonly store: Store;
  readonly chunks: ChunkCache;
  readonly maxBytes: number;
  readonly books = new Map<number, Book>();
  /** Stays for as long as the store does. */
  readonly epoch: string;
  /** Nothing can be stored at the moment. */
  faulty = false;
  readonly #lookup: Lookup;
  readonly #changes = new Changes();
  readonly #refusals = new Refusals();
  readonly #bounds: Bounds;
  readonly #appender: Appender;

  /** @param maxBytes cap on what the store takes over all listeners */
  constructor(store: Store, maxBytes: number) {
    this.store = store;
    this.maxBytes = maxBytes;
    this.epoch = epochOfStore(store);
    this.chunks = new ChunkCache(store);
    this.#lookup = new Lookup(store, this.chunks);
    this.#bounds = new Bounds(store, this.chunks, { changes: this.#changes, maxBytes });
    const parts = { changes: this.#changes, bounds: this.#bounds, refusals: this.#refusals };
    this.#appender = new Appender(store, this.chunks, parts);
    for (const state of store.load()) this.#adopt(new Book(state.listener, state));
  }

  /** Changes with whatever a reader could see anywhere. */
  get version(): number {
    return this.#changes.version;
  }
  /** Records in the newest row, once there is one of this process. */
  get lastRecords(): number {
    return this.#appender.lastRecords;
  }
  /** Rows that nobody can see any more wait to be freed by the next commits. */
  get isReclaiming(): boolean {
    return this.#bounds.reclaim.isDue;
  }

  /** Makes a listener known, or changes what is known. */
  register(listener: JournalListener): Book {
    const known = this.books.get(listener.number);
    if (known === undefined) this.#bounds.reclaim.rest(listener.number);
    const book = known ?? new Book(listener);
    this.#rewrite(book, listener);
    return book;
  }

  /** Keeps what was counted of listeners beside their histories; unknown ones are left out. */
  noteCounts(counts: ReadonlyMap<number, string>): void {
    for (const [listener, text] of counts) {
      const book = this.books.get(listener);
      if (book === undefined) continue;
      book.counts = text;
      this.#changes.unsaved.add(book);
    }
  }

  configure(book: Book, capture: CaptureLimits): void {
    this.#rewrite(book, { ...book.listener, capture });
  }

  /** Drops a listener; its rows go bit by bit. */
  forget(book: Book): void {
    this.#drop(book);
    this.store.forget(book.listener.number);
  }

  /** Answers how many messages went; they count as read. */
  clear(book: Book, before?: number): number {
    const cleared = this.#bounds.clear(book, before);
    this.markServed(book, book.floor.major);
    return cleared;
  }

  /** Appends a chunk, numbering it in place. A chunk of a listener that is not known goes nowhere. Throws RangeError on bytes that are no chunk. */
  append(chunk: Uint8Array): void {
    const reader = new HistoryReader(chunk, BEYOND);
    const book = this.books.get(reader.listener);
    if (book !== undefined) this.#appender.append(book, reader);
  }

  /** Appends a chunk of the journal's own. */
  appendOwn(book: Book, chunk: Uint8Array): void {
    this.#appender.appendOwn(book, chunk);
  }

  /** Writes the gap record of what dropNewest refused lately, for a reader who wants to see it. */
  writeGap(book: Book): void {
    if (!this.faulty) this.#appender.writeGap(book);
  }

  /** Stores the substitute of a damaged chunk in its place, where that can be done, and a problem record. */
  mend(spot: Spot, detail: string): void {
    const book = this.books.get(spot.listener);
    if (book === undefined || this.faulty) return;
    if (this.#isReadable(spot.row)) this.store.replace(spot.row, substituteFor(spot));
    this.appendOwn(book, problemChunk(spot.listener, { code: 'damaged', detail }));
    this.#changes.seen(book);
  }

  /** A row whose pages are damaged is left alone. */
  #isReadable(row: number): boolean {
    try {
      return this.store.data(row) !== undefined;
    } catch (error) {
      if (isDamage(error)) return false;
      throw error;
    }
  }

  /** Brings a history up to date with the clock, before it is read. */
  refresh(book: Book): void {
    this.#bounds.refresh(book);
  }

  /** The same for all of them. */
  refreshAll(): void {
    this.#bounds.refreshAll();
  }

  /** Notes that a reader was given a message; it and those before it are read. */
  markServed(book: Book, seq: number): void {
    if (seq <= book.served) return;
    book.served = seq;
    book.servedIncoming = this.#lookup.incomingUpTo(book, seq) ?? book.servedIncoming;
    this.#changes.unsaved.add(book);
  }

  /** The same for an answer, by listener. */
  markAllServed(served: ReadonlyMap<number, number>): void {
    for (const [listener, seq] of served) {
      const book = this.books.get(listener);
      if (book !== undefined) this.markServed(book, seq);
    }
  }

  history(book: Book): History {
    this.refresh(book);
    this.#bounds.refreshBytes(book);
    return book.history();
  }

  /** A reader at a message, undefined when it isn't there. */
  find(book: Book, seq: number): HistoryReader | undefined {
    this.refresh(book);
    return this.#lookup.message(book, seq);
  }

  /** Commits what has gathered and answers what became visible by it. */
  commit(): Committed {
    const changes = this.#changes;
    const { reclaim } = this.#bounds;
    for (const book of this.#refusals.due()) this.writeGap(book);
    reclaim.some(changes.added);
    reclaim.enforceCap((row) => this.#evict(row));
    if (this.store.engine === 'file') for (const book of changes.unsaved) this.store.save(book.state());
    this.store.commit(changes.reserves);
    return changes.take();
  }

  /** Goes back to what was committed last, as if nothing had been appended or changed since. */
  rollback(): void {
    this.store.rollback();
    this.chunks.clear();
    const books = new Map([...this.#changes.forgotten, ...this.books]);
    this.#changes.drop(this.#refusals);
    const states = new Map(this.store.load().map((state) => [state.listener.number, state]));
    for (const book of this.books.values()) if (!states.has(book.listener.number)) this.#drop(book);
    for (const [number, state] of states) this.#revert(books.get(number) ?? new Book(state.listener), state);
    this.#changes.settle();
  }

  #rewrite(book: Book, listener: JournalListener): void {
    book.listener = listener;
    this.#adopt(book);
    this.#bounds.apply(book);
  }

  #adopt(book: Book): void {
    this.books.set(book.listener.number, book);
    this.#bounds.adopt(book);
    book.version++;
    this.#changes.seen(book);
  }

  #revert(book: Book, state: BookState): void {
    book.revert(state);
    this.#adopt(book);
    this.#bounds.floorMoved(book);
  }

  #drop(book: Book): void {
    this.books.delete(book.listener.number);
    this.#refusals.forget(book);
    this.#bounds.drop(book);
    this.#changes.forget(book);
  }

  #evict(row: Row): void {
    const book = this.books.get(row.listener);
    if (book?.raiseFloor(row.end, 'evicted')) this.#changes.seen(book);
  }
}

function epochOfStore(store: Store): string {
  const known = store.note(EPOCH_NOTE);
  if (known !== undefined) return known;
  const epoch = newEpoch();
  store.setNote(EPOCH_NOTE, epoch);
  return epoch;
}
