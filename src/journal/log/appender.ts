/** Appender: takes chunks into histories. What fits is numbered, counted and stored; the rest is refused and told. */

import { KIND_GAP, sealChunk } from '../../records/chunk.ts';
import { type Survey, surveyChunk } from '../../records/chunk-summary.ts';
import { BEYOND } from '../cursor.ts';
import { LOSSES } from '../journal.ts';
import type { Bounds } from '../retention/bounds.ts';
import type { Store } from '../store/store.ts';
import type { ChunkCache } from './chunk-cache.ts';
import type { Book } from './history.ts';
import { HistoryReader } from './history-reader.ts';
import { admit } from './overflow.ts';
import type { Refusals } from './overflow-gaps.ts';
import { numberChunk } from './sequencer.ts';
import type { Changes } from './transaction.ts';

/** Numbers that one synced commit sets aside for a listener. */
const RESERVE = 1_000_000;

export class Appender {
  /** Records in the newest row, once there is one of this process. */
  lastRecords = 0;
  readonly #store: Store;
  readonly #chunks: ChunkCache;
  readonly #changes: Changes;
  readonly #bounds: Bounds;
  readonly #refusals: Refusals;

  constructor(store: Store, chunks: ChunkCache, parts: { changes: Changes; bounds: Bounds; refusals: Refusals }) {
    this.#store = store;
    this.#chunks = chunks;
    this.#changes = parts.changes;
    this.#bounds = parts.bounds;
    this.#refusals = parts.refusals;
  }

  /** Appends a chunk of a worker, numbering it in place. Throws RangeError on bytes that are no chunk. */
  append(book: Book, reader: HistoryReader): void {
    const survey = surveyChunk(reader);
    this.#changes.undo.keep(book);
    if (survey.messages > 0) this.#account(book, reader, survey.incoming);
    if ((survey.kinds & (1 << KIND_GAP)) !== 0) this.#noteLosses(book, reader);
    book.openedAt = survey.start - reader.elapsedBase / 1000;
    const { maxMessages, overflow } = book.listener.capture;
    if (maxMessages === 0) this.#countOnly(book, survey);
    else if (overflow === 'dropNewest') this.#appendWhatFits(book, reader, survey);
    else this.#append(book, reader, survey);
  }

  /** Appends a chunk of the journal's own. */
  appendOwn(book: Book, chunk: Uint8Array): void {
    const reader = new HistoryReader(chunk, BEYOND);
    this.#append(book, reader, surveyChunk(reader));
  }

  /** Appends the gap record of what was refused lately, if anything was. */
  writeGap(book: Book): void {
    this.#changes.undo.keep(book);
    const chunk = this.#refusals.gap(book);
    if (chunk !== undefined) this.appendOwn(book, chunk);
  }

  #account(book: Book, reader: HistoryReader, incoming: number): void {
    const log = book.binding(reader.binding, reader.incarnation);
    log.accounted += incoming;
    this.#changes.undo.keepAccount(log, incoming);
  }

  /** Gaps are counted also where their records are not kept. */
  #noteLosses(book: Book, reader: HistoryReader): void {
    reader.rewind();
    while (reader.next()) {
      const reason = reader.kind === KIND_GAP ? LOSSES.find((loss) => loss === reader.reason) : undefined;
      if (reason !== undefined) book.dropped[reason] += reader.reference;
    }
    reader.rewind();
    this.#changes.unsaved.add(book);
  }

  #countOnly(book: Book, survey: Survey): void {
    if (survey.messages === 0) return;
    book.tail = { major: book.tail.major + survey.messages, minor: 0 };
    book.raiseFloor(book.tail, 'evicted');
    this.#count(book, survey);
    this.#bounds.floorMoved(book);
  }

  #appendWhatFits(book: Book, reader: HistoryReader, survey: Survey): void {
    this.#bounds.refresh(book);
    this.#bounds.refreshBytes(book);
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

  /** Appends what fitted, after the gap of what did not fit before it. */
  #accept(book: Book, reader: HistoryReader, survey: Survey): void {
    if (survey.messages > 0) {
      this.writeGap(book);
      this.#refusals.settle(book);
    }
    this.#append(book, reader, survey);
  }

  #refuse(book: Book, refused: number): void {
    this.#refusals.note(book, refused);
    this.#changes.grew(book);
  }

  #append(book: Book, reader: HistoryReader, survey: Survey): void {
    numberChunk(book, reader);
    if (this.#store.engine === 'file') sealChunk(reader.bytes, reader.view);
    this.#insert(book, reader, survey);
    if (book.listener.capture.overflow === 'dropOldest') this.#bounds.evictBySize(book);
  }

  #insert(book: Book, { thread, bytes: chunk }: HistoryReader, survey: Survey): void {
    const start = book.tail;
    const trailing = survey.messages > 0 ? survey.trailing : start.minor + survey.records;
    const end = { major: start.major + survey.messages, minor: trailing };
    const row = this.#store.lastRow + 1;
    const sums = { bytesBefore: book.appendedBytes, incomingBefore: book.captured };
    book.tail = end;
    book.appendedBytes += chunk.length;
    this.#count(book, survey);
    this.#store.insert({ row, listener: book.listener.number, start, end, survey, thread, ...sums }, chunk);
    this.lastRecords = survey.records;
    this.#chunks.add(row, chunk);
    book.noteLatest({ row, start, end, survey, thread });
    this.#changes.add({ book, row, start, end, survey, thread, chunk });
  }

  #count(book: Book, survey: Survey): void {
    if (this.#store.engine === 'file' && book.tail.major > book.reserved) {
      book.reserved = book.tail.major + RESERVE;
      this.#changes.reserves = true;
    }
    book.captured += survey.incoming;
    book.incomingBytes += survey.incomingBytes;
    book.outgoing += survey.messages - survey.incoming;
    book.outgoingBytes += survey.outgoingBytes;
    book.truncated += survey.truncated;
    this.#changes.grew(book);
  }
}
