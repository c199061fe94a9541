/** Lookup: finds one message of a history, wherever it is stored. */

import { BEYOND } from '../cursor.ts';
import type { Row, Store } from '../store/store.ts';
import type { ChunkCache } from './chunk-cache.ts';
import type { History } from './history.ts';
import { HistoryReader } from './history-reader.ts';

export class Lookup {
  readonly #store: Store;
  readonly #chunks: ChunkCache;

  constructor(store: Store, chunks: ChunkCache) {
    this.#store = store;
    this.#chunks = chunks;
  }

  /** A reader at the message, undefined when it isn't there. */
  message(history: History, seq: number): HistoryReader | undefined {
    if (seq <= history.floor.major || seq > history.lastSeq) return undefined;
    return this.#at(history, seq)?.reader;
  }

  /** `in` messages ever appended up to the seq, undefined when it is not stored any more. */
  incomingUpTo(history: History, seq: number): number | undefined {
    if (seq >= history.lastSeq) return history.captured;
    const found = this.#at(history, seq);
    if (found === undefined) return undefined;
    const { reader, row } = found;
    const target = reader.offset;
    let incoming = row.incomingBefore;
    reader.rewind();
    while (reader.next() && reader.offset <= target) if (reader.isIncoming) incoming++;
    return incoming;
  }

  #at({ listener }: History, seq: number): { reader: HistoryReader; row: Row } | undefined {
    const row = this.#store.first(listener.number, { major: seq - 1, minor: BEYOND.major }, -1, -BEYOND.major);
    const chunk = row && this.#chunks.get(row);
    if (row === undefined || chunk === undefined) return undefined;
    const reader = new HistoryReader(chunk, row.start);
    return reader.seek(seq) ? { reader, row } : undefined;
  }
}
