/**
 * RuleCells: what the rules of a listener count over all its threads, in shared memory that main makes, so that it outlives
 * a thread. Slot 0 is the listener's own; each rule has one of the others. All is read and written by Atomics.
 *
 * A slot, in 64-bit words: 0 hits, 1 time of the last hit (milliseconds since 1970), 2 taken of `times`, 3 reached (`nth`),
 * 4 steps of `cycle`, 5 draws of `choose`, 6 drawn delays. Of slot 0: 0 the listener's state, as its place among the names.
 */
import type { RuleCellsHandle } from '../workers/protocol.ts';
import { PeerTable } from './peer-table.ts';

const WORDS = 8;
/** Rules that a listener may have had, those that are gone included. */
export const MOST_SLOTS = 8192;

const HITS = 0;
const LAST_HIT = 1;
const STATE = 0;
const FIRST_COUNT = 2;
/** Places of what is counted of a rule, in a slot behind the rest, and of a peer. */
export const RULE_COUNTS = { times: 0, nth: 1, cycle: 2, draws: 3, delays: 4 } as const;
export const RULE_COUNT_KINDS = Object.keys(RULE_COUNTS).length;
export type RuleCount = keyof typeof RULE_COUNTS;

/** Memory for so many rules. */
export function createRuleMemory(slots = MOST_SLOTS): SharedArrayBuffer {
  return new SharedArrayBuffer((slots + 1) * WORDS * 8);
}

export class RuleCells {
  readonly #words: BigInt64Array;
  readonly #slots: readonly number[];
  readonly #states: readonly string[];
  readonly #places: ReadonlyMap<string, number>;

  /** What is known of peers, where threads share it. */
  readonly peers: PeerTable | null;

  constructor({ memory, slots, states, peers }: RuleCellsHandle) {
    this.#words = new BigInt64Array(memory);
    this.#slots = slots;
    this.#states = states;
    this.peers = peers === undefined ? null : new PeerTable(peers);
    this.#places = new Map(states.map((state, place) => [state, place]));
  }

  /** The listener's state. */
  get state(): string {
    return this.#states[Number(Atomics.load(this.#words, STATE))]!;
  }

  /** Changes the listener's state, unless another thread was there before. */
  changeState(from: string, to: string): boolean {
    const [before, after] = [BigInt(this.#places.get(from)!), BigInt(this.#places.get(to)!)];
    return Atomics.compareExchange(this.#words, STATE, before, after) === before;
  }

  /** The next number of a count, from 1. */
  take(rule: number, count: RuleCount): number {
    return Number(Atomics.add(this.#words, this.#countAt(rule, count), 1n)) + 1;
  }

  /** Takes one back that was of no use. */
  giveBack(rule: number, count: RuleCount): void {
    Atomics.sub(this.#words, this.#countAt(rule, count), 1n);
  }

  taken(rule: number, count: RuleCount): number {
    return Number(Atomics.load(this.#words, this.#countAt(rule, count)));
  }

  hit(rule: number): void {
    const at = this.#at(rule);
    Atomics.add(this.#words, at + HITS, 1n);
    Atomics.store(this.#words, at + LAST_HIT, BigInt(Date.now()));
  }

  hits(rule: number): { hits: number; lastHitAt: number | null } {
    const at = this.#at(rule);
    const last = Number(Atomics.load(this.#words, at + LAST_HIT));
    return { hits: Number(Atomics.load(this.#words, at + HITS)), lastHitAt: last === 0 ? null : last };
  }

  /** Everything of a slot is as at first: for a rule that takes the place of one that is gone. */
  static clear(memory: SharedArrayBuffer, slot: number): void {
    const words = new BigInt64Array(memory);
    for (let i = 0; i < WORDS; i++) Atomics.store(words, slot * WORDS + i, 0n);
  }

  /** Names of states, by their places. */
  get states(): readonly string[] {
    return this.#states;
  }

  slotOf(rule: number): number {
    return this.#slots[rule]!;
  }

  #countAt(rule: number, count: RuleCount): number {
    return this.#at(rule) + FIRST_COUNT + RULE_COUNTS[count];
  }

  #at(rule: number): number {
    return this.#slots[rule]! * WORDS;
  }
}
