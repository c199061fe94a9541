/**
 * PeerStates: what this thread knows of each peer or connection that rules have met: its state, and what is counted for it.
 * Bounded: the one that was silent longest begins anew.
 */
import { sameAddress } from '../../../net/address.ts';
import { RULE_COUNT_KINDS, RULE_COUNTS, type RuleCount } from '../../rule-cells.ts';
import type { DatagramPeer } from '../behavior.ts';
import { addressKey, peerKey, peerOfKey } from '../peer-key.ts';
import type { Request } from '../request.ts';
import type { RuleKey, RulePeer, RulePeers } from './rule-peer.ts';

/** Of the key of an address. */
const ADDRESS_CHARACTERS = 16;

export class PeerState implements RulePeer {
  state: string;
  /** By rule and kind. */
  readonly counts = new Map<number, number>();
  lastAt: number;
  /** The list of rules that its counts were last looked at for. */
  list: number;

  constructor(state: string, lastAt: number, list: number) {
    this.state = state;
    this.lastAt = lastAt;
    this.list = list;
  }

  changeState(next: string): boolean {
    this.state = next;
    return true;
  }

  take({ number }: Pick<RuleKey, 'number'>, count: RuleCount): number {
    const key = countKey(number, count);
    const next = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, next);
    return next;
  }

  giveBack({ number }: Pick<RuleKey, 'number'>, count: RuleCount): void {
    const key = countKey(number, count);
    this.counts.set(key, this.counts.get(key)! - 1);
  }
}

export type PeerBounds = {
  initial: string;
  most: number;
  /** Milliseconds of silence after which a peer begins anew. */
  idle: number;
  /** Numbers of the rules in force: what is counted for others is forgotten. */
  rules: readonly number[];
};

export class PeerStates implements RulePeers {
  #bounds: PeerBounds;
  #rules: ReadonlySet<number>;
  #list = 0;
  /** Who a message came from last, and so the last of the map: messages of one peer come in a row. */
  #newest: Newest | null = null;
  readonly #byKey = new Map<string, PeerState>();

  constructor(bounds: PeerBounds) {
    this.#bounds = bounds;
    this.#rules = new Set(bounds.rules);
  }

  /** Another list of rules is in force: those that are known go on. */
  change(bounds: PeerBounds): void {
    this.#bounds = bounds;
    this.#rules = new Set(bounds.rules);
    this.#list++;
  }

  /** The state of the peer, or the connection, that a message comes from, without a trace of the question. */
  stateOf(request: Request, scope: 'connection' | 'peer'): string {
    const known = this.#byKey.get(keyOf(request, scope));
    return known !== undefined && this.#lives(known, scope) ? known.state : this.#bounds.initial;
  }

  /** The same without a message from there: it does not live longer by it, nor come back to life. */
  whenSilent(request: Request, scope: 'connection' | 'peer'): PeerState {
    const known = this.#byKey.get(keyOf(request, scope));
    return known === undefined ? this.of(request, scope) : this.#current(known);
  }

  /** Of the peer, or the connection, that a message came from. */
  of(request: Request, scope: 'connection' | 'peer'): PeerState {
    const newest = this.#newest;
    if (newest?.isOf(request, scope) === true && this.#lives(newest.peer, scope)) {
      newest.peer.lastAt = performance.now();
      return this.#current(newest.peer);
    }
    const peer = this.#find(request, scope);
    this.#newest = new Newest(request, scope, peer);
    return peer;
  }

  #find(request: Request, scope: 'connection' | 'peer'): PeerState {
    const key = keyOf(request, scope);
    const known = this.#byKey.get(key);
    const now = performance.now();
    if (known !== undefined && this.#lives(known, scope)) {
      known.lastAt = now;
      // The order of the map is that of the last message.
      this.#byKey.delete(key);
      this.#byKey.set(key, known);
      return this.#current(known);
    }
    if (known !== undefined) this.#byKey.delete(key);
    while (this.#byKey.size >= this.#bounds.most) this.#byKey.delete(this.#byKey.keys().next().value!);
    const fresh = new PeerState(this.#bounds.initial, now, this.#list);
    this.#byKey.set(key, fresh);
    return fresh;
  }

  /** Whether a message from there came before, and its state lives. */
  knows(request: Request): boolean {
    const known = this.#byKey.get(keyOf(request, 'peer'));
    return known !== undefined && this.#lives(known, 'peer');
  }

  /** Peers of datagrams whose state lives, the one that was silent longest first. */
  *datagramPeers(): Generator<DatagramPeer> {
    for (const [key, known] of this.#byKey) {
      if (this.#lives(known, 'peer')) yield peerOfKey(key);
    }
  }

  forget(connection: number): void {
    this.#newest = null;
    this.#byKey.delete(`c${connection}`);
  }

  /** How many are in each state. Those that something is only counted for are left out, and those that begin anew. */
  census(scope: 'connection' | 'peer'): Record<string, number> {
    const found: Record<string, number> = {};
    for (const [key, known] of this.#byKey) {
      if (isConnection(key) !== (scope === 'connection') || !this.#lives(known, scope)) continue;
      found[known.state] = (found[known.state] ?? 0) + 1;
    }
    return found;
  }

  #lives({ lastAt }: PeerState, scope: 'connection' | 'peer'): boolean {
    return scope === 'connection' || performance.now() - lastAt < this.#bounds.idle;
  }

  /** Without what was counted for rules that are gone. */
  #current(known: PeerState): PeerState {
    if (known.list === this.#list) return known;
    known.list = this.#list;
    for (const key of known.counts.keys()) if (!this.#rules.has(ruleOf(key))) known.counts.delete(key);
    return known;
  }
}

class Newest {
  readonly peer: PeerState;
  readonly #scope: 'connection' | 'peer';
  readonly #remote: Uint8Array;
  readonly #port: number;
  readonly #connection: number;

  constructor({ remote, remotePort, connection }: Request, scope: 'connection' | 'peer', peer: PeerState) {
    this.peer = peer;
    this.#scope = scope;
    this.#remote = scope === 'peer' ? remote.slice() : remote;
    this.#port = remotePort;
    this.#connection = connection;
  }

  /** Without the text of a key. */
  isOf({ remote, remotePort, connection }: Request, scope: 'connection' | 'peer'): boolean {
    if (scope !== this.#scope || connection !== this.#connection || remotePort !== this.#port) return false;
    return scope === 'connection' || sameAddress(remote, this.#remote);
  }
}

function countKey(rule: number, count: RuleCount): number {
  return rule * RULE_COUNT_KINDS + RULE_COUNTS[count];
}

function ruleOf(key: number): number {
  return Math.floor(key / RULE_COUNT_KINDS);
}

/** On streams a peer is an address, on datagrams an address and a port. */
function keyOf({ connection, remote, remotePort }: Request, scope: 'connection' | 'peer'): string {
  if (scope === 'connection') return `c${connection}`;
  return connection === 0 ? peerKey(remote, remotePort) : addressKey(remote);
}

function isConnection(key: string): boolean {
  return key.startsWith('c') && key.length < ADDRESS_CHARACTERS;
}
