/**
 * The bytes of the chunks that were appended or read last, so that followers at the end of the journal and the eviction
 * at its beginning don't ask the store again.
 */
import type { ReadStore } from './store.ts';

const MAX_BYTES = 8 * 1024 * 1024;
/** Bytes of dropped chunks that wait to be let go of; more is left to the garbage collector. */
const MAX_DROPPED = 16 * 1024 * 1024;
const MAX_CHUNKS = 2048;

export class ChunkCache {
  readonly #store: ReadStore;
  readonly #chunks = new Map<number, Uint8Array>();
  #bytes = 0;
  /** Dropped in this turn of the event loop, so somebody up the stack may still be reading them. */
  #dropped: ArrayBuffer[] = [];
  #droppedBytes = 0;

  constructor(store: ReadStore) {
    this.#store = store;
  }

  add(row: number, chunk: Uint8Array): void {
    this.#chunks.set(row, chunk);
    this.#bytes += chunk.length;
    while (this.#bytes > MAX_BYTES || this.#chunks.size > MAX_CHUNKS) this.#dropOldest();
  }

  /** The bytes of a row, undefined when it has gone. */
  get(row: number): Uint8Array | undefined {
    const known = this.#chunks.get(row);
    if (known !== undefined) return known;
    const stored = this.#store.data(row);
    if (stored !== undefined) this.add(row, stored);
    return stored;
  }

  /** Forgets all, after what was appended is taken back: those chunks will be appended once more, so none is let go of. */
  clear(): void {
    this.#chunks.clear();
    this.#bytes = 0;
    this.#dropped = [];
    this.#droppedBytes = 0;
  }

  #dropOldest(): void {
    for (const [row, chunk] of this.#chunks) {
      this.#chunks.delete(row);
      this.#bytes -= chunk.length;
      this.#letGo(chunk);
      return;
    }
  }

  /**
   * Memory of this size, left to the garbage collector under a flood, makes it stop the thread for milliseconds several
   * times a second.
   */
  #letGo({ buffer, length }: Uint8Array): void {
    const isOwner = buffer instanceof ArrayBuffer && buffer.byteLength === length;
    if (!isOwner || this.#droppedBytes > MAX_DROPPED) return;
    if (this.#dropped.length === 0) setImmediate(() => this.#free());
    this.#dropped.push(buffer);
    this.#droppedBytes += length;
  }

  /** Nobody reads across turns: a walk that goes on later asks for its chunk again. */
  #free(): void {
    for (const buffer of this.#dropped) buffer.transfer(0);
    this.#dropped = [];
    this.#droppedBytes = 0;
  }
}
