/**
 * The bytes of the chunks that were appended or read last, so that followers at the end of the journal and the eviction
 * at its beginning don't ask the store again. What comes from a disk is checked as it is loaded: a chunk that is not what
 * was stored is never shown, but its substitute.
 */
import { isSound, substituteFor } from '../damage/substitute.ts';
import { isDamage } from '../store/sqlite/storage-fault.ts';
import type { ReadStore, Spot } from '../store/store.ts';

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

  /** Told of every chunk that was found damaged, again with every look at it. */
  onDamage: (spot: Spot) => void = () => {};

  constructor(store: ReadStore) {
    this.#store = store;
  }

  add(row: number, chunk: Uint8Array): void {
    this.#chunks.set(row, chunk);
    this.#bytes += chunk.length;
    while (this.#bytes > MAX_BYTES || this.#chunks.size > MAX_CHUNKS) this.#dropOldest();
  }

  /** The bytes of a chunk, or of its substitute; undefined when its row has gone. */
  get(spot: Spot): Uint8Array | undefined {
    const known = this.#chunks.get(spot.row);
    if (known !== undefined) return known;
    const stored = this.#load(spot.row);
    if (stored === undefined) return undefined;
    if (this.#store.engine === 'file' && !isSound(stored, spot)) return this.#substitute(spot);
    this.add(spot.row, stored as Uint8Array);
    return stored as Uint8Array;
  }

  /** Null where the way to the bytes is damaged. */
  #load(row: number): Uint8Array | null | undefined {
    try {
      return this.#store.data(row);
    } catch (error) {
      if (!isDamage(error)) throw error;
      return null;
    }
  }

  #substitute(spot: Spot): Uint8Array {
    this.onDamage(spot);
    return substituteFor(spot);
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
      this.#release(chunk);
      return;
    }
  }

  /**
   * Memory of this size, left to the garbage collector under a flood, makes it stop the thread for milliseconds several
   * times a second.
   */
  #release({ buffer, length }: Uint8Array): void {
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
