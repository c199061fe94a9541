import type { RuleCount } from '../../rule-cells.ts';

/** A rule, by what counts of one peer go by: its number in this thread, and its slot in all of them. */
export type RuleKey = { readonly number: number; readonly slot: number };

/** What is known of one peer or connection: its state, and what is counted for it. */
export interface RulePeer {
  readonly state: string;
  /** Puts it into another state. False when another thread was there before: then it is to be decided anew. */
  changeState(next: string): boolean;
  /** The next number of a count, from 1. */
  take(rule: RuleKey, count: RuleCount): number;
  giveBack(rule: RuleKey, count: RuleCount): void;
}
