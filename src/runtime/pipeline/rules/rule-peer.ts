import type { RuleCount } from '../../rule-cells.ts';
import type { Request } from '../request.ts';

/** Whose state and counts are meant: a connection's, or those of a peer. */
export type PeerScope = 'connection' | 'peer';

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

/** What is known of all of them, by this thread or by all. */
export interface RulePeers {
  /** Of whom a message came from. */
  of(request: Request, scope: PeerScope): RulePeer;
  /** The same without a message from there: it does not live longer by it. */
  whenSilent(request: Request, scope: PeerScope): RulePeer;
  /** The state of whom a message comes from, without a trace of the question. */
  stateOf(request: Request, scope: PeerScope): string;
  /** How many are in each state. */
  census(scope: PeerScope): Record<string, number>;
}
