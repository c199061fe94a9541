/** ResultCollector: the matches of one reader, encoded, within the bounds of its answer. */
import { KIND_MESSAGE } from '../../records/chunk.ts';
import type { Encoder } from '../encode/encoder.ts';
import type { JournalListener } from '../journal.ts';
import type { HistoryReader } from '../log/history-reader.ts';

/** Items and payload bytes that go into the answer at most; one item always does. */
export type ResultLimits = {
  limit: number;
  maxBytes: number;
  /** Matches after which a wait is content; those beyond the bounds are counted and left out. */
  wanted?: number;
};

export class ResultCollector {
  readonly encoder: Encoder;
  items = 0;
  messages = 0;
  matched = 0;
  /** The highest seq given out, by listener. */
  readonly served = new Map<number, number>();
  readonly #bounds: ResultLimits;
  #payload = 0;
  #full = false;

  constructor(encoder: Encoder, bounds: ResultLimits) {
    this.encoder = encoder;
    this.#bounds = bounds;
  }

  /** Whether it counts matches for a wait, beyond those it has room for. */
  get isWait(): boolean {
    return this.#bounds.wanted !== undefined;
  }

  /** No match more is wanted. */
  get done(): boolean {
    return this.#bounds.wanted === undefined ? this.items >= this.#bounds.limit : this.matched >= this.#bounds.wanted;
  }

  /** Takes the reader's record into the answer; false when there is no room for it. */
  take(reader: HistoryReader, listener: JournalListener, cursor: () => string): boolean {
    this.matched++;
    if (!this.#hasRoom(reader.stored)) return false;
    this.#payload += reader.stored;
    this.items++;
    this.encoder.record(reader, listener, cursor);
    if (reader.kind !== KIND_MESSAGE) return true;
    this.messages++;
    if (reader.major > (this.served.get(listener.number) ?? 0)) this.served.set(listener.number, reader.major);
    return true;
  }

  #hasRoom(stored: number): boolean {
    const { limit, maxBytes } = this.#bounds;
    this.#full ||= this.items >= limit || (this.items > 0 && this.#payload + stored > maxBytes);
    return !this.#full;
  }
}
