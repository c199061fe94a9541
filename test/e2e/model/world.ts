/** What the clients know together: which listeners there are, what they were sent, and what was served of them. */
import type { Follower } from './following.ts';
import { Names } from './names.ts';

export type Kind = 'plain' | 'echo' | 'small' | 'tcp';
// biome-ignore lint/suspicious/noExplicitAny: as the API shows it
export type Item = any;
/** What clients have counted that a listener was sent; `perhaps` may or may not have reached it. */
export type Sent = { surely: number; perhaps: number };

const SHOWN = 20;

export class Known {
  readonly id: string;
  readonly kind: Kind;
  host: string;
  port: number;
  readonly ports = new Set<number>();
  /** Its deletion was asked for. */
  dying = false;
  /** Somebody rebinds it, renames it, pauses it: one at a time. */
  replacing = false;
  renaming = false;
  paused = false;
  /** Somebody asked to clear it, or it keeps few. */
  forgets: boolean;
  readonly sent: Sent = { surely: 0, perhaps: 0 };
  /** Messages served, by seq: what they said. */
  readonly seen = new Map<number, string>();
  #version = 0;
  #disturbers = 0;

  constructor(id: string, kind: Kind, address: { host: string; port: number }) {
    this.id = id;
    this.kind = kind;
    this.host = address.host;
    this.port = address.port;
    this.ports.add(address.port);
    this.forgets = kind === 'small';
  }

  get path(): string {
    return `/v1/listeners/${this.id}`;
  }

  moveTo(address: { host: string; port: number } | null | undefined): void {
    if (!address) return;
    this.host = address.host;
    this.port = address.port;
    this.ports.add(address.port);
  }

  /** While this goes on, what is sent may or may not arrive, and what is there may or may not be served. */
  async disturb<T>(doing: () => Promise<T>): Promise<T> {
    this.#version++;
    this.#disturbers++;
    try {
      return await doing();
    } finally {
      this.#version++;
      this.#disturbers--;
    }
  }

  /** Asked now and again later, it tells whether nobody disturbed the listener in between. */
  calm(): () => boolean {
    const version = this.#version;
    const wasCalm = this.#disturbers === 0;
    return () => wasCalm && version === this.#version;
  }
}

export class World {
  readonly listeners = new Map<string, Known>();
  readonly names = new Names((what) => this.violate(what));
  readonly violations: string[] = [];
  /** Datagrams that may have gone to whoever has that port by now. */
  readonly strays = new Map<number, number>();
  /** Streams that were cut when time was up. */
  readonly followers: Follower[] = [];
  readonly counts: Record<string, number> = {};
  #violated = 0;

  get violated(): number {
    return this.#violated;
  }

  violate(what: string): void {
    this.#violated++;
    if (this.violations.length < SHOWN) this.violations.push(what);
  }

  get live(): Known[] {
    return [...this.listeners.values()].filter(({ dying }) => !dying);
  }

  add(known: Known): Known {
    if (this.listeners.has(known.id)) this.violate(`${known.id} was given twice`);
    this.listeners.set(known.id, known);
    return known;
  }

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  /** Notes what was sent to a listener, given whether it surely listened there all the while. */
  sent(known: Known, messages: number, surely: boolean, port = known.port): void {
    if (surely) known.sent.surely += messages;
    else {
      known.sent.perhaps += messages;
      this.strays.set(port, (this.strays.get(port) ?? 0) + messages);
    }
  }

  /** A message was served: it must be what it was whenever it was served before. */
  saw(known: Known, item: Item): void {
    const said = `${item.direction} ${item.at} ${item.size} ${item.text}`;
    const before = known.seen.get(item.seq);
    if (before === undefined) known.seen.set(item.seq, said);
    else if (before !== said) this.violate(`${known.id} #${item.seq} was ${before}, and is ${said}`);
    if (item.listenerId !== known.id) this.violate(`${item.listenerId} #${item.seq} was served of ${known.id}`);
  }
}
