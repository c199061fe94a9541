/**
 * PeerStates: what this thread knows of each peer or connection that rules have met: its state, and what is counted for it.
 * Bounded: the one that was silent longest begins anew.
 */
import type { RuleCount } from '../../rule-cells.ts';
import type { DatagramPeer } from '../behavior.ts';
import type { Request } from '../request.ts';

const ADDRESS_BYTES = 16;

/** Counts of one peer, by rule and kind. */
export type PeerState = { state: string; counts: Map<string, number>; lastAt: number };

export class PeerStates {
  readonly #most: number;
  readonly #initial: string;
  readonly #idle: number;
  readonly #byKey = new Map<string, PeerState>();

  /** @param idle milliseconds of silence after which a peer begins anew */
  constructor({ initial, most, idle }: { initial: string; most: number; idle: number }) {
    this.#initial = initial;
    this.#most = most;
    this.#idle = idle;
  }

  /** The same without a message from there: it does not live longer by it, nor come back to life. */
  whenSilent(request: Request, scope: 'connection' | 'peer'): PeerState {
    return this.#byKey.get(keyOf(request, scope)) ?? this.of(request, scope);
  }

  /** Of the peer, or the connection, that a message came from. */
  of(request: Request, scope: 'connection' | 'peer'): PeerState {
    const key = keyOf(request, scope);
    const known = this.#byKey.get(key);
    const now = performance.now();
    if (known !== undefined && (scope === 'connection' || now - known.lastAt < this.#idle)) {
      known.lastAt = now;
      // The order of the map is that of the last message.
      this.#byKey.delete(key);
      this.#byKey.set(key, known);
      return known;
    }
    if (known !== undefined) this.#byKey.delete(key);
    if (this.#byKey.size >= this.#most) this.#byKey.delete(this.#byKey.keys().next().value!);
    const fresh = { state: this.#initial, counts: new Map<string, number>(), lastAt: now };
    this.#byKey.set(key, fresh);
    return fresh;
  }

  /** Whether a message from there came before, and its state lives. */
  knows(request: Request): boolean {
    const known = this.#byKey.get(keyOf(request, 'peer'));
    return known !== undefined && performance.now() - known.lastAt < this.#idle;
  }

  /** Peers of datagrams, the one that was silent longest first. */
  *datagramPeers(): Generator<DatagramPeer> {
    for (const key of this.#byKey.keys()) {
      const remote = Uint8Array.from(Buffer.from(key.slice(0, ADDRESS_BYTES), 'latin1'));
      yield { remote, remotePort: Number(key.slice(ADDRESS_BYTES)) };
    }
  }

  forget(connection: number): void {
    this.#byKey.delete(`c${connection}`);
  }

  /** How many are in each state. */
  census(): Record<string, number> {
    const found: Record<string, number> = {};
    for (const { state } of this.#byKey.values()) found[state] = (found[state] ?? 0) + 1;
    return found;
  }
}

/** The next number of a count of one peer, from 1. */
export function takeOf(peer: PeerState, rule: string, count: RuleCount): number {
  const key = `${count} ${rule}`;
  const next = (peer.counts.get(key) ?? 0) + 1;
  peer.counts.set(key, next);
  return next;
}

export function giveBackOf(peer: PeerState, rule: string, count: RuleCount): void {
  const key = `${count} ${rule}`;
  peer.counts.set(key, peer.counts.get(key)! - 1);
}

/** On streams a peer is an address, on datagrams an address and a port. */
function keyOf({ connection, remote, remotePort }: Request, scope: 'connection' | 'peer'): string {
  if (scope === 'connection') return `c${connection}`;
  const address = Buffer.from(remote).toString('latin1');
  return connection === 0 ? `${address}${remotePort}` : address;
}
