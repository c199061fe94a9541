/** A clock that stands still until a test moves it. Whatever becomes due on the way is called, in the order of its time. */
import type { Clock } from '../../src/clock/clock.ts';

type Timer = { due: number; callback: () => void };

export class MovedClock implements Clock {
  readonly #begun = Date.now();
  #elapsed = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#begun + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  /** Timers that are armed. */
  get pending(): number {
    return this.#timers.size;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { due: this.#elapsed + milliseconds, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  every(milliseconds: number, callback: () => void): () => void {
    let cancel = () => {};
    const arm = () => {
      cancel = this.after(milliseconds, () => {
        arm();
        callback();
      });
    };
    arm();
    return () => cancel();
  }

  /** Lets so many milliseconds pass. */
  move(milliseconds: number): void {
    const end = this.#elapsed + milliseconds;
    for (let timer = this.#first(end); timer !== undefined; timer = this.#first(end)) {
      this.#timers.delete(timer);
      this.#elapsed = Math.max(this.#elapsed, timer.due);
      timer.callback();
    }
    this.#elapsed = end;
  }

  #first(end: number): Timer | undefined {
    const due = [...this.#timers].filter((timer) => timer.due <= end);
    return due.sort((a, b) => a.due - b.due)[0];
  }
}
