/**
 * Idempotency-Key: a repeated request with a known key gets the answer of the first. A request that was refused leaves no
 * trace, so it may be repeated; the oldest keys are forgotten.
 */
import { isDeepStrictEqual } from 'node:util';
import { ProblemError } from '../errors.ts';

const REMEMBERED = 10_000;

type Entry<A> = { request: unknown; outcome: A | null };

export class IdempotencyKeys<A> {
  readonly #entries = new Map<string, Entry<A>>();

  /** Carries a request out once a key. */
  async once(
    key: string | undefined,
    request: unknown,
    execute: () => Promise<A>,
  ): Promise<{ outcome: A; replayed: boolean }> {
    if (key === undefined) return { outcome: await execute(), replayed: false };
    const known = this.#entries.get(key);
    if (known !== undefined) return { outcome: earlierOutcome(known, request), replayed: true };
    const entry: Entry<A> = { request, outcome: null };
    this.#remember(key, entry);
    try {
      entry.outcome = await execute();
      return { outcome: entry.outcome, replayed: false };
    } catch (error) {
      this.#entries.delete(key);
      throw error;
    }
  }

  clear(): void {
    this.#entries.clear();
  }

  #remember(key: string, entry: Entry<A>): void {
    const oldest = this.#entries.keys().next().value;
    if (this.#entries.size >= REMEMBERED && oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(key, entry);
  }
}

function earlierOutcome<A>({ request: first, outcome }: Entry<A>, request: unknown): A {
  if (!isDeepStrictEqual(first, request)) {
    throw new ProblemError('idempotency_mismatch', 'this Idempotency-Key was used with another body');
  }
  if (outcome === null)
    throw new ProblemError('idempotency_in_progress', 'the first request with this key is under way');
  return outcome;
}
