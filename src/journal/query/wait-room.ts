import type { ReadScope } from '../../schemas/reads.ts';
import { JournalError } from '../journal-error.ts';
import type { PendingWait } from './pending-wait.ts';
import { homeOf } from './read-scope.ts';
import { WAITS_A_LISTENER, WAITS_IN_ALL } from './wait-limits.ts';

export class WaitRoom {
  readonly #byHome = new Map<number, Set<PendingWait>>();
  size = 0;

  /** Throws JournalError `limit_reached`. */
  checkRoom(scope: ReadScope): void {
    const beside = this.#byHome.get(homeOf(scope))?.size ?? 0;
    const where = 'listener' in scope ? 'on this listener' : 'over more than one listener';
    if (beside >= WAITS_A_LISTENER) throw full(`${WAITS_A_LISTENER} waits ${where}`);
    if (this.size >= WAITS_IN_ALL) throw full(`${WAITS_IN_ALL} waits`);
  }

  add(wait: PendingWait): void {
    const home = homeOf(wait.request.scope);
    const there = this.#byHome.get(home) ?? new Set();
    this.#byHome.set(home, there.add(wait));
    this.size++;
  }

  has(wait: PendingWait): boolean {
    return this.#byHome.get(homeOf(wait.request.scope))?.has(wait) === true;
  }

  /** False when it had left before. */
  delete(wait: PendingWait): boolean {
    const home = homeOf(wait.request.scope);
    const there = this.#byHome.get(home);
    if (there?.delete(wait) !== true) return false;
    if (there.size === 0) this.#byHome.delete(home);
    this.size--;
    return true;
  }

  on(listener: number): PendingWait[] {
    return [...(this.#byHome.get(listener) ?? [])];
  }

  everyone(): PendingWait[] {
    return [...this.#byHome.values()].flatMap((there) => [...there]);
  }
}

function full(what: string): JournalError {
  return new JournalError('limit_reached', `there are ${what} already; let some end, or follow the listener's stream`);
}
