/**
 * PeerTimers: the timed events of the peers of a datagram listener, of which nothing tells when they have gone. A peer is
 * known from its message on until it was silent for as long as its state lasts; beyond the bound the one that was silent
 * longest is forgotten.
 */
import { type Clock, systemClock } from '../../clock/clock.ts';
import { type DatagramPeer, NO_ACTION, type TimedEvent, type Timing } from './behavior.ts';
import { EventTimers } from './event-timers.ts';
import { peerKey } from './peer-key.ts';

type Known = { readonly peer: DatagramPeer; readonly timers: EventTimers };

export class PeerTimers {
  readonly #fire: (event: TimedEvent, peer: DatagramPeer) => void;
  readonly #clock: Clock;
  readonly #byKey = new Map<string, Known>();
  #events: readonly TimedEvent[] = [];
  /** The last of them: the peer is forgotten. */
  #end: TimedEvent | null = null;
  #most = 0;

  constructor(fire: (event: TimedEvent, peer: DatagramPeer) => void, clock: Clock = systemClock) {
    this.#fire = fire;
    this.#clock = clock;
  }

  /** From now on these are waited for, of the peers known so far too. */
  wait({ events, most, idle }: Timing): void {
    // A silence ends at the latest with the state; what is due together comes in this order.
    const bounded = events.map((event) => (event.kind === 'idle' ? { ...event, ms: Math.min(event.ms, idle) } : event));
    this.#end = { kind: 'idle', ms: idle, decide: () => NO_ACTION };
    this.#events = [...bounded, this.#end];
    this.#most = most;
    this.#forgetBeyond(most);
    for (const { timers } of this.#byKey.values()) timers.wait(this.#events);
  }

  /** A message came from there. */
  noteMessage({ remote, remotePort }: DatagramPeer): void {
    const key = peerKey(remote, remotePort);
    const known = this.#byKey.get(key) ?? this.#meet(key, { remote: remote.slice(), remotePort });
    // The order of the map is that of the last message.
    this.#byKey.delete(key);
    this.#byKey.set(key, known);
    known.timers.noteMessage();
  }

  stop(): void {
    for (const { timers } of this.#byKey.values()) timers.stop();
    this.#byKey.clear();
  }

  #meet(key: string, peer: DatagramPeer): Known {
    this.#forgetBeyond(this.#most - 1);
    const timers = new EventTimers((event) => {
      if (event === this.#end) this.#forget(key);
      else this.#fire(event, peer);
    }, this.#clock);
    timers.wait(this.#events);
    return { peer, timers };
  }

  #forgetBeyond(most: number): void {
    while (this.#byKey.size > most) this.#forget(this.#byKey.keys().next().value!);
  }

  #forget(key: string): void {
    this.#byKey.get(key)?.timers.stop();
    this.#byKey.delete(key);
  }
}
