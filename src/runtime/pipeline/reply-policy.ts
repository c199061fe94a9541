/**
 * Which datagrams a UDP responder may answer. Never port 0 nor one that answers by itself (echo, daytime, qotd,
 * chargen, time: RFC 862 to 868), never a broadcast or multicast source: such an answer starts a storm. Another listener
 * of this service gets at most 100 a second, so two responders that feed each other stay harmless.
 */
import { networkInterfaces } from 'node:os';
import { addressBytes, addressText, isMapped, sameAddress } from '../../net/address.ts';
import { type BindingCounters, COLUMN } from '../counters.ts';

/** Replies a second to one listener of this service. */
export const OWN_LIMIT = 100;
/** Ports of services that answer by themselves, and 0. */
export const NEVER_ANSWERED: ReadonlySet<number> = new Set([0, 7, 13, 17, 19, 37]);
/** Pairs remembered within a second. */
const PAIRS = 1024;

/** So many a second for each pair. */
export class PairLimit {
  readonly #given = new Map<string, number>();
  #second = 0;

  allows(pair: string): boolean {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second || this.#given.size > PAIRS) this.#given.clear();
    this.#second = second;
    const given = (this.#given.get(pair) ?? 0) + 1;
    this.#given.set(pair, given);
    return given <= OWN_LIMIT;
  }
}
/** Milliseconds for which the machine's addresses are taken as known. */
const INTERFACES_AGE = 10_000;

export class ReplyPolicy {
  readonly #ownPorts: Uint8Array;
  readonly #row: Float64Array;
  readonly #own = new PairLimit();
  /** A stranger that was allowed last: what holds for it holds for its next request. Port -1: none. */
  readonly #lastRemote = new Uint8Array(16);
  #lastPort = -1;

  /** @param ownPorts see WorkerStart.ownPorts */
  constructor(ownPorts: Uint8Array, counters: BindingCounters) {
    this.#ownPorts = ownPorts;
    this.#row = counters.row;
  }

  /** Whether the source with this address (16 bytes) may be answered now; a refusal is counted. */
  allows(remote: Uint8Array, port: number): boolean {
    if (port === this.#lastPort && this.#ownPorts[port] === 0 && sameAddress(remote, this.#lastRemote)) return true;
    if (NEVER_ANSWERED.has(port) || isMany(remote)) return this.#suppress();
    if (this.#ownPorts[port] !== 0 && isLocal(remote)) {
      return this.#own.allows(`${addressText(remote)} ${port}`) || this.#suppress();
    }
    this.#lastPort = port;
    this.#lastRemote.set(remote);
    return true;
  }

  #suppress(): false {
    this.#row[COLUMN.repliesSuppressed]!++;
    return false;
  }
}

/** Multicast (224.0.0.0/4, ff00::/8), limited broadcast, or the broadcast address of a subnet of this machine. */
function isMany(bytes: Uint8Array): boolean {
  if (!isMapped(bytes)) return bytes[0] === 0xff;
  const first = bytes[12]!;
  if (first >= 224) return first < 240 || addressText(bytes) === '255.255.255.255';
  // The broadcast address of any subnet of two hosts or more ends in two set bits.
  return (bytes[15]! & 3) === 3 && machine().broadcast.has(addressText(bytes));
}

function isLocal(bytes: Uint8Array): boolean {
  return (isMapped(bytes) && bytes[12] === 127) || machine().local.has(addressText(bytes));
}

type Machine = { readAt: number; local: Set<string>; broadcast: Set<string> };
let known: Machine | undefined;

/** Addresses of this machine's interfaces, read again when they are old. */
function machine(): Machine {
  const now = performance.now();
  if (known !== undefined && now - known.readAt < INTERFACES_AGE) return known;
  const local = new Set<string>();
  const broadcast = new Set<string>();
  for (const info of Object.values(networkInterfaces()).flat()) {
    if (info === undefined) continue;
    const bytes = addressBytes(info.address);
    local.add(addressText(bytes));
    if (info.family === 'IPv4' && info.netmask !== '255.255.255.255') broadcast.add(broadcastOf(bytes, info.netmask));
  }
  known = { readAt: now, local, broadcast };
  return known;
}

function broadcastOf(bytes: Uint8Array, netmask: string): string {
  const mask = addressBytes(netmask);
  return addressText(bytes.map((byte, i) => (i < 12 ? byte : byte | (~mask[i]! & 0xff))));
}
