/** Slices: lets long walks take turns with each other and with the appending, none holding the thread for long. */

/** Milliseconds a walk may go on at a time. */
const SLICE = 2;

/** Goes on until the deadline; true when it has come to its end, and has seen to its answer. */
export type Walk = (deadline: number) => boolean;

export class Slices {
  readonly #walks: Walk[] = [];
  readonly #between: () => void;
  #scheduled = false;

  /** @param between runs between two slices, to append what has arrived */
  constructor(between: () => void) {
    this.#between = between;
  }

  /** Runs the first slice at once, the others one a turn of the event loop. */
  run(walk: Walk): void {
    if (walk(performance.now() + SLICE)) return;
    this.#walks.push(walk);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#walks.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    this.#between();
    const walk = this.#walks.shift();
    if (walk !== undefined && !walk(performance.now() + SLICE)) this.#walks.push(walk);
    this.#schedule();
  }
}
