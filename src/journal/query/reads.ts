/**
 * Pulls: answers pages and streams. Readers that ask the same at the same place share one answer. What takes long walks
 * in slices between the appends; where a reader is at hand, it goes to that one's thread instead.
 */

import { KIND_GAP } from '../../records/chunk.ts';
import type { Read, ReadResult } from '../../schemas/reads.ts';
import type { Log } from '../log/log.ts';
import type { Reader } from '../reader/reader.ts';
import { logRangeOf } from './log-range.ts';
import { type QueryResult, QueryRunner } from './query-runner.ts';
import type { TimeSlicer } from './time-slicer.ts';

/** Answers kept for the next one who asks the same, and how large such a body may be. */
const SHARED = 32;
export const SHARED_BYTES = 65_536;

type Answer = { version: number | undefined; pulled: ReadResult };
type Parts = {
  slices: TimeSlicer;
  /** Commits what the ledger has gathered. */
  commit: () => void;
  /** Null where there is no file for another thread to read. */
  reader: Reader | null;
};

export class Reads {
  readonly #log: Log;
  readonly #walks: QueryRunner;
  readonly #reader: Reader | null;
  readonly #commit: () => void;
  readonly #answers = new Map<string, Answer>();

  constructor(log: Log, { slices, commit, reader }: Parts) {
    this.#log = log;
    this.#walks = new QueryRunner(log, slices);
    this.#reader = reader;
    this.#commit = commit;
  }

  /**
   * What a read asks for; the journal's ports are empty by now. Rejects with a JournalError.
   * @param key the request in text
   */
  async read(request: Read, key: string, signal: AbortSignal): Promise<ReadResult> {
    this.#freshen(request);
    const version = this.#versionOf(request);
    const shared = this.#answers.get(key);
    if (shared !== undefined && shared.version === version) return shared.pulled;
    const { pulled, served } = await this.#read(request, signal);
    if (request.peek !== true) this.#log.markAllServed(served);
    return request.export === undefined ? this.#share(key, { version, pulled }) : pulled;
  }

  /** The client of an export has gone. */
  endExport(id: number): void {
    this.#walks.exports.end(id);
    this.#reader?.endExport(id).catch(() => {});
  }

  /** A page is mostly there within a slice; an export never is, and it goes on with the writer it began with. */
  async #read(request: Read, signal: AbortSignal): Promise<QueryResult> {
    if (this.#reader === null) return this.#walks.run(request, signal);
    const goal = logRangeOf(this.#log, request.scope).tail;
    const isExport = request.format === 'ndjson' || request.format === 'pcapng';
    const atOnce = isExport ? undefined : this.#walks.tryWithinSlice(request);
    return atOnce ?? this.#reader.read(request, goal, signal);
  }

  /** Changes with whatever is to be seen of the scope. */
  #versionOf({ scope }: Read): number | undefined {
    return 'listener' in scope ? this.#log.histories.get(scope.listener)?.version : this.#log.version;
  }

  /** Lets the clock evict, and losses become visible, before the reader looks. */
  #freshen({ scope, filter }: Read): void {
    const seesGaps = ((filter.kinds ?? 0) & (1 << KIND_GAP)) !== 0;
    const { histories } = this.#log;
    const seen =
      'listener' in scope
        ? [histories.get(scope.listener)]
        : (scope.listeners?.map((n) => histories.get(n)) ?? histories.values());
    for (const history of seen) {
      if (history === undefined) continue;
      this.#log.refresh(history);
      if (seesGaps) this.#log.writeGap(history);
    }
    this.#commit();
  }

  /** Keeps a small answer for the next who asks the same. That of an export is nobody else's. */
  #share(key: string, answer: Answer): ReadResult {
    this.#answers.delete(key);
    if (answer.pulled.body.length > SHARED_BYTES) return answer.pulled;
    if (this.#answers.size >= SHARED) this.#answers.delete(this.#answers.keys().next().value!);
    this.#answers.set(key, answer);
    return answer.pulled;
  }
}
