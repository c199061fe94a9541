import type { RuleCells, RuleCount } from '../../rule-cells.ts';
import type { RuleKey, RulePeer } from './rule-peer.ts';

/** What one message takes of a rule's counts, so that it can be given back. */
export class RuleCounts {
  readonly #cells: RuleCells;
  readonly #index: number;
  readonly #key: RuleKey;
  readonly #peer: RulePeer | null;
  #taken: RuleCount[] = [];

  constructor(cells: RuleCells, index: number, number: number, peer: RulePeer | null) {
    this.#cells = cells;
    this.#index = index;
    this.#key = { number, slot: cells.slotOf(index) };
    this.#peer = peer;
  }

  take(count: RuleCount): number {
    this.#taken.push(count);
    return this.#isShared(count) ? this.#cells.take(this.#index, count) : this.#peer!.take(this.#key, count);
  }

  giveBack(count: RuleCount): void {
    this.#taken = this.#taken.filter((taken) => taken !== count);
    if (this.#isShared(count)) this.#cells.giveBack(this.#index, count);
    else this.#peer!.giveBack(this.#key, count);
  }

  /** Draws go on for all: peers that each began with the first would all be told the same. */
  #isShared(count: RuleCount): boolean {
    return this.#peer === null || count === 'draws';
  }

  undo(): void {
    for (const count of [...this.#taken]) this.giveBack(count);
  }
}
