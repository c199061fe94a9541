/** The listeners that a read over all means. Which these are is judged live: who comes later with the label belongs. */
import type { Labels, Listeners } from '../../domain.ts';
import { ProblemError } from '../../errors.ts';
import type { FollowedScope } from '../streams/follower.ts';

/** The place of one listener. */
export function readScopeOf(listener: number): () => FollowedScope {
  const where: FollowedScope = { scope: { listener }, key: `${listener}` };
  return () => where;
}

export class LiveReadPosition {
  readonly #registry: Listeners;
  readonly #query: { refs?: string[]; labels?: Labels };
  readonly #stop: () => void;
  readonly #onMove = new Set<() => void>();
  #place: FollowedScope;
  #before: FollowedScope;

  /** Throws `not_found` when a listener asked for is not there. */
  constructor(registry: Listeners, refs: string[] | undefined, labels: Labels) {
    this.#registry = registry;
    this.#query = refs === undefined ? { labels } : { refs, labels };
    this.#place = placeOfMany(registry.select(this.#query));
    this.#before = this.#place;
    this.#stop = this.isAll ? () => {} : registry.onChange(() => this.#judge());
  }

  get isAll(): boolean {
    return this.#place.key === '*';
  }

  get current(): FollowedScope {
    return this.#place;
  }

  /** Whether a listener belongs, or did until its last change. */
  included(listener: number): boolean {
    return [this.#place, this.#before].some(
      ({ scope }) => 'listeners' in scope && (scope.listeners?.includes(listener) ?? true),
    );
  }

  /** Called when other listeners belong than before. */
  onMove(callback: () => void): void {
    this.#onMove.add(callback);
  }

  dispose(): void {
    this.#stop();
    this.#onMove.clear();
  }

  #judge(): void {
    const where = this.#judged();
    this.#before = this.#place;
    if (where.key === this.#place.key) return;
    this.#place = where;
    for (const callback of this.#onMove) callback();
  }

  /** A listener that was asked for by name and is gone belongs no more. */
  #judged(): FollowedScope {
    const { refs, labels } = this.#query;
    const there = refs?.filter((ref) => this.#isThere(ref));
    return placeOfMany(
      this.#registry.select(there === undefined ? { labels: labels ?? [] } : { ...this.#query, refs: there }),
    );
  }

  #isThere(ref: string): boolean {
    try {
      this.#registry.select({ refs: [ref] });
      return true;
    } catch (error) {
      if (error instanceof ProblemError && error.code === 'not_found') return false;
      throw error;
    }
  }
}

function placeOfMany(listeners: number[] | null): FollowedScope {
  return { scope: { listeners }, key: listeners === null ? '*' : `[${listeners.join()}]` };
}
