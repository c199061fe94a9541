/**
 * Waits: readers that are content with a number of matches. One that has read all there is goes to sleep and is looked
 * after as chunks are committed, so a wait costs nothing while nothing arrives. They stay on the journal thread, in
 * slices, also where a reader thread is at hand: from where a wait has read all there is to the next commit nothing may
 * slip through. One whose time is up answers once it has looked at all that had come by then, however late that is.
 */

import { NO_PAYLOAD } from '../../records/chunk.ts';
import type { Caller } from '../../rpc/caller.ts';
import { BEYOND, type Place, STALE } from '../cursor.ts';
import { encoderFor } from '../encode/encoder.ts';
import type { NearMiss, Wait, Waited } from '../journal.ts';
import { JournalError } from '../journal-error.ts';
import type { Ledger } from '../log/log.ts';
import type { Fresh } from '../log/transaction.ts';
import { located } from '../unforeseen.ts';
import { homeOf } from './home.ts';
import { type Track, trackOf } from './log-range.ts';
import { nearMisses } from './near-misses.ts';
import { compileFilter } from './predicate.ts';
import { Harvest } from './result-collector.ts';
import { Scan } from './scan.ts';
import { Sleeper } from './sleeper.ts';
import type { Slices } from './time-slicer.ts';
import { WaitRoom } from './wait-room.ts';
import { Wards } from './wards.ts';

export class Waits {
  readonly #ledger: Ledger;
  readonly #slices: Slices;
  readonly #wards: Wards;
  readonly #all = new WaitRoom();

  constructor(ledger: Ledger, slices: Slices) {
    this.#ledger = ledger;
    this.#slices = slices;
    this.#wards = new Wards(ledger, slices, {
      onContent: (sleeper) => this.#settle(sleeper, () => this.#answer(sleeper, [])),
      onError: (sleeper, error) => this.#fail(sleeper, error),
    });
  }

  get size(): number {
    return this.#all.size;
  }

  /** Answers when the wait is content or ends otherwise; the journal's ports are empty by now. Throws or rejects with a JournalError. */
  wait(asked: Wait, caller: Caller): Promise<Waited> {
    const request = { ...asked, filter: incomingByDefault(asked) };
    if (this.#isGone(request)) return Promise.resolve(nothingSeen(request, true));
    this.#all.checkRoom(request.scope);
    const sleeper = new Sleeper(request, () => this.#end(sleeper));
    this.#all.add(sleeper);
    caller.onLeave(() => this.#fail(sleeper, new JournalError('aborted', 'the reader has gone')));
    this.#read(sleeper);
    return sleeper.answered;
  }

  /** Looks after the sleepers with what a commit made visible. */
  feed(fresh: readonly Fresh[]): void {
    this.#wards.feed(fresh);
  }

  /** The listener is gone: so are the waits on it. */
  gone(listener: number): void {
    for (const sleeper of this.#all.on(listener)) this.#settle(sleeper, () => this.#answer(sleeper, [], true));
  }

  /** The listener serves no more: nothing more can come, its waits end with what there is. */
  completed(listener: number): void {
    for (const sleeper of this.#all.on(listener)) this.#end(sleeper);
  }

  /** Ends all at once, with what they have seen. */
  endAll(): void {
    for (const sleeper of this.#all.everyone()) this.#settle(sleeper, () => this.#answer(sleeper, []));
  }

  #isGone({ scope }: Wait): boolean {
    return 'listener' in scope && !this.#ledger.books.has(scope.listener);
  }

  /** Reads what is there already; then it goes to sleep, unless that was enough or nothing more can come. */
  #read(sleeper: Sleeper): void {
    this.#slices.run((deadline) => this.#readOn(sleeper, deadline), homeOf(sleeper.request.scope), 'waits');
  }

  #readOn(sleeper: Sleeper, deadline: number): boolean {
    if (!this.#all.has(sleeper)) return true;
    try {
      if (!sleeper.hasBegun) this.#begin(sleeper);
      const { scan, goal } = sleeper;
      if (!scan.step(deadline, goal ?? scan.track.tail)) return false;
      if (scan.harvest.done) this.#settle(sleeper, () => this.#answer(sleeper, []));
      else if (sleeper.isEnding) this.#settle(sleeper, () => this.#answer(sleeper, this.#nearMisses(sleeper)));
      else this.#wards.add(sleeper);
    } catch (error) {
      this.#fail(sleeper, error);
    }
    return true;
  }

  #begin(sleeper: Sleeper): void {
    const { request } = sleeper;
    const track = trackOf(this.#ledger, request.scope);
    const predicate = this.#wards.like(sleeper)?.scan.predicate ?? compileFilter(request.filter);
    const bounds = { limit: request.limit, maxBytes: request.maxBytes, wanted: request.count };
    const harvest = new Harvest(encoderFor(request.format, request.payload), bounds);
    if (this.#isCompleted(request)) sleeper.beginEnd();
    sleeper.begin(new Scan(this.#ledger, request, { track, predicate, harvest }));
  }

  #isCompleted({ scope }: Wait): boolean {
    return 'listener' in scope && this.#ledger.books.get(scope.listener)?.completed === true;
  }

  /** It reads what there is by now, and answers. */
  #end(sleeper: Sleeper): void {
    if (!sleeper.beginEnd() || !this.#wards.delete(sleeper)) return;
    this.#read(sleeper);
  }

  #settle(sleeper: Sleeper, answer: () => Waited): void {
    if (!this.#leave(sleeper)) return;
    try {
      sleeper.resolve(answer());
    } catch (error) {
      sleeper.reject(sleeper.hasBegun ? located(error, sleeper.scan.where) : error);
    }
  }

  #fail(sleeper: Sleeper, error: unknown): void {
    if (this.#leave(sleeper)) sleeper.reject(sleeper.hasBegun ? located(error, sleeper.scan.where) : error);
  }

  /** False when it had left before. */
  #leave(sleeper: Sleeper): boolean {
    sleeper.stopClock();
    this.#wards.delete(sleeper);
    return this.#all.delete(sleeper);
  }

  #nearMisses({ scan, request }: Sleeper): NearMiss[] {
    const { track, predicate } = scan;
    const after = placeOf(track, request.after);
    return nearMisses(this.#ledger, { track, predicate, after, direction: request.filter.direction });
  }

  #answer(sleeper: Sleeper, misses: NearMiss[], gone = false): Waited {
    if (!sleeper.hasBegun) return nothingSeen(sleeper.request, gone);
    const { harvest } = sleeper.scan;
    if (sleeper.request.peek !== true) this.#ledger.markAllServed(harvest.served);
    const { matched, done } = harvest;
    return { ...sleeper.scan.answer(), satisfied: done, matched, nearMisses: misses, gone };
  }
}

/** Beyond which place it waited. With a cursor of an earlier life, that is all there is. */
function placeOf(track: Track, after: string | null): Place {
  const place = after === null ? STALE : track.parse(after);
  return place === STALE ? track.floor : (place ?? BEYOND);
}

/** What a wait gets that has not looked at anything, as when its listener was deleted before it came. */
function nothingSeen({ after }: Wait, gone: boolean): Waited {
  const nothing = { body: NO_PAYLOAD, items: 0, messages: 0, next: after ?? '0', hasMore: false };
  return { ...nothing, satisfied: false, matched: 0, nearMisses: [], gone };
}

/** A wait is for `in` messages unless it says otherwise. */
function incomingByDefault({ filter }: Wait): Wait['filter'] {
  return filter.direction === undefined && filter.kinds === undefined ? { ...filter, direction: 'in' } : filter;
}
