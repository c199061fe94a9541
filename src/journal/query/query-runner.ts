/** Walks: goes through a view of the journal for pulls, in slices, up to what is there when a walk begins. */

import type { Caller } from '../../rpc/caller.ts';
import type { Place } from '../cursor.ts';
import { encoderOf } from '../encode/encoder.ts';
import { RunningExports } from '../encode/pcapng-exports.ts';
import type { Pull, Pulled } from '../journal.ts';
import { JournalError } from '../journal-error.ts';
import type { View } from '../log/view.ts';
import { located } from '../unforeseen.ts';
import { homeOf } from './home.ts';
import { trackOf } from './log-range.ts';
import { compileFilter } from './predicate.ts';
import { Harvest } from './result-collector.ts';
import { Scan } from './scan.ts';
import type { Slices } from './time-slicer.ts';

/** An answer, and the highest seq it gives out, by listener. */
export type Walked = { pulled: Pulled; served: ReadonlyMap<number, number> };

/** Looks at the view while that keeps still. */
export type Still = <T>(look: () => T) => T;

export class Walks {
  readonly exports = new RunningExports();
  readonly #view: View;
  readonly #slices: Slices;
  readonly #still: Still;

  /** @param still how a slice looks at a view that is another between two slices */
  constructor(view: View, slices: Slices, still: Still = (look) => look()) {
    this.#view = view;
    this.#slices = slices;
    this.#still = still;
  }

  /**
   * Goes all the way. Rejects with a JournalError.
   * @param goal the end of what may be looked at; without it, of what there is
   */
  walk(request: Pull, caller: Caller, goal?: Place): Promise<Walked> {
    const { promise, resolve, reject } = Promise.withResolvers<Walked>();
    let scan: Scan | undefined;
    const slice = (deadline: number): boolean => {
      if (caller.gone) throw new JournalError('aborted', 'the reader has gone');
      scan ??= this.#scan(request, goal);
      if (!scan.step(deadline)) return false;
      resolve(this.#answer(request, scan));
      return true;
    };
    const walk = (deadline: number) => {
      try {
        return this.#still(() => slice(deadline));
      } catch (error) {
        reject(scan === undefined ? error : located(error, scan.where));
        return true;
      }
    };
    this.#slices.run(walk, homeOf(request.scope));
    return promise;
  }

  /** What can be answered at once; undefined when that takes more than a slice. Not for exports. */
  glance(request: Pull): Walked | undefined {
    const scan = this.#scan(request);
    try {
      return scan.step(this.#slices.deadline()) ? this.#answer(request, scan) : undefined;
    } catch (error) {
      throw located(error, scan.where);
    }
  }

  #scan(request: Pull, goal?: Place): Scan {
    const track = trackOf(this.#view, request.scope);
    const predicate = compileFilter(request.filter);
    const harvest = new Harvest(encoderOf(request, this.exports), request);
    return new Scan(this.#view, request, { track, predicate, harvest, ...(goal && { goal }) });
  }

  #answer(request: Pull, scan: Scan): Walked {
    const pulled = scan.answer();
    const { served } = scan.harvest;
    if (request.export === undefined) return { pulled, served };
    return { pulled: this.exports.answered(request.export.id, pulled), served };
  }
}
