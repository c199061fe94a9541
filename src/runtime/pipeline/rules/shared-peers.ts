/**
 * SharedPeers: peers of streams on a listener with several threads. Connections of one address come to any of them, so
 * what is known of a peer lies in memory that they share.
 */
import type { PeerTable } from '../../peer-table.ts';
import { RULE_COUNTS, type RuleCount } from '../../rule-cells.ts';
import type { Request } from '../request.ts';
import type { RuleKey, RulePeer, RulePeers } from './rule-peer.ts';

/** Entries for each peer of `max`: buckets fill unevenly, and counts have entries of their own. */
export const ENTRIES_A_PEER = 4;

export type SharedBounds = {
  initial: string;
  /** Milliseconds of silence after which a peer begins anew. */
  idle: number;
  /** All names of states; an entry has the place of one, from 1, and 0 for the initial one. */
  states: readonly string[];
};

export class SharedPeers implements RulePeers {
  readonly #table: PeerTable;
  readonly #bounds: SharedBounds;

  constructor(table: PeerTable, bounds: SharedBounds) {
    this.#table = table;
    this.#bounds = bounds;
  }

  /** Of the peer that a message came from. */
  of({ remote }: Request): RulePeer {
    const { idle } = this.#bounds;
    return new SharedPeer(this.#table, this.#table.take(this.#table.keyOf(remote, true), idle), this.#bounds);
  }

  /** The same without a message from there: it does not live longer by it. */
  whenSilent(request: Request): RulePeer {
    const at = this.#table.find(this.#table.keyOf(request.remote, true), this.#bounds.idle);
    return at === -1 ? this.of(request) : new SharedPeer(this.#table, at, this.#bounds);
  }

  /** The state of the peer that a message comes from, without a trace of the question. */
  stateOf({ remote }: Request): string {
    const at = this.#table.find(this.#table.keyOf(remote, true), this.#bounds.idle);
    return at === -1 ? this.#bounds.initial : new SharedPeer(this.#table, at, this.#bounds).state;
  }

  /** How many are in each state, whichever thread met them. */
  census(): Record<string, number> {
    const { idle } = this.#bounds;
    const found: Record<string, number> = {};
    for (const place of this.#table.values(idle)) {
      const state = stateAt(place, this.#bounds);
      found[state] = (found[state] ?? 0) + 1;
    }
    return found;
  }
}

function stateAt(place: number, { initial, states }: SharedBounds): string {
  return place === 0 ? initial : states[place - 1]!;
}

class SharedPeer implements RulePeer {
  readonly state: string;
  readonly #table: PeerTable;
  readonly #bounds: SharedBounds;
  readonly #at: number;
  /** What was read as its state. */
  readonly #place: number;

  constructor(table: PeerTable, at: number, bounds: SharedBounds) {
    this.#table = table;
    this.#bounds = bounds;
    this.#at = at;
    this.#place = table.valueOf(at);
    this.state = stateAt(this.#place, bounds);
  }

  changeState(next: string): boolean {
    return this.#table.change(this.#at, this.#place, this.#bounds.states.indexOf(next) + 1);
  }

  take(rule: RuleKey, count: RuleCount): number {
    return this.#table.add(this.#entryOf(rule, count), 1) + 1;
  }

  giveBack(rule: RuleKey, count: RuleCount): void {
    this.#table.add(this.#entryOf(rule, count), -1);
  }

  /** A peer that begins anew has another life, and with it counts of its own. */
  #entryOf({ slot }: RuleKey, count: RuleCount): number {
    const name = new Float64Array([this.#table.lifeOf(this.#at), slot, RULE_COUNTS[count]]);
    return this.#table.take(this.#table.keyOf(new Uint8Array(name.buffer)), Number.POSITIVE_INFINITY);
  }
}
