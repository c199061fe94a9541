/** The waits that sleep, grouped by what they ask, so that a chunk is looked at once a question and not once a reader. */

import { HEADER_BYTES } from '../../records/chunk.ts';
import type { Position } from '../cursor.ts';
import type { FoundRow } from '../store/store.ts';
import { LiteralIndex } from './literal-index.ts';
import type { LogRange } from './log-range.ts';
import type { PendingWait } from './pending-wait.ts';
import type { Predicate } from './predicate.ts';

/** Waits with the same scope and filter. */
export type Group = {
  key: string;
  range: LogRange;
  predicate: Predicate;
  pending: Set<PendingWait>;
  unindex: (() => void) | undefined;
};

const MANY_GROUPS = 8;

/** Groups that look at the same chunks. Once there are many, those with a literal are found by an index. */
export class WaitIndex {
  /** Up to here everything was looked at for all of them. */
  position: Position;
  /** It is in the line of those that look at what was committed. */
  isLooking = false;
  readonly #groups = new Map<string, Group>();
  readonly #unindexed = new Set<Group>();
  #index: LiteralIndex<Group> | undefined;

  constructor(position: Position) {
    this.position = position;
  }

  get isEmpty(): boolean {
    return this.#groups.size === 0;
  }

  get pending(): PendingWait[] {
    return [...this.#groups.values()].flatMap(({ pending }) => [...pending]);
  }

  /** One of those that ask this. */
  like(key: string): PendingWait | undefined {
    return this.#groups.get(key)?.pending.values().next().value;
  }

  add(wait: PendingWait): void {
    const group = this.#groups.get(wait.key) ?? this.#found(wait);
    group.pending.add(wait);
  }

  /** False when it does not sleep here. */
  delete(wait: PendingWait): boolean {
    const group = this.#groups.get(wait.key);
    if (group?.pending.delete(wait) !== true) return false;
    if (group.pending.size > 0) return true;
    group.unindex?.();
    this.#unindexed.delete(group);
    this.#groups.delete(group.key);
    return true;
  }

  has(wait: PendingWait): boolean {
    return this.#groups.get(wait.key)?.pending.has(wait) === true;
  }

  /** The groups that may find something in a chunk. */
  candidates(chunk: Uint8Array, { listener }: FoundRow): Group[] {
    const shown = this.#index?.candidates(chunk, HEADER_BYTES) ?? [];
    return [...this.#unindexed, ...shown].filter(({ range }) => range.history(listener) !== undefined);
  }

  #found({ scan, key }: PendingWait): Group {
    const { range, predicate } = scan;
    const group: Group = { key, range, predicate, pending: new Set(), unindex: undefined };
    this.#groups.set(key, group);
    this.#indexGroup(group);
    return group;
  }

  #indexGroup(group: Group): void {
    if (this.#index !== undefined) this.#join(this.#index, group);
    else {
      this.#unindexed.add(group);
      if (this.#groups.size <= MANY_GROUPS) return;
      this.#index = new LiteralIndex();
      for (const each of this.#groups.values()) this.#join(this.#index, each);
    }
  }

  #join(index: LiteralIndex<Group>, group: Group): void {
    const { literal } = group.predicate;
    if (!LiteralIndex.holds(literal)) {
      this.#unindexed.add(group);
      return;
    }
    this.#unindexed.delete(group);
    group.unindex = index.add(literal, group);
  }
}
