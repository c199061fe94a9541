/**
 * Strangers on a port of ours. A listener with several threads shares its port by SO_REUSEPORT, and then the kernel lets
 * any process of the same user join it and take a share of what peers send. That can't be prevented; on Linux the kernel
 * lists all sockets, so it is seen: counted, written into the listener's history, and logged.
 */

import { readFile } from 'node:fs/promises';
import { type Clock, systemClock } from '../clock/clock.ts';
import type { JournalWriter } from '../journal/ports.ts';
import { addressBytes } from '../net/address.ts';
import type { Listener } from './listener.ts';
import type { ListenerTable } from './listener-table.ts';
import { problemRecord } from './records.ts';

/** Milliseconds between two looks, while there is a listener to look for. */
const INTERVAL = 10_000;
const LISTEN = '0A';

type Options = {
  table: ListenerTable;
  journal: JournalWriter;
  /** Milliseconds between two looks. */
  lookInterval?: number;
  onStranger?: (what: string) => void;
  onError: (error: unknown) => void;
  clock?: Clock;
};

export class Strangers {
  readonly #options: Options;
  readonly #stop: () => void = () => {};
  #looking = false;

  constructor(options: Options) {
    this.#options = options;
    if (process.platform !== 'linux') return;
    const { clock = systemClock, lookInterval = INTERVAL } = options;
    this.#stop = clock.every(lookInterval, () => void this.#look(), { background: true });
  }

  stop(): void {
    this.#stop();
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const shared = this.#options.table.all().filter(isShared);
    if (shared.length === 0 || this.#looking) return;
    this.#looking = true;
    try {
      const before = shared.map(({ bindings }) => bindings);
      const sockets = { udp: await listed('udp'), tcp: await listed('tcp') };
      shared.forEach((listener, i) => {
        if (isShared(listener) && listener.bindings === before[i])
          this.#judge(listener, sockets[listener.spec.protocol]);
      });
    } catch (error) {
      this.#options.onError(error);
    } finally {
      this.#looking = false;
    }
  }

  #judge(listener: Listener, sockets: ReadonlyMap<string, number>): void {
    const { number, openedAt, address, bindings, foreignSockets: before } = listener;
    const there = sockets.get(place(Buffer.from(addressBytes(address!.host)).toString('hex'), address!.port)) ?? 0;
    const foreign = Math.max(0, there - bindings.length);
    listener.foreignSockets = foreign;
    if (foreign <= before) return;
    const detail = `others have joined port ${address!.port} by SO_REUSEPORT (sockets: ${foreign}) and take a share of what is sent here; "threads": 1 can't be joined`;
    const { onError, onStranger, journal } = this.#options;
    journal.append(problemRecord(number, openedAt, { code: 'port_shared', detail })).catch(onError);
    onStranger?.(`listener ${listener.name ?? listener.id}: ${detail}`);
  }
}

/** Whether others can join its port, and all of its own sockets are there. */
function isShared({ isOpen, bindings }: Listener): boolean {
  return isOpen && bindings.length > 1 && bindings.every(({ down }) => !down);
}

/** How many sockets receive at each place, of both families. */
async function listed(protocol: 'udp' | 'tcp'): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const file of [protocol, `${protocol}6`]) {
    const text = await readFile(`/proc/net/${file}`, 'latin1').catch(() => '');
    for (const line of text.split('\n').slice(1)) {
      const [, local = '', remote = '', state] = line.trim().split(/\s+/);
      if (!/:0000$/.test(remote) || (protocol === 'tcp' && state !== LISTEN)) continue;
      const [address = '', port = ''] = local.split(':');
      const key = place(wide(address), Number.parseInt(port, 16));
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}

function place(address: string, port: number): string {
  return `${address} ${port}`;
}

/** 16 bytes as hex digits of an address as the kernel lists it: words of four bytes, each turned round on this machine. */
function wide(listedAddress: string): string {
  const words = listedAddress.match(/.{8}/g) ?? [];
  const turned = words.map((word) => Buffer.from(word, 'hex').reverse().toString('hex').toLowerCase()).join('');
  return turned.length === 8 ? `00000000000000000000ffff${turned}` : turned;
}
