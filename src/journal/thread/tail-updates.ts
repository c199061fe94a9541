/** Heads: tells the main thread which histories have a new end, at most once per 5 ms however many messages arrive. */
import type { Book } from '../log/history.ts';

const PAUSE = 5;

export class Heads {
  readonly #post: (heads: Float64Array) => void;
  readonly #touched = new Set<Book>();
  #postedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** @param post takes pairs of listener number and lastSeq */
  constructor(post: (heads: Float64Array) => void) {
    this.#post = post;
  }

  touch(books: Iterable<Book>): void {
    for (const book of books) this.#touched.add(book);
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
    const heads = new Float64Array(this.#touched.size * 2);
    let at = 0;
    for (const book of this.#touched) {
      heads[at++] = book.listener.number;
      heads[at++] = book.lastSeq;
    }
    this.#touched.clear();
    this.#post(heads);
  }
}
