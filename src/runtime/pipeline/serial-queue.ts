/** A line in which actions wait for those of the message before, so that answers keep the order of what they answer. */

/** Places in the line of a datagram listener; what comes beyond is not answered. */
export const SERIAL_PLACES = 10_000;

export class SerialQueue<T> {
  readonly #places: number;
  #waiting: { item: T; turn: string }[] = [];
  readonly #turns = new Set<string>();
  #head = 0;
  /** What is under way, so that what comes has to wait. */
  underWay: T | null = null;

  /** @param places how many may wait */
  constructor(places = SERIAL_PLACES) {
    this.#places = places;
  }

  get isBusy(): boolean {
    return this.underWay !== null;
  }
  get waiting(): number {
    return this.#waiting.length - this.#head;
  }
  get isFull(): boolean {
    return this.waiting >= this.#places;
  }

  /** @param turn of what comes again and again: of one turn one waits, see `holds` */
  push(item: T, turn = ''): void {
    this.#waiting.push({ item, turn });
    if (turn !== '') this.#turns.add(turn);
  }

  /** Whether one of this turn waits. */
  holds(turn: string): boolean {
    return this.#turns.has(turn);
  }

  /** The one that has waited longest. */
  shift(): T | undefined {
    if (this.waiting === 0) return undefined;
    const { item, turn } = this.#waiting[this.#head]!;
    this.#turns.delete(turn);
    this.#head++;
    if (this.#head > 1024 || this.#head === this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes out all that wait. */
  clear(): T[] {
    const rest = this.#waiting.slice(this.#head);
    this.#waiting = [];
    this.#turns.clear();
    this.#head = 0;
    return rest.map(({ item }) => item);
  }
}
