/** Appender: takes chunks into histories. What fits is numbered, counted and stored; the rest is refused and told. */

import { KIND_GAP, sealChunk } from '../../records/chunk.ts';
import { type ChunkSummary, summarizeChunk } from '../../records/chunk-summary.ts';
import { BEYOND } from '../cursor.ts';
import { LOSSES } from '../journal.ts';
import type { Retention } from '../retention/retention.ts';
import type { Store } from '../store/store.ts';
import type { ChunkCache } from './chunk-cache.ts';
import type { History } from './history.ts';
import { HistoryReader } from './history-reader.ts';
import { admit } from './overflow.ts';
import type { OverflowGaps } from './overflow-gaps.ts';
import { numberChunk } from './sequencer.ts';
import type { Transaction } from './transaction.ts';

/** Numbers that one synced commit sets aside for a listener. */
const RESERVE = 1_000_000;

export class Appender {
  /** Records in the newest row, once there is one of this process. */
  lastRecords = 0;
  readonly #store: Store;
  readonly #chunks: ChunkCache;
  readonly #changes: Transaction;
  readonly #retention: Retention;
  readonly #overflowGaps: OverflowGaps;

  constructor(
    store: Store,
    chunks: ChunkCache,
    parts: { changes: Transaction; retention: Retention; overflowGaps: OverflowGaps },
  ) {
    this.#store = store;
    this.#chunks = chunks;
    this.#changes = parts.changes;
    this.#retention = parts.retention;
    this.#overflowGaps = parts.overflowGaps;
  }

  /** Appends a chunk of a worker, numbering it in place. Throws RangeError on bytes that are no chunk. */
  append(history: History, reader: HistoryReader): void {
    const summary = summarizeChunk(reader);
    this.#changes.keep(history);
    if (summary.messages > 0) this.#account(history, reader, summary.incoming);
    if ((summary.kinds & (1 << KIND_GAP)) !== 0) this.#noteLosses(history, reader);
    history.openedAt = summary.start - reader.elapsedBase / 1000;
    const { maxMessages, overflow } = history.listener.capture;
    if (maxMessages === 0) this.#countOnly(history, summary);
    else if (overflow === 'dropNewest') this.#appendWhatFits(history, reader, summary);
    else this.#append(history, reader, summary);
  }

  /** Appends a chunk of the journal's own. */
  appendOwn(history: History, chunk: Uint8Array): void {
    const reader = new HistoryReader(chunk, BEYOND);
    this.#append(history, reader, summarizeChunk(reader));
  }

  /** Appends the gap record of what was refused lately, if anything was. */
  writeGap(history: History): void {
    this.#changes.keep(history);
    const chunk = this.#overflowGaps.gap(history);
    if (chunk !== undefined) this.appendOwn(history, chunk);
  }

  #account(history: History, reader: HistoryReader, incoming: number): void {
    const log = history.binding(reader.binding, reader.incarnation);
    log.accounted += incoming;
    this.#changes.keepAccount(log, incoming);
  }

  /** Gaps are counted also where their records are not kept. */
  #noteLosses(history: History, reader: HistoryReader): void {
    reader.rewind();
    while (reader.next()) {
      const reason = reader.kind === KIND_GAP ? LOSSES.find((loss) => loss === reader.reason) : undefined;
      if (reason !== undefined) history.dropped[reason] += reader.reference;
    }
    reader.rewind();
    this.#changes.unsaved.add(history);
  }

  #countOnly(history: History, summary: ChunkSummary): void {
    if (summary.messages === 0) return;
    history.tail = { major: history.tail.major + summary.messages, minor: 0 };
    history.raiseFloor(history.tail, 'evicted');
    this.#count(history, summary);
    this.#retention.floorMoved(history);
  }

  #appendWhatFits(history: History, reader: HistoryReader, summary: ChunkSummary): void {
    this.#retention.evictByAge(history);
    this.#retention.refreshBytes(history);
    const { maxMessages, maxBytes } = history.listener.capture;
    const reserve = { messages: maxMessages - history.kept, bytes: maxBytes - history.keptBytes };
    const { chunk, refused } = admit(reader, reserve);
    if (chunk === reader.bytes) this.#accept(history, reader, summary);
    else if (chunk !== undefined) {
      const cut = new HistoryReader(chunk, BEYOND);
      this.#accept(history, cut, summarizeChunk(cut));
    }
    if (refused > 0) this.#refuse(history, refused);
  }

  /** Appends what fitted, after the gap of what did not fit before it. */
  #accept(history: History, reader: HistoryReader, summary: ChunkSummary): void {
    if (summary.messages > 0) {
      this.writeGap(history);
      this.#overflowGaps.settle(history);
    }
    this.#append(history, reader, summary);
  }

  #refuse(history: History, refused: number): void {
    this.#overflowGaps.note(history, refused);
    this.#changes.grew(history);
  }

  #append(history: History, reader: HistoryReader, summary: ChunkSummary): void {
    numberChunk(history, reader);
    if (this.#store.engine === 'file') sealChunk(reader.bytes, reader.view);
    this.#insert(history, reader, summary);
    if (history.listener.capture.overflow === 'dropOldest') this.#retention.evictBySize(history);
  }

  #insert(history: History, { thread, bytes: chunk }: HistoryReader, summary: ChunkSummary): void {
    const start = history.tail;
    const trailing = summary.messages > 0 ? summary.trailing : start.minor + summary.records;
    const end = { major: start.major + summary.messages, minor: trailing };
    const sums = { bytesBefore: history.appendedBytes, incomingBefore: history.captured };
    history.tail = end;
    history.appendedBytes += chunk.length;
    this.#count(history, summary);
    const row = this.#store.append([
      { listener: history.listener.number, start, end, summary, thread, ...sums, chunk },
    ]);
    this.lastRecords = summary.records;
    this.#chunks.add(row, chunk);
    history.noteLatest({ row, start, end, summary, thread });
    this.#changes.add({ history, row, start, end, summary, thread, chunk });
  }

  #count(history: History, summary: ChunkSummary): void {
    if (this.#store.engine === 'file' && history.tail.major > history.reserved) {
      history.reserved = history.tail.major + RESERVE;
      this.#changes.reserves = true;
    }
    history.captured += summary.incoming;
    history.incomingBytes += summary.incomingBytes;
    history.outgoing += summary.messages - summary.incoming;
    history.outgoingBytes += summary.outgoingBytes;
    history.truncated += summary.truncated;
    this.#changes.grew(history);
  }
}
