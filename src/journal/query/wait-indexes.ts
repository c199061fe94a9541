/** The waits that sleep, by listener, and who looks at what was committed for them: in slices, index by index. */

import type { Log } from '../log/log.ts';
import type { CommittedChunk } from '../log/transaction.ts';
import type { PendingWait } from './pending-wait.ts';
import { ALL, homeOf } from './read-scope.ts';
import type { TimeSlicer } from './time-slicer.ts';
import { WaitIndex } from './wait-index.ts';
import { type WaitEvents, WaitScan } from './wait-scan.ts';

type Known = { index: WaitIndex; walk: WaitScan };

export class WaitIndexes {
  readonly #log: Log;
  readonly #slices: TimeSlicer;
  readonly #events: WaitEvents;
  readonly #indexes = new Map<number, Known>();

  constructor(log: Log, slices: TimeSlicer, events: WaitEvents) {
    this.#log = log;
    this.#slices = slices;
    this.#events = events;
  }

  /** Takes a wait that has read all there is. */
  add(wait: PendingWait): void {
    const home = homeOf(wait.request.scope);
    const { index } = this.#indexes.get(home) ?? this.#open(home, wait);
    index.add(wait);
  }

  /** Lets a wait go, which then knows how far it was looked at for it. False when it does not sleep. */
  delete(wait: PendingWait): boolean {
    const home = homeOf(wait.request.scope);
    const index = this.#indexes.get(home)?.index;
    if (index?.delete(wait) !== true) return false;
    wait.scan.skipTo(index.position);
    if (index.isEmpty) this.#indexes.delete(home);
    return true;
  }

  /** A sleeper that asks the same. */
  like({ request, key }: PendingWait): PendingWait | undefined {
    return this.#indexes.get(homeOf(request.scope))?.index.like(key);
  }

  /** Has a look at what a commit made visible, for those whom it concerns. */
  feed(fresh: readonly CommittedChunk[]): void {
    if (this.#indexes.size === 0) return;
    for (const { history } of fresh) this.#wake(history.listener.number);
    if (fresh.length > 0) this.#wake(ALL);
  }

  #open(home: number, { scan: { range } }: PendingWait): Known {
    const index = new WaitIndex(range.tail);
    const known = { index, walk: new WaitScan(this.#log, range, index, this.#events) };
    this.#indexes.set(home, known);
    return known;
  }

  #wake(home: number): void {
    const known = this.#indexes.get(home);
    if (known === undefined || known.index.isLooking) return;
    known.index.isLooking = true;
    this.#slices.run((deadline) => this.#look(known, deadline), home, 'waits');
  }

  #look({ index, walk }: Known, deadline: number): boolean {
    try {
      if (!walk.step(deadline)) return false;
    } catch (error) {
      for (const wait of index.pending) this.#events.onError(wait, error);
    }
    index.isLooking = false;
    return true;
  }
}
