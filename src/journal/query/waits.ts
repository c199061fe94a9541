/**
 * Waits: readers that are content with a number of matches. One that has read all there is goes to sleep here and is
 * looked after as chunks are committed, so a wait costs nothing while nothing arrives. Those that ask the same share one
 * predicate. They stay on the journal thread, in slices, also where a reader thread is at hand: from where a wait has read
 * all there is to the next commit nothing may slip through.
 */

import type { Fresh } from '../changes.ts';
import { NO_PAYLOAD } from '../chunk.ts';
import { BEYOND } from '../cursor.ts';
import { encoderFor } from '../encode/encoder.ts';
import type { Wait, Waited } from '../journal.ts';
import { JournalError } from '../journalError.ts';
import type { Ledger } from '../ledger.ts';
import type { Caller } from './caller.ts';
import { Harvest } from './harvest.ts';
import { nearMisses } from './nearMisses.ts';
import { compileFilter } from './predicate.ts';
import { Scan } from './scan.ts';
import type { Slices } from './slices.ts';
import { trackOf } from './track.ts';
import { WaitGroups } from './waitGroups.ts';

/** A wait under way. */
export type Sleeper = {
  scan: Scan;
  request: Wait;
  /** It has read all there was. */
  asleep: boolean;
  end: (how?: 'gone') => void;
};

export class Waits {
  readonly #ledger: Ledger;
  readonly #slices: Slices;
  readonly #groups = new WaitGroups();
  readonly #all = new Set<Sleeper>();

  constructor(ledger: Ledger, slices: Slices) {
    this.#ledger = ledger;
    this.#slices = slices;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Answers when the wait is content or ends otherwise; the journal's ports are empty by now. Rejects with a JournalError. */
  wait(asked: Wait, caller: Caller): Promise<Waited> {
    const request = { ...asked, filter: incomingByDefault(asked) };
    const { promise, resolve, reject } = Promise.withResolvers<Waited>();
    if (this.#isGone(request)) return Promise.resolve(goneAnswer(request));
    try {
      const sleeper: Sleeper = { scan: this.#scan(request), request, asleep: false, end: () => {} };
      const timer = setTimeout(() => sleeper.end(), request.timeout);
      caller.onLeave(() => {
        this.#leave(sleeper, timer);
        reject(new JournalError('aborted', 'the reader has gone'));
      });
      sleeper.end = (how) => {
        if (!this.#leave(sleeper, timer)) return;
        resolve(this.#answer(sleeper, how === 'gone'));
      };
      this.#all.add(sleeper);
      this.#slices.run((deadline) => this.#catchUp(sleeper, deadline));
    } catch (error) {
      reject(error);
    }
    return promise;
  }

  /** Looks after the sleepers with what a commit made visible. */
  feed(fresh: readonly Fresh[]): void {
    if (this.#groups.size === 0) return;
    for (const chunk of fresh) {
      for (const sleeper of this.#groups.touchedBy(chunk)) {
        const { row, start, end, book } = chunk;
        const found = { row, listener: book.listener.number, start, end, fits: true };
        sleeper.scan.walk(found, Number.POSITIVE_INFINITY, chunk.chunk);
        if (sleeper.scan.harvest.done) sleeper.end();
      }
    }
  }

  /** The listener is gone: so are the waits on it. */
  gone(listener: number): void {
    for (const sleeper of this.#on(listener)) sleeper.end('gone');
  }

  /** The listener serves no more: nothing more can come, its waits end with what there is. */
  completed(listener: number): void {
    for (const sleeper of this.#on(listener)) if (sleeper.asleep) sleeper.end();
  }

  /** Ends all, as at the time-out. */
  endAll(): void {
    for (const sleeper of [...this.#all]) sleeper.end();
  }

  #on(listener: number): Sleeper[] {
    return [...this.#all].filter(({ request: { scope } }) => 'listener' in scope && scope.listener === listener);
  }

  #isGone({ scope }: Wait): boolean {
    return 'listener' in scope && !this.#ledger.books.has(scope.listener);
  }

  #scan(request: Wait): Scan {
    const track = trackOf(this.#ledger, request.scope);
    const predicate = compileFilter(request.filter);
    const bounds = { limit: request.limit, maxBytes: request.maxBytes, wanted: request.count };
    const harvest = new Harvest(encoderFor(request.format, request.payload), bounds);
    return new Scan(this.#ledger, request, { track, predicate, harvest });
  }

  /** Reads what is there already; then goes to sleep, unless that was enough or nothing more can come. */
  #catchUp(sleeper: Sleeper, deadline: number): boolean {
    if (!this.#all.has(sleeper)) return true;
    if (!sleeper.scan.step(deadline, sleeper.scan.track.tail)) return false;
    sleeper.asleep = true;
    if (sleeper.scan.harvest.done || this.#isCompleted(sleeper)) sleeper.end();
    else this.#groups.add(sleeper);
    return true;
  }

  #isCompleted({ request: { scope } }: Sleeper): boolean {
    return 'listener' in scope && this.#ledger.books.get(scope.listener)?.completed === true;
  }

  /** False when it had left before. */
  #leave(sleeper: Sleeper, timer: NodeJS.Timeout): boolean {
    clearTimeout(timer);
    this.#groups.delete(sleeper);
    return this.#all.delete(sleeper);
  }

  #answer({ scan, request, asleep }: Sleeper, gone: boolean): Waited {
    const { matched, done } = scan.harvest;
    if (!done && asleep) scan.moveTo(scan.track.tail);
    const { track, predicate } = scan;
    const after = request.after === null ? track.floor : (track.parse(request.after) ?? BEYOND);
    const misses =
      done || gone ? [] : nearMisses(this.#ledger, { track, predicate, after, direction: request.filter.direction });
    this.#ledger.markAllServed(scan.harvest.served);
    return { ...scan.answer(), satisfied: done, matched, nearMisses: misses, gone };
  }
}

/** What a wait on a listener gets that was deleted before it came. */
function goneAnswer({ after }: Wait): Waited {
  const nothing = { body: NO_PAYLOAD, items: 0, messages: 0, next: after ?? '0', hasMore: false };
  return { ...nothing, satisfied: false, matched: 0, nearMisses: [], gone: true };
}

/** A wait is for `in` messages unless it says otherwise. */
function incomingByDefault({ filter }: Wait): Wait['filter'] {
  return filter.direction === undefined && filter.kinds === undefined ? { ...filter, direction: 'in' } : filter;
}
