/**
 * Refusals: what full histories with `overflow: dropNewest` would not take. Each refusal is to be told by a gap record,
 * but a history that stays full must not fill up with them: they come ever more rarely while it goes on.
 */

import { gapChunk } from '../own-chunks.ts';
import type { Book } from './history.ts';

/** The n-th gap record without a message between comes n seconds after the one before, but no later than this. */
const LONGEST_PAUSE = 60;

export class Refusals {
  readonly #books = new Set<Book>();

  /** Notes `in` messages refused. */
  note(book: Book, refused: number): void {
    book.full += refused;
    book.refused.pending += refused;
    this.#books.add(book);
  }

  /** Books whose next gap record is due. */
  due(): Book[] {
    if (this.#books.size === 0) return [];
    const now = Date.now();
    return [...this.#books].filter(({ refused }) => now >= refused.nextGapAt);
  }

  /** The gap record of what is noted, as a chunk to be stored now; undefined when nothing is. */
  gap(book: Book): Uint8Array | undefined {
    const { refused } = book;
    if (refused.pending === 0) return undefined;
    const now = Date.now();
    const chunk = gapChunk(book.listener.number, 'full', refused.pending, (now * 1000 - book.openedAt) * 1000);
    refused.pending = 0;
    refused.gaps++;
    refused.nextGapAt = now + Math.min(refused.gaps, LONGEST_PAUSE) * 1000;
    this.#books.delete(book);
    return chunk;
  }

  /** The history takes messages again: the next refusal is told at once. */
  settle({ refused }: Book): void {
    refused.gaps = 0;
    refused.nextGapAt = 0;
  }

  /** Goes back to what was noted before. */
  revert(book: Book, refused: Book['refused']): void {
    Object.assign(book.refused, refused);
    if (refused.pending > 0) this.#books.add(book);
    else this.#books.delete(book);
  }

  forget(book: Book): void {
    this.#books.delete(book);
  }
}
