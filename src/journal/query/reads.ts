/**
 * Reads: pages and steps of streams. Readers that ask the same at the same position share one result. What takes long walks
 * in slices between the appends; where a reader is at hand, it goes to that one's thread instead.
 */

import { KIND_GAP } from '../../records/chunk.ts';
import type { Read, ReadResult } from '../../schemas/reads.ts';
import type { Log } from '../log/log.ts';
import type { Reader } from '../reader/reader.ts';
import { logRangeOf } from './log-range.ts';
import { type QueryResult, QueryRunner } from './query-runner.ts';
import type { TimeSlicer } from './time-slicer.ts';

/** Results kept for the next one who asks the same, and how large such a body may be. */
const SHARED = 32;
export const SHARED_BYTES = 65_536;

type SharedResult = { version: number | undefined; result: ReadResult };
type Parts = {
  slices: TimeSlicer;
  /** Commits what the log has gathered. */
  commit: () => void;
  /** Null where there is no file for another thread to read. */
  reader: Reader | null;
};

export class Reads {
  readonly #log: Log;
  readonly #runner: QueryRunner;
  readonly #reader: Reader | null;
  readonly #commit: () => void;
  readonly #shared = new Map<string, SharedResult>();

  constructor(log: Log, { slices, commit, reader }: Parts) {
    this.#log = log;
    this.#runner = new QueryRunner(log, slices);
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
    const shared = this.#shared.get(key);
    if (shared !== undefined && shared.version === version) return shared.result;
    const { result, served } = await this.#read(request, signal);
    if (request.peek !== true) this.#log.markAllServed(served);
    return request.export === undefined ? this.#share(key, { version, result }) : result;
  }

  /** The client of an export has gone. */
  endExport(id: number): void {
    this.#runner.exports.end(id);
    this.#reader?.endExport(id).catch(() => {});
  }

  /** A page is mostly there within a slice; an export never is, and it goes on with the writer it began with. */
  async #read(request: Read, signal: AbortSignal): Promise<QueryResult> {
    if (this.#reader === null) return this.#runner.run(request, signal);
    const goal = logRangeOf(this.#log, request.scope).tail;
    const isExport = request.format === 'ndjson' || request.format === 'pcapng';
    const atOnce = isExport ? undefined : this.#runner.tryWithinSlice(request);
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

  /** Keeps a small result for the next who asks the same. That of an export is nobody else's. */
  #share(key: string, one: SharedResult): ReadResult {
    this.#shared.delete(key);
    if (one.result.body.length > SHARED_BYTES) return one.result;
    if (this.#shared.size >= SHARED) this.#shared.delete(this.#shared.keys().next().value!);
    this.#shared.set(key, one);
    return one.result;
  }
}
