/**
 * Which listener holds which port. The kernel would let two of our own sockets share a port in more cases than a user
 * wants (SO_REUSEPORT), and it can't name the holder, so the registry keeps its own table of one claim a listener.
 */
import { isIP } from 'node:net';
import { ProblemError } from '../../errors.ts';
import { canonicalAddress } from '../../net/address.ts';
import { setListenerPort } from '../../net/own-ports.ts';
import { ANOTHER_PORT } from './os-problems.ts';
import type { PortUse } from './port-use.ts';

export type PortHolder = { id: string; name: string | null };
export type PortRange = { first: number; last: number };

type PortClaim = { use: PortUse; holder: PortHolder };

export class PortTable {
  /** By protocol and port; rarely more than one claim each. */
  readonly #claims = new Map<string, PortClaim[]>();
  /** One byte a UDP port for the threads, see WorkerStart.ownPorts. */
  readonly #ownUdpPorts: Uint8Array;

  constructor(ownUdpPorts: SharedArrayBuffer) {
    this.#ownUdpPorts = new Uint8Array(ownUdpPorts);
  }

  /** Takes a port for a listener; returns how to give it back. Throws `port_in_use` naming the holder. */
  claim(use: PortUse, holder: PortHolder): () => void {
    this.#check(use);
    const claim = { use, holder };
    this.#set(use, [...this.#at(use), claim]);
    return () =>
      this.#set(
        use,
        this.#at(use).filter((other) => other !== claim),
      );
  }

  /** Whether one of our listeners stands in the way. */
  isTaken(use: PortUse): boolean {
    return this.#at(use).some((claim) => overlap(claim.use, use));
  }

  /** The ports of a range that nobody of us holds, from a random one on. */
  *free(range: PortRange, use: Omit<PortUse, 'port'>): Generator<number> {
    const count = range.last - range.first + 1;
    const start = Math.floor(Math.random() * count);
    for (let i = 0; i < count; i++) {
      const port = range.first + ((start + i) % count);
      if (!this.isTaken({ ...use, port })) yield port;
    }
  }

  #check(use: PortUse): void {
    const inTheWay = this.#at(use).find((claim) => overlap(claim.use, use));
    if (inTheWay === undefined) return;
    const { id, name } = inTheWay.holder;
    const where = `${use.protocol} ${use.host} port ${use.port}`;
    throw new ProblemError('port_in_use', `${where} is held by listener ${name ?? id}; ${ANOTHER_PORT}`, {
      extra: { holder: { id, name } },
    });
  }

  #at(use: PortUse): PortClaim[] {
    return this.#claims.get(`${use.protocol} ${use.port}`) ?? [];
  }

  #set(use: PortUse, claims: PortClaim[]): void {
    const key = `${use.protocol} ${use.port}`;
    if (claims.length > 0) this.#claims.set(key, claims);
    else this.#claims.delete(key);
    if (use.protocol === 'udp') setListenerPort(this.#ownUdpPorts, use.port, claims.length > 0);
  }
}

/** Whether two uses of one protocol and port meet: the same address, or a wildcard that covers the other's family. */
function overlap(a: PortUse, b: PortUse): boolean {
  return covers(a, b.host) || covers(b, a.host);
}

function covers(use: PortUse, host: string): boolean {
  if (use.host === '0.0.0.0') return isIP(host) === 4;
  if (use.host === '::') return isIP(host) === 6 || !use.ipv6Only;
  return canonicalAddress(use.host) === canonicalAddress(host);
}
