/** Chunks on their way from the links of their makers to a commit, and the credit that is owed for them. */
import { ChunkReader } from '../../records/chunk.ts';
import type { ChunkLink, ChunkMessage, CreditMessage } from '../../records/chunk-transfer.ts';
import { noteUnforeseen } from '../unforeseen.ts';

/** Between two looks at the clock. */
const BATCH_CHUNKS = 16;
const BATCH_BYTES = 64 * 1024;

/** Messages of a listener with seq < before were cleared. */
type Clearance = { listener: number; before: number };

/** `cleared` since the chunk arrived: as it is taken, what it holds of that is cleared too. */
type Arrival = { link: ChunkLink; chunk: ChunkMessage; cleared?: Clearance };

/** Chunks to be appended in this order, and what is to be cleared then. */
export type Batch = { chunks: ChunkMessage[]; bytes: number; cleared?: Clearance };

export class IngestQueue {
  readonly #onArrival: () => void;
  readonly #links = new Set<ChunkLink>();
  /** Bytes taken but not yet given back, by link. */
  readonly #owed = new Map<ChunkLink, CreditMessage>();
  #arrived: Arrival[] = [];
  /** How many of those are taken. */
  #taken = 0;
  /** Taken but not committed; goes back in front of the others when the commit fails. */
  #uncommitted: Arrival[] = [];

  constructor(onArrival: () => void) {
    this.#onArrival = onArrival;
  }

  attach(link: ChunkLink): void {
    this.#links.add(link);
    link.onChunk((chunk) => {
      this.#arrived.push({ link, chunk });
      this.#onArrival();
    });
    link.onClose(() => this.#links.delete(link));
  }

  /** Takes a few: what arrived first, then what the links still hold. Undefined when there is nothing. */
  take(): Batch | undefined {
    const batch: Batch = { chunks: [], bytes: 0 };
    while (batch.chunks.length < BATCH_CHUNKS && batch.bytes < BATCH_BYTES && batch.cleared === undefined) {
      const next = this.#next();
      if (next === undefined) break;
      this.#take(next, batch);
    }
    return batch.chunks.length === 0 ? undefined : batch;
  }

  /** What was taken is stored. */
  commit(): void {
    this.#uncommitted = [];
  }

  /** As if nothing had been taken since the last commit; returns how many chunks that were. */
  rollback(): number {
    const { length } = this.#uncommitted;
    for (const { link, chunk } of this.#uncommitted) this.#owed.set(link, this.#owed.get(link)! - chunk.byteLength);
    this.#arrived = [...this.#uncommitted, ...this.#arrived.slice(this.#taken)];
    this.#taken = 0;
    this.#uncommitted = [];
    return length;
  }

  /** Gives back the credit of what was taken. What can't be posted is owed until the next time, which comes soon. */
  giveBack(): void {
    for (const [link, bytes] of this.#owed) {
      try {
        link.credit(bytes);
        this.#owed.delete(link);
      } catch (error) {
        noteUnforeseen(error);
        this.#onArrival();
      }
    }
  }

  /** Bytes that wait to be taken, those in the links too. */
  held(): number {
    return this.#gather().reduce((sum, { chunk }) => sum + chunk.byteLength, 0);
  }

  /** Messages of a listener with seq < before are cleared: those too that wait to be taken. */
  clear(listener: number, before: number): void {
    for (const arrival of this.#gather()) {
      if (listenerOf(arrival.chunk) === listener)
        arrival.cleared = { listener, before: Math.max(before, arrival.cleared?.before ?? 0) };
    }
  }

  close(): void {
    for (const link of this.#links) link.close();
  }

  #take(arrival: Arrival, batch: Batch): void {
    const { link, chunk, cleared } = arrival;
    this.#uncommitted.push(arrival);
    this.#owed.set(link, (this.#owed.get(link) ?? 0) + chunk.byteLength);
    batch.chunks.push(chunk);
    batch.bytes += chunk.byteLength;
    if (cleared !== undefined) batch.cleared = cleared;
  }

  /** All that wait to be taken, those in the links too. */
  #gather(): Arrival[] {
    this.#arrived = this.#arrived.slice(this.#taken);
    this.#taken = 0;
    for (let next = this.#receive(); next !== undefined; next = this.#receive()) this.#arrived.push(next);
    return this.#arrived;
  }

  #next(): Arrival | undefined {
    if (this.#taken < this.#arrived.length) return this.#arrived[this.#taken++];
    this.#arrived = [];
    this.#taken = 0;
    return this.#receive();
  }

  #receive(): Arrival | undefined {
    for (const link of this.#links) {
      const chunk = link.drain();
      if (chunk !== undefined) return { link, chunk };
    }
    return undefined;
  }
}

/** Undefined for bytes that are no chunk. */
function listenerOf(chunk: ChunkMessage): number | undefined {
  try {
    return new ChunkReader(chunk).listener;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
