/**
 * Waits: readers that are content with a number of matches. One that has read all there is goes to sleep and is looked
 * after as chunks are committed, so a wait costs nothing while nothing arrives. They stay on the journal thread, in
 * slices, also where a reader thread is at hand: from where a wait has read all there is to the next commit nothing may
 * slip through. One whose time is up answers once it has looked at all that had come by then, however late that is.
 */

import { NO_PAYLOAD } from '../../records/chunk.ts';
import type { NearMiss, Wait, WaitResult } from '../../schemas/reads.ts';
import { BEYOND, type Position, STALE } from '../cursor.ts';
import { encoderFor } from '../encode/encoders.ts';
import { readerGone } from '../journal-error.ts';
import type { Log } from '../log/log.ts';
import type { CommittedChunk } from '../log/transaction.ts';
import { located } from '../unforeseen.ts';
import { type LogRange, logRangeOf } from './log-range.ts';
import { nearMisses } from './near-misses.ts';
import { PendingWait } from './pending-wait.ts';
import { compileFilter } from './predicate.ts';
import { homeOf } from './read-scope.ts';
import { ResultCollector } from './result-collector.ts';
import { Scan } from './scan.ts';
import type { TimeSlicer } from './time-slicer.ts';
import { WaitIndexes } from './wait-indexes.ts';
import { WaitRoom } from './wait-room.ts';

export class Waits {
  readonly #log: Log;
  readonly #slices: TimeSlicer;
  readonly #indexes: WaitIndexes;
  readonly #all = new WaitRoom();

  constructor(log: Log, slices: TimeSlicer) {
    this.#log = log;
    this.#slices = slices;
    this.#indexes = new WaitIndexes(log, slices, {
      onContent: (wait) => this.#settle(wait, () => this.#answer(wait, [])),
      onError: (wait, error) => this.#fail(wait, error),
    });
  }

  get size(): number {
    return this.#all.size;
  }

  /** Resolves when the wait is content or ends otherwise; the journal's ports are empty by now. Throws or rejects with a JournalError. */
  wait(asked: Wait, signal: AbortSignal): Promise<WaitResult> {
    const request = { ...asked, filter: incomingByDefault(asked) };
    if (signal.aborted) return Promise.reject(readerGone());
    if (this.#isGone(request)) return Promise.resolve(nothingSeen(request, true));
    this.#all.checkRoom(request.scope);
    const wait = new PendingWait(request, this.#log.clock, () => this.#end(wait));
    this.#all.add(wait);
    signal.addEventListener('abort', () => this.#fail(wait, readerGone()), { once: true });
    this.#read(wait);
    return wait.answered;
  }

  /** Looks after the pending with what a commit made visible. */
  feed(fresh: readonly CommittedChunk[]): void {
    this.#indexes.feed(fresh);
  }

  /** The listener is gone: so are the waits on it. */
  gone(listener: number): void {
    for (const wait of this.#all.on(listener)) this.#settle(wait, () => this.#answer(wait, [], true));
  }

  /** The listener serves no more: nothing more can come, its waits end with what there is. */
  completed(listener: number): void {
    for (const wait of this.#all.on(listener)) this.#end(wait);
  }

  /** Ends all at once, with what they have seen. */
  endAll(): void {
    for (const wait of this.#all.everyone()) this.#settle(wait, () => this.#answer(wait, []));
  }

  #isGone({ scope }: Wait): boolean {
    return 'listener' in scope && !this.#log.histories.has(scope.listener);
  }

  /** Reads what is there already; then it goes to sleep, unless that was enough or nothing more can come. */
  #read(wait: PendingWait): void {
    this.#slices.run((deadline) => this.#readOn(wait, deadline), homeOf(wait.request.scope), 'waits');
  }

  #readOn(wait: PendingWait, deadline: number): boolean {
    if (!this.#all.has(wait)) return true;
    try {
      if (!wait.hasBegun) this.#begin(wait);
      const { scan, goal } = wait;
      if (!scan.step(deadline, goal ?? scan.range.tail)) return false;
      if (scan.results.done) this.#settle(wait, () => this.#answer(wait, []));
      else if (wait.isEnding) this.#settle(wait, () => this.#answer(wait, this.#nearMisses(wait)));
      else this.#indexes.add(wait);
    } catch (error) {
      this.#fail(wait, error);
    }
    return true;
  }

  #begin(wait: PendingWait): void {
    const { request } = wait;
    const range = logRangeOf(this.#log, request.scope);
    const predicate = this.#indexes.like(wait)?.scan.predicate ?? compileFilter(request.filter);
    const bounds = { limit: request.limit, maxBytes: request.maxBytes, wanted: request.count };
    const results = new ResultCollector(encoderFor(request.format, request.payload), bounds);
    if (this.#isCompleted(request)) wait.beginEnd();
    wait.begin(new Scan(this.#log, request, { range, predicate, results }));
  }

  #isCompleted({ scope }: Wait): boolean {
    return 'listener' in scope && this.#log.histories.get(scope.listener)?.completed === true;
  }

  /** It reads what there is by now, and answers. */
  #end(wait: PendingWait): void {
    if (!wait.beginEnd() || !this.#indexes.delete(wait)) return;
    this.#read(wait);
  }

  #settle(wait: PendingWait, answer: () => WaitResult): void {
    if (!this.#leave(wait)) return;
    try {
      wait.resolve(answer());
    } catch (error) {
      wait.reject(wait.hasBegun ? located(error, wait.scan.where) : error);
    }
  }

  #fail(wait: PendingWait, error: unknown): void {
    if (this.#leave(wait)) wait.reject(wait.hasBegun ? located(error, wait.scan.where) : error);
  }

  /** False when it had left before. */
  #leave(wait: PendingWait): boolean {
    wait.stopClock();
    this.#indexes.delete(wait);
    return this.#all.delete(wait);
  }

  #nearMisses({ scan, request }: PendingWait): NearMiss[] {
    const { range, predicate } = scan;
    const after = placeOf(range, request.after);
    return nearMisses(this.#log, { range, predicate, after, direction: request.filter.direction });
  }

  #answer(wait: PendingWait, misses: NearMiss[], gone = false): WaitResult {
    if (!wait.hasBegun) return nothingSeen(wait.request, gone);
    const { results } = wait.scan;
    if (wait.request.peek !== true) this.#log.markAllServed(results.served);
    const { matched, done } = results;
    return { ...wait.scan.answer(), satisfied: done, matched, nearMisses: misses, gone };
  }
}

/** Beyond which place it waited. With a cursor of an earlier life, that is all there is. */
function placeOf(range: LogRange, after: string | null): Position {
  const position = after === null ? STALE : range.parse(after);
  return position === STALE ? range.floor : (position ?? BEYOND);
}

/** What a wait gets that has not looked at anything, as when its listener was deleted before it came. */
function nothingSeen({ after }: Wait, gone: boolean): WaitResult {
  const nothing = { body: NO_PAYLOAD, items: 0, messages: 0, next: after ?? '0', hasMore: false };
  return { ...nothing, satisfied: false, matched: 0, nearMisses: [], gone };
}

/** A wait is for `in` messages unless it says otherwise. */
function incomingByDefault({ filter }: Wait): Wait['filter'] {
  return filter.direction === undefined && filter.kinds === undefined ? { ...filter, direction: 'in' } : filter;
}
