/** One wait: what it asks, how far it has read, and who is to be answered. */

import type { Clock } from '../../clock/clock.ts';
import type { Wait, WaitResult } from '../../schemas/reads.ts';
import type { Position } from '../cursor.ts';
import type { Scan } from './scan.ts';

export class PendingWait {
  readonly request: Wait;
  /** What it asks, in text: those alike share a predicate. */
  readonly key: string;
  /** It answers when it has looked at what there is. */
  isEnding = false;
  /** What there was when it began to end. */
  goal: Position | undefined;
  readonly answered: Promise<WaitResult>;
  readonly resolve: (answer: WaitResult) => void;
  readonly reject: (error: unknown) => void;
  #scan: Scan | undefined;
  readonly stopClock: () => void;

  /** @param onTime called when its time is up */
  constructor(request: Wait, clock: Clock, onTime: (wait: PendingWait) => void) {
    const { promise, resolve, reject } = Promise.withResolvers<WaitResult>();
    this.request = request;
    this.key = JSON.stringify([request.scope, request.filter]);
    this.answered = promise;
    this.resolve = resolve;
    this.reject = reject;
    this.stopClock = clock.after(request.timeout, () => onTime(this));
  }

  get hasBegun(): boolean {
    return this.#scan !== undefined;
  }

  /** How far it has read. Only once it has begun. */
  get scan(): Scan {
    return this.#scan!;
  }

  begin(scan: Scan): void {
    this.#scan = scan;
    if (this.isEnding) this.goal = scan.range.tail;
  }

  /** Its time is up, or nothing more can come. False when that was so before. */
  beginEnd(): boolean {
    if (this.isEnding) return false;
    this.isEnding = true;
    this.goal = this.#scan?.range.tail;
    return true;
  }
}
