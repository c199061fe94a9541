/**
 * Finds, in one pass over a chunk, which of many wanted literals may be in it. Each literal is known by four of its
 * bytes, those that the fewest others are known by. Only what shows up is worth an exact look.
 */
const GRAM = 4;
const TABLE_BITS = 14;

export class LiteralIndex<T> {
  readonly #byGram = new Map<number, Set<T>>();
  /** Grams there are, by hash; spares most bytes the look into the map. */
  readonly #table = new Uint16Array(1 << TABLE_BITS);

  /** Whether the index can know a literal. */
  static holds(literal: Uint8Array | undefined): literal is Uint8Array {
    return literal !== undefined && literal.length >= GRAM;
  }

  /** Returns the way to take the item out again. */
  add(literal: Uint8Array, item: T): () => void {
    const gram = this.#leastUsed(literal);
    const items = this.#byGram.get(gram) ?? new Set<T>();
    this.#byGram.set(gram, items);
    items.add(item);
    this.#table[hash(gram)]!++;
    return () => {
      items.delete(item);
      this.#table[hash(gram)]!--;
      if (items.size === 0 && this.#byGram.get(gram) === items) this.#byGram.delete(gram);
    };
  }

  /** Items whose literal may be among the bytes from `start` on. */
  candidates(bytes: Uint8Array, start: number): Set<T> {
    const found = new Set<T>();
    if (this.#byGram.size === 0) return found;
    const table = this.#table;
    let gram = 0;
    for (let i = start; i < bytes.length; i++) {
      gram = (gram >>> 8) | (bytes[i]! << 24);
      if (table[hash(gram)] === 0) continue;
      const items = this.#byGram.get(gram);
      if (items !== undefined) for (const item of items) found.add(item);
    }
    return found;
  }

  #leastUsed(literal: Uint8Array): number {
    let best = { gram: 0, used: Number.POSITIVE_INFINITY };
    for (let i = 0; i + GRAM <= literal.length; i++) {
      const gram = literal[i]! | (literal[i + 1]! << 8) | (literal[i + 2]! << 16) | (literal[i + 3]! << 24);
      const used = this.#byGram.get(gram)?.size ?? 0;
      if (used < best.used) best = { gram, used };
    }
    return best.gram;
  }
}

function hash(gram: number): number {
  return Math.imul(gram, 0x9e37_79b1) >>> (32 - TABLE_BITS);
}
