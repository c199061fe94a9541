/** One at a time: what comes while another is served waits its turn. For `concurrency: "sequential"`. */

/** Waiting places; what comes beyond is not served. */
export const WAITING = 10_000;

export class SerialQueue<T> {
  readonly #serve: (item: T, done: () => void) => void;
  #waiting: T[] = [];
  #head = 0;
  #busy = false;

  /** `serve` must call `done` exactly once, at once or later. */
  constructor(serve: (item: T, done: () => void) => void) {
    this.#serve = serve;
  }

  get waiting(): number {
    return this.#waiting.length - this.#head;
  }

  /** False when there is no place left. */
  enter(item: T): boolean {
    if (this.waiting >= WAITING) return false;
    this.#waiting.push(item);
    if (!this.#busy) this.#run();
    return true;
  }

  /** Takes out all that wait. */
  clear(): T[] {
    const rest = this.#waiting.slice(this.#head);
    this.#waiting = [];
    this.#head = 0;
    return rest;
  }

  #run(): void {
    // A loop, not recursion: most items are served at once.
    while (!this.#busy && this.waiting > 0) {
      const item = this.#waiting[this.#head++]!;
      if (this.#head > 1024 || this.#head === this.#waiting.length) {
        this.#waiting = this.#waiting.slice(this.#head);
        this.#head = 0;
      }
      this.#busy = true;
      let inside = true;
      this.#serve(item, () => {
        this.#busy = false;
        if (!inside) this.#run();
      });
      inside = false;
    }
  }
}
