/** Pulls: answers pages and streams. Readers that ask the same at the same place share one answer. */

import { KIND_GAP } from '../chunk.ts';
import { encoderOf } from '../encode/encoder.ts';
import { RunningExports } from '../export/running.ts';
import type { Pull, Pulled } from '../journal.ts';
import { JournalError } from '../journalError.ts';
import type { Ledger } from '../ledger.ts';
import type { Caller } from './caller.ts';
import { Harvest } from './harvest.ts';
import { compileFilter } from './predicate.ts';
import { Scan } from './scan.ts';
import type { Slices } from './slices.ts';
import { type Track, trackOf } from './track.ts';

/** Answers kept for the next one who asks the same, and how large such a body may be. */
const SHARED = 32;
export const SHARED_BYTES = 65_536;

type Answer = { version: number; pulled: Pulled };

export class Pulls {
  readonly exports = new RunningExports();
  readonly #ledger: Ledger;
  readonly #slices: Slices;
  readonly #commit: () => void;
  readonly #answers = new Map<string, Answer>();

  /** @param commit commits what the ledger has gathered */
  constructor(ledger: Ledger, slices: Slices, commit: () => void) {
    this.#ledger = ledger;
    this.#slices = slices;
    this.#commit = commit;
  }

  /**
   * Answers a pull; the journal's ports are empty by now. Rejects with a JournalError.
   * @param key the request in text
   */
  async pull(request: Pull, key: string, caller: Caller): Promise<Pulled> {
    this.#freshen(request);
    const track = trackOf(this.#ledger, request.scope);
    const { version } = track;
    const shared = this.#answers.get(key);
    if (shared?.version === version) return shared.pulled;
    const pulled = await this.#walk(this.#scan(request, track), caller);
    return request.export === undefined
      ? this.#share(key, { version, pulled })
      : this.exports.answered(request.export.id, pulled);
  }

  #scan(request: Pull, track: Track): Scan {
    const predicate = compileFilter(request.filter);
    const harvest = new Harvest(encoderOf(request, this.exports), request);
    return new Scan(this.#ledger, request, { track, predicate, harvest });
  }

  /** Up to what is there now. */
  #walk(scan: Scan, caller: Caller): Promise<Pulled> {
    const { promise, resolve, reject } = Promise.withResolvers<Pulled>();
    const goal = scan.track.tail;
    this.#slices.run((deadline) => {
      if (caller.gone) reject(new JournalError('aborted', 'the reader has gone'));
      else if (!scan.step(deadline, goal)) return false;
      else resolve(scan.answer());
      return true;
    });
    return promise;
  }

  /** Lets the clock evict, and losses become visible, before the reader looks. */
  #freshen({ scope, filter }: Pull): void {
    const seesGaps = ((filter.kinds ?? 0) & (1 << KIND_GAP)) !== 0;
    const { books } = this.#ledger;
    const seen =
      'listener' in scope ? [books.get(scope.listener)] : (scope.listeners?.map((n) => books.get(n)) ?? books.values());
    for (const book of seen) {
      if (book === undefined) continue;
      this.#ledger.refresh(book);
      if (seesGaps) this.#ledger.writeGap(book);
    }
    this.#commit();
  }

  /** Keeps a small answer for the next who asks the same. That of an export is nobody else's. */
  #share(key: string, answer: Answer): Pulled {
    this.#answers.delete(key);
    if (answer.pulled.body.length > SHARED_BYTES) return answer.pulled;
    if (this.#answers.size >= SHARED) this.#answers.delete(this.#answers.keys().next().value!);
    this.#answers.set(key, answer);
    return answer.pulled;
  }
}
