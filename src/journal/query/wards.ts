/** The waits that sleep, by listener, and who looks at what was committed for them: in slices, ward by ward. */

import type { Log } from '../log/log.ts';
import type { CommittedChunk } from '../log/transaction.ts';
import { ALL, homeOf } from './home.ts';
import type { PendingWait } from './pending-wait.ts';
import type { TimeSlicer } from './time-slicer.ts';
import { WaitIndex } from './wait-index.ts';
import { type Told, WardWalk } from './ward-walk.ts';

type Known = { ward: WaitIndex; walk: WardWalk };

export class Wards {
  readonly #log: Log;
  readonly #slices: TimeSlicer;
  readonly #told: Told;
  readonly #wards = new Map<number, Known>();

  constructor(log: Log, slices: TimeSlicer, told: Told) {
    this.#log = log;
    this.#slices = slices;
    this.#told = told;
  }

  /** Takes a wait that has read all there is. */
  add(wait: PendingWait): void {
    const home = homeOf(wait.request.scope);
    const { ward } = this.#wards.get(home) ?? this.#open(home, wait);
    ward.add(wait);
  }

  /** Lets a wait go, which then knows how far it was looked at for it. False when it does not sleep. */
  delete(wait: PendingWait): boolean {
    const home = homeOf(wait.request.scope);
    const ward = this.#wards.get(home)?.ward;
    if (ward?.delete(wait) !== true) return false;
    wait.scan.skipTo(ward.place);
    if (ward.isEmpty) this.#wards.delete(home);
    return true;
  }

  /** A sleeper that asks the same. */
  like({ request, key }: PendingWait): PendingWait | undefined {
    return this.#wards.get(homeOf(request.scope))?.ward.like(key);
  }

  /** Has a look at what a commit made visible, for those whom it concerns. */
  feed(fresh: readonly CommittedChunk[]): void {
    if (this.#wards.size === 0) return;
    for (const { history } of fresh) this.#wake(history.listener.number);
    if (fresh.length > 0) this.#wake(ALL);
  }

  #open(home: number, { scan: { range } }: PendingWait): Known {
    const ward = new WaitIndex(range.tail);
    const known = { ward, walk: new WardWalk(this.#log, range, ward, this.#told) };
    this.#wards.set(home, known);
    return known;
  }

  #wake(home: number): void {
    const known = this.#wards.get(home);
    if (known === undefined || known.ward.isLooking) return;
    known.ward.isLooking = true;
    this.#slices.run((deadline) => this.#look(known, deadline), home, 'waits');
  }

  #look({ ward, walk }: Known, deadline: number): boolean {
    try {
      if (!walk.step(deadline)) return false;
    } catch (error) {
      for (const wait of ward.sleepers) this.#told.onError(wait, error);
    }
    ward.isLooking = false;
    return true;
  }
}
