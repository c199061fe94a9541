/** The waits that sleep, by listener, and who looks at what was committed for them: in slices, ward by ward. */

import type { Ledger } from '../log/log.ts';
import type { Fresh } from '../log/transaction.ts';
import { ALL, homeOf } from './home.ts';
import type { Sleeper } from './sleeper.ts';
import type { Slices } from './time-slicer.ts';
import { Ward } from './ward.ts';
import { type Told, WardWalk } from './ward-walk.ts';

type Known = { ward: Ward; walk: WardWalk };

export class Wards {
  readonly #ledger: Ledger;
  readonly #slices: Slices;
  readonly #told: Told;
  readonly #wards = new Map<number, Known>();

  constructor(ledger: Ledger, slices: Slices, told: Told) {
    this.#ledger = ledger;
    this.#slices = slices;
    this.#told = told;
  }

  /** Takes a wait that has read all there is. */
  add(sleeper: Sleeper): void {
    const home = homeOf(sleeper.request.scope);
    const { ward } = this.#wards.get(home) ?? this.#open(home, sleeper);
    ward.add(sleeper);
  }

  /** Lets a wait go, which then knows how far it was looked at for it. False when it does not sleep. */
  delete(sleeper: Sleeper): boolean {
    const home = homeOf(sleeper.request.scope);
    const ward = this.#wards.get(home)?.ward;
    if (ward?.delete(sleeper) !== true) return false;
    sleeper.scan.skipTo(ward.place);
    if (ward.isEmpty) this.#wards.delete(home);
    return true;
  }

  /** A sleeper that asks the same. */
  like({ request, key }: Sleeper): Sleeper | undefined {
    return this.#wards.get(homeOf(request.scope))?.ward.like(key);
  }

  /** Has a look at what a commit made visible, for those whom it concerns. */
  feed(fresh: readonly Fresh[]): void {
    if (this.#wards.size === 0) return;
    for (const { book } of fresh) this.#wake(book.listener.number);
    if (fresh.length > 0) this.#wake(ALL);
  }

  #open(home: number, { scan: { track } }: Sleeper): Known {
    const ward = new Ward(track.tail);
    const known = { ward, walk: new WardWalk(this.#ledger, track, ward, this.#told) };
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
      for (const sleeper of ward.sleepers) this.#told.onError(sleeper, error);
    }
    ward.isLooking = false;
    return true;
  }
}
