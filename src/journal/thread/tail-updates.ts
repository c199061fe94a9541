/** TailUpdates: notifies the main thread of histories that have a new end, at most once per 5 ms however many messages arrive. */
import type { Clock } from '../../clock/clock.ts';
import type { History } from '../log/history.ts';
import { noteUnforeseen } from '../unforeseen.ts';

const INTERVAL_MS = 5;

export class TailUpdates {
  readonly #post: (tails: Float64Array) => void;
  readonly #touched = new Set<History>();
  #postedAt = Number.NEGATIVE_INFINITY;
  readonly #clock: Clock;
  /** Cancels the post that is due later. */
  #cancel: (() => void) | undefined;

  /** @param post takes pairs of listener number and lastSeq */
  constructor(post: (tails: Float64Array) => void, clock: Clock) {
    this.#clock = clock;
    this.#post = post;
  }

  touch(histories: Iterable<History>): void {
    for (const history of histories) this.#touched.add(history);
    if (this.#cancel !== undefined || this.#touched.size === 0) return;
    const due = this.#postedAt + INTERVAL_MS - this.#clock.monotonic();
    if (due <= 0) this.flush();
    else this.#cancel = this.#clock.after(due, () => this.flush());
  }

  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#postedAt = this.#clock.monotonic();
    if (this.#touched.size === 0) return;
    const tails = new Float64Array(this.#touched.size * 2);
    let at = 0;
    for (const history of this.#touched) {
      tails[at++] = history.listener.number;
      tails[at++] = history.lastSeq;
    }
    try {
      this.#post(tails);
      this.#touched.clear();
    } catch (error) {
      noteUnforeseen(error);
      this.#cancel = this.#clock.after(INTERVAL_MS, () => this.flush(), { background: true });
    }
  }
}
