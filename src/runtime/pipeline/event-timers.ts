/**
 * EventTimers: when the timed events of one peer or connection are due: `idle` once after so much silence, `every` again
 * and again. One timer for all of them, armed for the first that is due; a message only puts the silences off, so it costs
 * no timer.
 */
import { type Clock, systemClock } from '../../clock/clock.ts';
import type { TimedEvent } from './behavior.ts';

type Due = { event: TimedEvent; at: number };
const NEVER = Number.POSITIVE_INFINITY;

export class EventTimers {
  readonly #fire: (event: TimedEvent) => void;
  readonly #clock: Clock;
  #dues: Due[] = [];
  /** What the timer is set to. */
  #armedFor = NEVER;
  #cancel = () => {};

  constructor(fire: (event: TimedEvent) => void, clock: Clock = systemClock) {
    this.#fire = fire;
    this.#clock = clock;
  }

  /** From now on these are waited for. Those that are waited for already keep their time. */
  wait(events: readonly TimedEvent[]): void {
    const before = this.#dues;
    const now = this.#clock.monotonic();
    this.#dues = events.map((event) => {
      const same = before.find(({ event: { kind, ms } }) => kind === event.kind && ms === event.ms);
      return { event, at: same?.at ?? now + event.ms };
    });
    this.#cancel();
    this.#armedFor = NEVER;
    this.#arm();
  }

  /** A message came in. */
  noteMessage(): void {
    const now = this.#clock.monotonic();
    for (const due of this.#dues) if (due.event.kind === 'idle') due.at = now + due.event.ms;
    this.#arm();
  }

  stop(): void {
    this.#cancel();
    this.#dues = [];
    this.#armedFor = NEVER;
  }

  #arm(): void {
    const at = this.#dues.reduce((first, due) => Math.min(first, due.at), NEVER);
    // One that is set to an earlier moment finds nothing due then, and is set anew.
    if (at >= this.#armedFor) return;
    this.#cancel();
    this.#armedFor = at;
    this.#cancel = this.#clock.after(Math.max(0, at - this.#clock.monotonic()), this.#onTime);
  }

  readonly #onTime = (): void => {
    this.#armedFor = NEVER;
    const now = this.#clock.monotonic();
    // Those of one moment in their order; what an event does may change the list.
    for (const due of this.#dues.filter(({ at }) => at <= now)) {
      if (!this.#dues.includes(due)) continue;
      due.at = due.event.kind === 'idle' ? NEVER : nextAfter(now, due);
      this.#fire(due.event);
    }
    this.#arm();
  };
}

/** What was missed is not made up for. */
function nextAfter(now: number, { at, event: { ms } }: Due): number {
  return at + ms > now ? at + ms : now + ms;
}
