/** Undo: what an append changes outside the stored state, so that a transaction that fails can be taken back. */
import type { BindingLog } from './binding-log.ts';
import type { Book } from './history.ts';

export class Undo {
  readonly #refused = new Map<Book, Book['refused']>();
  #accounts: { log: BindingLog; incoming: number }[] = [];

  /** Call before a book changes. */
  keep(book: Book): void {
    if (!this.#refused.has(book)) this.#refused.set(book, { ...book.refused });
  }

  /** So many `in` messages were added to a binding's account. */
  keepAccount(log: BindingLog, incoming: number): void {
    this.#accounts.push({ log, incoming });
  }

  revert(refusals: (book: Book, refused: Book['refused']) => void): void {
    for (const { log, incoming } of this.#accounts) log.accounted -= incoming;
    for (const [book, refused] of this.#refused) refusals(book, refused);
    this.clear();
  }

  clear(): void {
    this.#refused.clear();
    this.#accounts = [];
  }
}
