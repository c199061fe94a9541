/** Chunks on their way from the links of their makers to a commit, and the credit that is owed for them. */
import type { ChunkLink, ChunkMessage, CreditMessage } from '../../records/chunk-transfer.ts';

type Arrival = { link: ChunkLink; chunk: ChunkMessage };

export class IngestQueue {
  readonly #onArrival: () => void;
  readonly #links = new Set<ChunkLink>();
  /** Bytes taken but not yet given back, by link. */
  readonly #owed = new Map<ChunkLink, CreditMessage>();
  #arrived: Arrival[] = [];
  /** How many of those are taken. */
  #taken = 0;
  /** Taken but not committed; goes back in front of the others when the commit fails. */
  #batch: Arrival[] = [];

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

  /** Takes one: what arrived first, then what the links still hold. */
  take(): ChunkMessage | undefined {
    const next = this.#next();
    if (next === undefined) return undefined;
    const { link, chunk } = next;
    this.#batch.push(next);
    this.#owed.set(link, (this.#owed.get(link) ?? 0) + chunk.byteLength);
    return chunk;
  }

  /** What was taken is stored. */
  commit(): void {
    this.#batch = [];
  }

  /** As if nothing had been taken since the last commit; returns how many chunks that were. */
  rollback(): number {
    const { length } = this.#batch;
    for (const { link, chunk } of this.#batch) this.#owed.set(link, this.#owed.get(link)! - chunk.byteLength);
    this.#arrived = [...this.#batch, ...this.#arrived.slice(this.#taken)];
    this.#taken = 0;
    this.#batch = [];
    return length;
  }

  /** Gives back the credit of what was taken. */
  giveBack(): void {
    for (const [link, bytes] of this.#owed) link.credit(bytes);
    this.#owed.clear();
  }

  /** Bytes that wait to be taken, those in the links too. */
  held(): number {
    this.#arrived = this.#arrived.slice(this.#taken);
    this.#taken = 0;
    for (let next = this.#receive(); next !== undefined; next = this.#receive()) this.#arrived.push(next);
    return this.#arrived.reduce((sum, { chunk }) => sum + chunk.byteLength, 0);
  }

  close(): void {
    for (const link of this.#links) link.close();
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
