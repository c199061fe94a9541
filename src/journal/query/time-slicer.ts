/**
 * TimeSlicer: lets long reads take turns with each other and with the appending, none holding the thread for long. Pages and
 * streams stand in one line, waits in another, and the two take turns; so do the listeners within a line, and the walks
 * on one listener. However many wait on one listener, a page of another comes to its turn at once.
 */
import { type SlicedTask, TaskQueue } from './task-queue.ts';

/** Milliseconds a turn may take where appends wait for it. */
const SLICE = 2;

export type LineName = 'reads' | 'waits';

export class TimeSlicer {
  readonly #lines: Record<LineName, TaskQueue> = { reads: new TaskQueue(), waits: new TaskQueue() };
  readonly #between: () => void;
  readonly #length: number;
  #next: LineName = 'reads';
  #scheduled = false;

  /**
   * @param between runs between two slices, to append what has arrived
   * @param length milliseconds a turn may take
   */
  constructor(between: () => void, length = SLICE) {
    this.#between = between;
    this.#length = length;
  }

  /** When a slice ends that begins now. */
  deadline(): number {
    return performance.now() + this.#length;
  }

  /**
   * Runs the first slice at once, unless others are before it or as much was run at once in this turn of the event loop
   * as a slice may take; the rest one a turn.
   * @param lane walks of one lane share its turns: the number of the listener, 0 for more than one
   */
  run(walk: SlicedTask, lane = 0, name: LineName = 'reads'): void {
    const line = this.#lines[name];
    this.#schedule();
    if (!line.has(lane) && line.spent < this.#length && this.#runAtOnce(walk, line)) return;
    line.add(lane, walk);
  }

  #runAtOnce(walk: SlicedTask, line: TaskQueue): boolean {
    const start = performance.now();
    const ended = walk(start + this.#length);
    line.spent += performance.now() - start;
    return ended;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    const { reads, waits } = this.#lines;
    reads.spent = 0;
    waits.spent = 0;
    if (reads.isEmpty && waits.isEmpty) return;
    this.#between();
    this.#runSome(this.#lineToRun());
    if (!reads.isEmpty || !waits.isEmpty) this.#schedule();
  }

  #lineToRun(): TaskQueue {
    const name = this.#next;
    const other = name === 'reads' ? 'waits' : 'reads';
    const chosen = this.#lines[name].isEmpty ? other : name;
    this.#next = chosen === 'reads' ? 'waits' : 'reads';
    return this.#lines[chosen];
  }

  /** As many walks as come to their end in a slice, or a part of one that takes longer. */
  #runSome(line: TaskQueue): void {
    const deadline = this.deadline();
    do {
      const { lane, walk } = line.take()!;
      if (!walk(deadline)) line.add(lane, walk);
    } while (!line.isEmpty && performance.now() < deadline);
  }
}
