/** Slices: lets long walks take turns with each other and with the appending, none holding the thread for long. */

/** Milliseconds a walk may go on at a time where appends wait for it. */
const SLICE = 2;

/** Goes on until the deadline; true when it has come to its end, and has seen to its answer. */
export type Walk = (deadline: number) => boolean;

export class Slices {
  readonly #walks: Walk[] = [];
  readonly #between: () => void;
  readonly #length: number;
  #scheduled = false;

  /**
   * @param between runs between two slices, to append what has arrived
   * @param length milliseconds a walk may go on at a time
   */
  constructor(between: () => void, length = SLICE) {
    this.#between = between;
    this.#length = length;
  }

  /** When a slice ends that begins now. */
  deadline(): number {
    return performance.now() + this.#length;
  }

  /** Runs the first slice at once, the others one a turn of the event loop. */
  run(walk: Walk): void {
    if (walk(this.deadline())) return;
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
    if (walk !== undefined && !walk(this.deadline())) this.#walks.push(walk);
    this.#schedule();
  }
}
