/**
 * A listener's time to live. Use renews it; an open wait or stream holds it; when it is over `onExpired` is called. A
 * hold may be tied to the listener's life: releasing the last tied hold ends it at once.
 */
import { type Clock, systemClock } from '../../clock/clock.ts';

export class Expiry {
  readonly #onExpired: () => void;
  readonly #clock: Clock;
  /** Milliseconds, null = for ever. */
  #ttl: number | null = null;
  /** When it ends, in milliseconds since 1970. */
  #deadline = 0;
  #holds = 0;
  #ties = 0;
  #cancel = () => {};

  constructor(onExpired: () => void, clock: Clock = systemClock) {
    this.#onExpired = onExpired;
    this.#clock = clock;
  }

  /** When it ends; null = never, or not while somebody holds it. */
  get expiresAt(): number | null {
    return this.#ttl === null || this.#holds > 0 ? null : this.#deadline;
  }

  /** @param deadline when it ends, where that is known from before */
  set(ttl: number | null, deadline: number | null = null): void {
    this.#ttl = ttl;
    this.touch();
    if (deadline !== null) this.#deadline = deadline;
    this.#schedule();
  }

  /** It was used: the time starts anew. The timer runs on and finds the later deadline. */
  touch(): void {
    if (this.#ttl !== null) this.#deadline = this.#clock.now() + this.#ttl;
  }

  /** Stops the clock until the answer is called. */
  hold(tie: boolean): () => void {
    this.#holds++;
    if (tie) this.#ties++;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#release(tie);
    };
  }

  /** For good: it is not called any more. */
  stop(): void {
    this.#cancel();
    this.#ties = Number.POSITIVE_INFINITY;
  }

  #release(tie: boolean): void {
    this.#holds--;
    this.touch();
    if (tie && --this.#ties === 0) this.#onExpired();
  }

  #schedule(): void {
    this.#cancel();
    if (this.#ttl === null) return;
    const left = Math.max(1, this.#deadline - this.#clock.now());
    this.#cancel = this.#clock.after(left, () => this.#check(), { background: true });
  }

  #check(): void {
    if (this.#holds > 0) this.touch();
    if (this.#clock.now() < this.#deadline) this.#schedule();
    else this.#onExpired();
  }
}
