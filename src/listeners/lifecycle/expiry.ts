/**
 * A listener's time to live. Use renews it; an open wait or stream holds it; when it is over `onExpired` is called. A
 * hold may be tied to the listener's life: releasing the last tied hold ends it at once.
 */
import { LONGEST_TIMER } from '../../timers.ts';

export class Expiry {
  readonly #onExpired: () => void;
  /** Milliseconds, null = for ever. */
  #ttl: number | null = null;
  /** When it ends, in milliseconds since 1970. */
  #deadline = 0;
  #holds = 0;
  #ties = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(onExpired: () => void) {
    this.#onExpired = onExpired;
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
    if (this.#ttl !== null) this.#deadline = Date.now() + this.#ttl;
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
    clearTimeout(this.#timer);
    this.#ties = Number.POSITIVE_INFINITY;
  }

  #release(tie: boolean): void {
    this.#holds--;
    this.touch();
    if (tie && --this.#ties === 0) this.#onExpired();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#ttl === null) return;
    const left = Math.max(1, Math.min(LONGEST_TIMER, this.#deadline - Date.now()));
    this.#timer = setTimeout(() => this.#check(), left).unref();
  }

  #check(): void {
    if (this.#holds > 0) this.touch();
    if (Date.now() < this.#deadline) this.#schedule();
    else this.#onExpired();
  }
}
