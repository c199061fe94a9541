/** Undo: what an append changes outside the stored state, so that a transaction that fails can be taken back. */
import type { BindingLog } from './binding-log.ts';
import type { History } from './history.ts';

export class Undo {
  readonly #refused = new Map<History, History['refused']>();
  #accounts: { log: BindingLog; incoming: number }[] = [];

  /** Call before a book changes. */
  keep(history: History): void {
    if (!this.#refused.has(history)) this.#refused.set(history, { ...history.refused });
  }

  /** So many `in` messages were added to a binding's account. */
  keepAccount(log: BindingLog, incoming: number): void {
    this.#accounts.push({ log, incoming });
  }

  revert(refusals: (history: History, refused: History['refused']) => void): void {
    for (const { log, incoming } of this.#accounts) log.accounted -= incoming;
    for (const [history, refused] of this.#refused) refusals(history, refused);
    this.clear();
  }

  clear(): void {
    this.#refused.clear();
    this.#accounts = [];
  }
}
