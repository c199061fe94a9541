/**
 * PeerTable: numbers by key in memory that all threads of a listener share, bounded. No thread waits for another, and one
 * that dies leaves nothing locked. An entry lies in the bucket of its key; in a full bucket the one that was looked at
 * least recently gives way.
 *
 * An entry, in 64-bit words: 0 its key, 0 where it is free, negative while a thread fills it (the time that began at);
 * 1 when it was looked at last, in milliseconds; 2 its number; 3 its life, which no other entry has or had.
 * Before the first: 0 seed of the hashes, 1 the last life.
 */
import { randomBytes } from 'node:crypto';
import { finish, mix } from './murmur3.ts';

const HEADER = 2;
const WORDS = 4;
const KEY = 0;
const LOOKED_AT = 1;
const VALUE = 2;
const LIFE = 3;
/** Entries that a key may lie in. */
const BUCKET = 16;
/** Milliseconds after which a thread that fills an entry is taken for dead. */
const FILL_TIMEOUT_MS = 1000;
const FREE = 0n;
/** The bit of keys that `values` lists. */
const LISTED = 1n << 62n;

/** Memory for so many entries, whose pages are taken as they are used. */
export function createPeerMemory(entries: number): SharedArrayBuffer {
  const buckets = Math.max(1, Math.ceil(entries / BUCKET));
  const memory = new SharedArrayBuffer((HEADER + buckets * BUCKET * WORDS) * 8);
  new BigInt64Array(memory)[0] = randomBytes(8).readBigInt64LE();
  return memory;
}

export class PeerTable {
  readonly #words: BigInt64Array;
  readonly #buckets: number;
  readonly #seed: number;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new BigInt64Array(memory);
    this.#buckets = (this.#words.length - HEADER) / (BUCKET * WORDS);
    this.#seed = new Int32Array(memory)[0]!;
  }

  /** The key of these bytes, a hash; never free nor negative. What is listed by `values` has keys of its own. */
  keyOf(bytes: Uint8Array, isListed = false): bigint {
    const high = hash(this.#seed, bytes) & ~(3 << 30);
    const key = (BigInt(high) << 32n) | BigInt(hash(~this.#seed, bytes));
    if (isListed) return key | LISTED;
    return key === FREE ? 1n : key;
  }

  /** The entry of a key that was looked at within so many milliseconds; -1 when there is none. It stays unseen. */
  find(key: bigint, idle: number): number {
    const at = this.#lookUp(key, this.#startOf(key));
    return at !== -1 && now() - this.#lookedAt(at) < idle ? at : -1;
  }

  /** The entry of a key, looked at now: the one that is there, or after a silence of `idle` milliseconds a fresh one. */
  take(key: bigint, idle: number): number {
    const start = this.#startOf(key);
    for (;;) {
      const at = this.#lookUp(key, start);
      const time = now();
      if (at !== -1 && time - this.#lookedAt(at) < idle) {
        Atomics.store(this.#words, at + LOOKED_AT, BigInt(time));
        return at;
      }
      const filled = this.#fill(key, start, at);
      if (filled !== -1) return filled;
    }
  }

  valueOf(at: number): number {
    return Number(Atomics.load(this.#words, at + VALUE));
  }

  lifeOf(at: number): number {
    return Number(Atomics.load(this.#words, at + LIFE));
  }

  /** Whether the number was the expected one, and is the next now. */
  change(at: number, expected: number, next: number): boolean {
    const before = BigInt(expected);
    return Atomics.compareExchange(this.#words, at + VALUE, before, BigInt(next)) === before;
  }

  /** Adds to the number; returns what it was. */
  add(at: number, difference: number): number {
    return Number(Atomics.add(this.#words, at + VALUE, BigInt(difference)));
  }

  /** The numbers of listed entries that were looked at within so many milliseconds. */
  *values(idle: number): Generator<number> {
    const from = now() - idle;
    for (let at = HEADER; at < this.#words.length; at += WORDS) {
      if (Atomics.load(this.#words, at + KEY) >= LISTED && this.#lookedAt(at) > from) yield this.valueOf(at);
    }
  }

  #startOf(key: bigint): number {
    return HEADER + Number(key % BigInt(this.#buckets)) * BUCKET * WORDS;
  }

  #lookedAt(at: number): number {
    return Number(Atomics.load(this.#words, at + LOOKED_AT));
  }

  #lookUp(key: bigint, start: number): number {
    for (let at = start; at < start + BUCKET * WORDS; at += WORDS)
      if (Atomics.load(this.#words, at + KEY) === key) return at;
    return -1;
  }

  /** Makes a fresh entry in place of an old one of the key, a free one, or the oldest. -1: others were there, look again. */
  #fill(key: bigint, start: number, old: number): number {
    const { at, before } = old === -1 ? this.#leastOf(start) : { at: old, before: key };
    if (isBeingFilled(before) || (old === -1 && before === key)) return -1;
    const mark = BigInt(-now() - 1);
    if (Atomics.compareExchange(this.#words, at + KEY, before, mark) !== before) return -1;
    if (this.#isContended(key, start, at)) {
      Atomics.store(this.#words, at + KEY, before < FREE ? FREE : before);
      return -1;
    }
    Atomics.store(this.#words, at + LOOKED_AT, BigInt(now()));
    Atomics.store(this.#words, at + VALUE, 0n);
    Atomics.store(this.#words, at + LIFE, Atomics.add(this.#words, 1, 1n) + 1n);
    Atomics.store(this.#words, at + KEY, key);
    return at;
  }

  /**
   * Whether the key came to be elsewhere, or may be about to. Of two threads that fill entries at once, the one with the
   * later entry gives way, and the other looks again when that has come about: one of them has seen the other's mark.
   */
  #isContended(key: bigint, start: number, mine: number): boolean {
    for (let at = start; at < start + BUCKET * WORDS; at += WORDS) {
      if (at === mine) continue;
      let there = Atomics.load(this.#words, at + KEY);
      if (isBeingFilled(there) && at < mine) return true;
      while (isBeingFilled(there)) there = Atomics.load(this.#words, at + KEY);
      if (there === key) return true;
    }
    return false;
  }

  /**
   * A free entry, or the one that was looked at least recently, with the key that it had when that was found: if another
   * thread has filled it since, it is no longer the one.
   */
  #leastOf(start: number): { at: number; before: bigint } {
    let least = { at: start, before: FREE };
    let oldest = Number.POSITIVE_INFINITY;
    for (let at = start; at < start + BUCKET * WORDS; at += WORDS) {
      const before = Atomics.load(this.#words, at + KEY);
      if (before === FREE) return { at, before };
      if (this.#lookedAt(at) >= oldest) continue;
      least = { at, before };
      oldest = this.#lookedAt(at);
    }
    return least;
  }
}

/** By a thread that lives. */
function isBeingFilled(key: bigint): boolean {
  return key < FREE && now() + Number(key) < FILL_TIMEOUT_MS;
}

/** Milliseconds on the clock that all threads share. */
function now(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** 32 bits, seeded. */
function hash(seed: number, bytes: Uint8Array): number {
  let h = seed;
  for (const byte of bytes) h = mix(h, byte);
  return finish(h);
}
