/** QueryRunner: goes through a view of the journal for reads, in slices, up to what is there when a read begins. */

import type { Read, ReadResult } from '../../schemas/reads.ts';
import type { Position } from '../cursor.ts';
import { encoderOf } from '../encode/encoders.ts';
import { RunningExports } from '../encode/pcapng-exports.ts';
import { readerGone } from '../journal-error.ts';
import type { View } from '../log/view.ts';
import { located } from '../unforeseen.ts';
import { logRangeOf } from './log-range.ts';
import { compileFilter } from './predicate.ts';
import { homeOf } from './read-scope.ts';
import { ResultCollector } from './result-collector.ts';
import { Scan } from './scan.ts';
import type { TimeSlicer } from './time-slicer.ts';

/** An answer, and the highest seq it gives out, by listener. */
export type QueryResult = { result: ReadResult; served: ReadonlyMap<number, number> };

/** Runs `look` inside one read transaction, so rows and history state are consistent. */
export type WithSnapshot = <T>(look: () => T) => T;

export class QueryRunner {
  readonly exports = new RunningExports();
  readonly #view: View;
  readonly #slices: TimeSlicer;
  readonly #withSnapshot: WithSnapshot;

  /** @param withSnapshot runs a slice, where the view may be another between two slices */
  constructor(view: View, slices: TimeSlicer, withSnapshot: WithSnapshot = (look) => look()) {
    this.#view = view;
    this.#slices = slices;
    this.#withSnapshot = withSnapshot;
  }

  /**
   * Goes all the way. Rejects with a JournalError.
   * @param goal the end of what may be looked at; without it, of what there is
   */
  run(request: Read, signal: AbortSignal, goal?: Position): Promise<QueryResult> {
    const { promise, resolve, reject } = Promise.withResolvers<QueryResult>();
    let scan: Scan | undefined;
    const slice = (deadline: number): boolean => {
      if (signal.aborted) throw readerGone();
      scan ??= this.#scan(request, goal);
      if (!scan.step(deadline)) return false;
      resolve(this.#answer(request, scan));
      return true;
    };
    const run = (deadline: number) => {
      try {
        return this.#withSnapshot(() => slice(deadline));
      } catch (error) {
        reject(scan === undefined ? error : located(error, scan.where));
        return true;
      }
    };
    this.#slices.run(run, homeOf(request.scope));
    return promise;
  }

  /** What can be answered at once; undefined when that takes more than a slice. Not for exports. */
  tryWithinSlice(request: Read): QueryResult | undefined {
    const scan = this.#scan(request);
    try {
      return scan.step(this.#slices.deadline()) ? this.#answer(request, scan) : undefined;
    } catch (error) {
      throw located(error, scan.where);
    }
  }

  #scan(request: Read, goal?: Position): Scan {
    const range = logRangeOf(this.#view, request.scope);
    const predicate = compileFilter(request.filter);
    const results = new ResultCollector(encoderOf(request, this.exports), request);
    return new Scan(this.#view, request, { range, predicate, results, ...(goal && { goal }) });
  }

  #answer(request: Read, scan: Scan): QueryResult {
    const result = scan.answer();
    const { served } = scan.results;
    if (request.export === undefined) return { result, served };
    return { result: this.exports.answered(request.export.id, result), served };
  }
}
