/** Heads: tells the main thread which histories have a new end, at most once per 5 ms however many messages arrive. */
import type { History } from '../log/history.ts';

const PAUSE = 5;

export class TailUpdates {
  readonly #post: (tails: Float64Array) => void;
  readonly #touched = new Set<History>();
  #postedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** @param post takes pairs of listener number and lastSeq */
  constructor(post: (tails: Float64Array) => void) {
    this.#post = post;
  }

  touch(histories: Iterable<History>): void {
    for (const history of histories) this.#touched.add(history);
    if (this.#timer !== undefined || this.#touched.size === 0) return;
    const due = this.#postedAt + PAUSE - performance.now();
    if (due <= 0) this.flush();
    else this.#timer = setTimeout(() => this.flush(), due);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#postedAt = performance.now();
    if (this.#touched.size === 0) return;
    const tails = new Float64Array(this.#touched.size * 2);
    let at = 0;
    for (const history of this.#touched) {
      tails[at++] = history.listener.number;
      tails[at++] = history.lastSeq;
    }
    this.#touched.clear();
    this.#post(tails);
  }
}
