/**
 * Ledger: the journal itself, inside its thread. It numbers and stores what is appended, keeps every history within its
 * bounds, and answers for what each holds. Changes gather in one transaction; nothing is shown before `commit`.
 */
import { Book, type BookState } from './book.ts';
import { type GapReason, sealChunk } from './chunk.ts';
import { ChunkCache } from './chunkCache.ts';
import { BEYOND, type Place } from './cursor.ts';
import { HistoryReader } from './historyReader.ts';
import type { CaptureLimits, History, JournalListener } from './journal.ts';
import { Lookup } from './lookup.ts';
import { admit, gapChunk } from './overflow.ts';
import { Reclaim } from './reclaim.ts';
import { Refusals } from './refusals.ts';
import { Retention } from './retention.ts';
import { numberChunk } from './sequencer.ts';
import type { Row, Store } from './store.ts';
import { type Survey, surveyChunk } from './survey.ts';
import { Undo } from './undo.ts';

/** Numbers that one synced commit sets aside for a listener. */
const RESERVE = 1_000_000;

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

export class Ledger {
  readonly store: Store;
  readonly chunks: ChunkCache;
  readonly maxBytes: number;
  readonly books = new Map<number, Book>();
  /** Changes with whatever a reader could see anywhere. */
  version = 0;
  /** Records in the newest row, once there is one of this process. */
  lastRecords = 0;
  /** Nothing can be stored at the moment. */
  faulty = false;
  readonly #lookup: Lookup;
  readonly #retention: Retention;
  readonly #reclaim: Reclaim;
  readonly #unsaved = new Set<Book>();
  readonly #aging = new Set<Book>();
  readonly #refusals = new Refusals();
  readonly #undo = new Undo();
  /** The next commit sets numbers aside, so it has to be on the disk before it shows. */
  #reserves = false;
  #fresh: Fresh[] = [];
  #touched = new Set<Book>();

  /** @param maxBytes cap on what the store takes over all listeners */
  constructor(store: Store, maxBytes: number) {
    this.store = store;
    this.maxBytes = maxBytes;
    this.chunks = new ChunkCache(store);
    this.#lookup = new Lookup(store, this.chunks);
    this.#retention = new Retention(store, this.chunks);
    this.#reclaim = new Reclaim(store, maxBytes);
    for (const state of store.load()) this.#adopt(new Book(state.listener, state));
  }

  /** Makes a listener known, or changes what is known. */
  register(listener: JournalListener): Book {
    const known = this.books.get(listener.number);
    if (known === undefined) this.#reclaim.rest(listener.number);
    const book = known ?? new Book(listener);
    book.listener = listener;
    this.#adopt(book);
    this.#bound(book);
    return book;
  }

  configure(book: Book, capture: CaptureLimits): void {
    book.listener = { ...book.listener, capture };
    this.#adopt(book);
    this.#bound(book);
  }

  /** Drops a listener; its rows go bit by bit. */
  forget(book: Book): void {
    const { number } = book.listener;
    this.#drop(book);
    this.#fresh = this.#fresh.filter((fresh) => fresh.book !== book);
    this.#reclaim.release(number, BEYOND);
    this.store.forget(number);
    this.version++;
  }

  /** Answers how many messages went; they count as read. */
  clear(book: Book, before?: number): number {
    const cleared = this.#retention.clear(book, before);
    this.markServed(book, book.floor.major);
    this.#floorMoved(book);
    return cleared;
  }

  /** Appends a chunk, numbering it in place. A chunk of a listener that is not known goes nowhere. Throws RangeError on bytes that are no chunk. */
  append(chunk: Uint8Array): void {
    const reader = new HistoryReader(chunk, BEYOND);
    const book = this.books.get(reader.listener);
    if (book === undefined) return;
    const survey = surveyChunk(reader);
    this.#undo.keep(book);
    if (survey.messages > 0) {
      const log = book.binding(reader.binding, reader.incarnation);
      log.accounted += survey.incoming;
      this.#undo.keepAccount(log, survey.incoming);
    }
    book.openedAt = survey.start - reader.elapsedBase / 1000;
    const { maxMessages, overflow } = book.listener.capture;
    if (maxMessages === 0) this.#countOnly(book, survey);
    else if (overflow === 'dropNewest') this.#appendWhatFits(book, reader, survey);
    else this.#store(book, reader, survey);
  }

  /** Brings a history up to date with the clock, before it is read. */
  refresh(book: Book): void {
    if (this.#aging.has(book) && this.#retention.evictByAge(book, Date.now() * 1000)) this.#floorMoved(book);
  }

  /** The same for all of them. */
  refreshAll(): void {
    for (const book of this.#aging) this.refresh(book);
  }

  /** Writes the gap record of what dropNewest refused lately, for a reader who wants to see it. */
  writeGap(book: Book): void {
    if (this.faulty) return;
    this.#undo.keep(book);
    const chunk = this.#refusals.gap(book);
    if (chunk !== undefined) this.#storeOwn(book, chunk);
  }

  /**
   * After a process that did not end in order: rows that are not whole go. When the machine went down too, the newest
   * messages may have gone and their numbers been seen, so each history goes on beyond all numbers it had set aside.
   */
  recover({ powerLost }: { powerLost: boolean }): void {
    for (const row of this.store.broken()) {
      this.store.remove(row);
      const book = this.books.get(row.listener);
      if (book !== undefined) this.#noteGap(book, 'restart', row.end.major - row.start.major);
    }
    if (!powerLost) return;
    for (const book of this.books.values()) {
      if (book.reserved > book.lastSeq) this.#noteGap(book, 'restart', book.passOver(book.reserved));
    }
  }

  /** Goes back to what was committed last, as if nothing had been appended or changed since. */
  rollback(): void {
    this.store.rollback();
    this.chunks.clear();
    this.#fresh = [];
    this.#touched = new Set();
    this.#reserves = false;
    this.#undo.revert((book, refused) => this.#refusals.revert(book, refused));
    const states = new Map(this.store.load().map((state) => [state.listener.number, state]));
    for (const book of this.books.values()) if (!states.has(book.listener.number)) this.#drop(book);
    for (const [number, state] of states) this.#revert(this.books.get(number) ?? new Book(state.listener), state);
    this.#unsaved.clear();
    this.version++;
  }

  /** Notes that a reader was given a message; it and those before it are read. */
  markServed(book: Book, seq: number): void {
    if (seq <= book.served) return;
    book.served = seq;
    book.servedIncoming = this.#lookup.incomingUpTo(book, seq) ?? book.servedIncoming;
    this.#unsaved.add(book);
  }

  history(book: Book): History {
    this.refresh(book);
    this.#retention.refreshBytes(book);
    return book.history();
  }

  /** A reader at a message, undefined when it isn't there. */
  find(book: Book, seq: number): HistoryReader | undefined {
    this.refresh(book);
    return this.#lookup.message(book, seq);
  }

  /** Commits what has gathered and answers what became visible by it. */
  commit(): Committed {
    for (const book of this.#refusals.due()) this.writeGap(book);
    this.#reclaim.some(this.#fresh.length);
    this.#reclaim.enforceCap((row) => this.#evict(row));
    if (this.store.engine === 'file') for (const book of this.#unsaved) this.store.save(book.state());
    this.store.commit(this.#reserves);
    this.#unsaved.clear();
    this.#undo.clear();
    this.#reserves = false;
    const committed = { fresh: this.#fresh, touched: this.#touched };
    this.#fresh = [];
    this.#touched = new Set();
    return committed;
  }

  /** Rows that nobody can see any more wait to be freed by the next commits. */
  get isReclaiming(): boolean {
    return this.#reclaim.isDue;
  }

  #drop(book: Book): void {
    this.books.delete(book.listener.number);
    this.#refusals.forget(book);
    for (const set of [this.#unsaved, this.#aging, this.#touched]) set.delete(book);
  }

  #revert(book: Book, state: BookState): void {
    book.revert(state);
    this.#adopt(book);
    this.#reclaim.release(book.listener.number, book.floor);
  }

  #noteGap(book: Book, reason: GapReason, dropped: number): void {
    this.#storeOwn(book, gapChunk(book.listener.number, reason, dropped, 0));
  }

  #storeOwn(book: Book, chunk: Uint8Array): void {
    const reader = new HistoryReader(chunk, BEYOND);
    this.#store(book, reader, surveyChunk(reader));
  }

  #adopt(book: Book): void {
    this.books.set(book.listener.number, book);
    if (book.listener.capture.maxAge === null) this.#aging.delete(book);
    else this.#aging.add(book);
    book.oldestAt = 0;
    book.version++;
    this.version++;
    this.#unsaved.add(book);
  }

  #bound(book: Book): void {
    this.#retention.evictBySize(book);
    this.refresh(book);
    this.#floorMoved(book);
  }

  #countOnly(book: Book, survey: Survey): void {
    if (survey.messages === 0) return;
    book.tail = { major: book.tail.major + survey.messages, minor: 0 };
    book.raiseFloor(book.tail, 'evicted');
    this.#count(book, survey);
    this.#floorMoved(book);
  }

  #appendWhatFits(book: Book, reader: HistoryReader, survey: Survey): void {
    this.refresh(book);
    this.#retention.refreshBytes(book);
    const { maxMessages, maxBytes } = book.listener.capture;
    const room = { messages: maxMessages - book.kept, bytes: maxBytes - book.keptBytes };
    const { chunk, refused } = admit(reader, room);
    if (chunk === reader.bytes) this.#accept(book, reader, survey);
    else if (chunk !== undefined) {
      const cut = new HistoryReader(chunk, BEYOND);
      this.#accept(book, cut, surveyChunk(cut));
    }
    if (refused > 0) this.#refuse(book, refused);
  }

  /** Stores what fitted, after the gap of what did not fit before it. */
  #accept(book: Book, reader: HistoryReader, survey: Survey): void {
    if (survey.messages > 0) {
      this.writeGap(book);
      this.#refusals.settle(book);
    }
    this.#store(book, reader, survey);
  }

  #refuse(book: Book, refused: number): void {
    this.#refusals.note(book, refused);
    this.#changed(book);
  }

  #store(book: Book, reader: HistoryReader, survey: Survey): void {
    numberChunk(book, reader);
    if (this.store.engine === 'file') sealChunk(reader.bytes, reader.view);
    const start = book.tail;
    const trailing = survey.messages > 0 ? survey.trailing : start.minor + survey.records;
    const row = this.store.lastRow + 1;
    const { thread, bytes: chunk } = reader;
    const sums = { bytesBefore: book.appendedBytes, incomingBefore: book.captured };
    book.tail = { major: start.major + survey.messages, minor: trailing };
    book.appendedBytes += chunk.length;
    this.#count(book, survey);
    this.store.insert({ row, listener: book.listener.number, start, end: book.tail, survey, thread, ...sums }, chunk);
    this.lastRecords = survey.records;
    this.chunks.add(row, chunk);
    book.noteLatest({ row, start, end: book.tail, survey, thread });
    this.#fresh.push({ book, row, start, end: book.tail, survey, thread, chunk });
    const { overflow } = book.listener.capture;
    if (overflow === 'dropOldest' && this.#retention.evictBySize(book)) this.#floorMoved(book);
  }

  #count(book: Book, survey: Survey): void {
    if (this.store.engine === 'file' && book.tail.major > book.reserved) {
      book.reserved = book.tail.major + RESERVE;
      this.#reserves = true;
    }
    book.captured += survey.incoming;
    book.truncated += survey.truncated;
    this.#changed(book);
  }

  #changed(book: Book): void {
    book.version++;
    this.version++;
    this.#unsaved.add(book);
    this.#touched.add(book);
  }

  #floorMoved(book: Book): void {
    this.version++;
    this.#unsaved.add(book);
    this.#reclaim.release(book.listener.number, book.floor);
  }

  #evict(row: Row): void {
    const book = this.books.get(row.listener);
    if (!book?.raiseFloor(row.end, 'evicted')) return;
    this.#unsaved.add(book);
    this.version++;
  }
}
