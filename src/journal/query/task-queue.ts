/** A line of walks that wait for their next slice: its lanes take turns, and so do the walks of a lane. */

/** Goes on until the deadline; true when it has come to its end, and has delivered its result. It must not throw. */
export type SlicedTask = (deadline: number) => boolean;

export class TaskQueue {
  /** By lane, the next one first. None is empty. */
  readonly #lanes = new Map<number, SlicedTask[]>();
  /** Milliseconds run at once, past the line, in this turn of the event loop. */
  spent = 0;

  get isEmpty(): boolean {
    return this.#lanes.size === 0;
  }

  has(lane: number): boolean {
    return this.#lanes.has(lane);
  }

  add(lane: number, walk: SlicedTask): void {
    const walks = this.#lanes.get(lane);
    if (walks === undefined) this.#lanes.set(lane, [walk]);
    else walks.push(walk);
  }

  /** The next walk; its lane goes to the end of the line. Undefined when nobody waits. */
  take(): { lane: number; walk: SlicedTask } | undefined {
    for (const [lane, walks] of this.#lanes) {
      const walk = walks.shift()!;
      this.#lanes.delete(lane);
      if (walks.length > 0) this.#lanes.set(lane, walks);
      return { lane, walk };
    }
    return undefined;
  }
}
