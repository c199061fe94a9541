/**
 * Pulls: answers pages and streams. Readers that ask the same at the same place share one answer. What takes long walks
 * in slices between the appends; where a reader is at hand, it goes to that one's thread instead.
 */

import { KIND_GAP } from '../../records/chunk.ts';
import type { Caller } from '../../rpc/caller.ts';
import type { Pull, Pulled } from '../journal.ts';
import type { Ledger } from '../log/log.ts';
import type { Reader } from '../reader/reader.ts';
import { trackOf } from './log-range.ts';
import { type Walked, Walks } from './query-runner.ts';
import type { Slices } from './time-slicer.ts';

/** Answers kept for the next one who asks the same, and how large such a body may be. */
const SHARED = 32;
export const SHARED_BYTES = 65_536;

type Answer = { version: number | undefined; pulled: Pulled };
type Parts = {
  slices: Slices;
  /** Commits what the ledger has gathered. */
  commit: () => void;
  /** Null where there is no file for another thread to read. */
  reader: Reader | null;
};

export class Pulls {
  readonly #ledger: Ledger;
  readonly #walks: Walks;
  readonly #reader: Reader | null;
  readonly #commit: () => void;
  readonly #answers = new Map<string, Answer>();

  constructor(ledger: Ledger, { slices, commit, reader }: Parts) {
    this.#ledger = ledger;
    this.#walks = new Walks(ledger, slices);
    this.#reader = reader;
    this.#commit = commit;
  }

  /**
   * Answers a pull; the journal's ports are empty by now. Rejects with a JournalError.
   * @param key the request in text
   */
  async pull(request: Pull, key: string, caller: Caller): Promise<Pulled> {
    this.#freshen(request);
    const version = this.#versionOf(request);
    const shared = this.#answers.get(key);
    if (shared !== undefined && shared.version === version) return shared.pulled;
    const { pulled, served } = await this.#read(request, caller);
    if (request.peek !== true) this.#ledger.markAllServed(served);
    return request.export === undefined ? this.#share(key, { version, pulled }) : pulled;
  }

  /** The client of an export has gone. */
  endExport(id: number): void {
    this.#walks.exports.end(id);
    this.#reader?.endExport(id);
  }

  /** A page is mostly there within a slice; an export never is, and it goes on with the writer it began with. */
  async #read(request: Pull, caller: Caller): Promise<Walked> {
    if (this.#reader === null) return this.#walks.walk(request, caller);
    const goal = trackOf(this.#ledger, request.scope).tail;
    const isExport = request.format === 'ndjson' || request.format === 'pcapng';
    const atOnce = isExport ? undefined : this.#walks.glance(request);
    return atOnce ?? this.#reader.walk(request, goal, caller);
  }

  /** Changes with whatever is to be seen of the scope. */
  #versionOf({ scope }: Pull): number | undefined {
    return 'listener' in scope ? this.#ledger.books.get(scope.listener)?.version : this.#ledger.version;
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
