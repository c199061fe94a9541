/**
 * Looks, in slices, at what was committed for the waits that sleep in one index. It holds no chunk from one slice to the
 * next, only where it was: chunks that are evicted meanwhile are let go of.
 */

import { comparePositions } from '../cursor.ts';
import { HistoryReader } from '../log/history-reader.ts';
import type { View } from '../log/view.ts';
import type { FoundRow } from '../store/store.ts';
import type { LogRange } from './log-range.ts';
import type { PendingWait } from './pending-wait.ts';
import type { ScanEnd } from './scan.ts';
import type { Group, WaitIndex } from './wait-index.ts';

/** Records looked at between two looks at the clock, where that is quick. */
const LOOKS = 64;

/** A chunk that is being looked at. */
type Open = {
  found: FoundRow;
  groups: Group[];
  /** Where it goes on: the record, and the group among `groups`. */
  record: number;
  group: number;
  /** Groups that found something. */
  hits: Set<Group>;
  /** Those of their waits that have not had the chunk yet, once all records were looked at. */
  hungry: PendingWait[] | undefined;
};

/** Who is told: of a wait that has found all it wanted, and of one that can't go on. Both must leave the index. */
export type WaitEvents = { onContent(wait: PendingWait): void; onError(wait: PendingWait, error: unknown): void };

export class WaitScan {
  readonly #view: View;
  readonly #track: LogRange;
  readonly #index: WaitIndex;
  readonly #events: WaitEvents;
  #open: Open | undefined;
  #looks = 0;

  constructor(view: View, range: LogRange, index: WaitIndex, events: WaitEvents) {
    this.#view = view;
    this.#track = range;
    this.#index = index;
    this.#events = events;
  }

  /** Goes on until all there is was looked at (true), or until `performance.now()` is beyond the deadline (false). */
  step(deadline: number): boolean {
    while (!this.#index.isEmpty) {
      this.#followFloor();
      this.#open ??= this.#next();
      if (this.#open === undefined) return true;
      if (!this.#look(this.#open, deadline)) return false;
      this.#index.position = this.#track.past(this.#open.found);
      this.#open = undefined;
      if (performance.now() > deadline) return false;
    }
    return true;
  }

  /** What was evicted before it was looked at is a gap for all that sleep here. */
  #followFloor(): void {
    const { floor } = this.#track;
    const index = this.#index;
    if (comparePositions(floor, index.position) <= 0) return;
    for (const { scan } of index.pending) scan.overtakenAt(index.position);
    index.position = floor;
    this.#open = undefined;
  }

  #next(): Open | undefined {
    const found = this.#track.up(this.#index.position, null, 1)[0];
    if (found === undefined) return undefined;
    const chunk = this.#view.chunks.get(found);
    const groups = chunk === undefined ? [] : this.#index.candidates(chunk, found);
    return { found, groups, record: 0, group: 0, hits: new Set(), hungry: groups.length === 0 ? [] : undefined };
  }

  #look(open: Open, deadline: number): boolean {
    const chunk = this.#view.chunks.get(open.found);
    if (chunk === undefined) return true;
    if (open.hungry === undefined) {
      if (!this.#search(open, chunk, deadline)) return false;
      open.hungry = [...open.hits].flatMap(({ pending }) => [...pending]);
    }
    return this.#feed(open, chunk, deadline);
  }

  /** Record by record, so that what is made of a payload serves all groups. */
  #search(open: Open, chunk: Uint8Array, deadline: number): boolean {
    const reader = new HistoryReader(chunk, open.found.start);
    for (let record = 0; reader.next(); record++) {
      if (record < open.record) continue;
      open.record = record;
      if (!this.#ask(open, reader, deadline)) return false;
      open.group = 0;
    }
    return true;
  }

  #ask(open: Open, reader: HistoryReader, deadline: number): boolean {
    const { groups, hits } = open;
    while (open.group < groups.length) {
      const group = groups[open.group++]!;
      if (group.pending.size === 0 || hits.has(group)) continue;
      if (mayMatch(group, reader)) hits.add(group);
      if (this.#isLate(group.predicate.slow, deadline)) return false;
    }
    return true;
  }

  #feed({ found, hungry }: Open, chunk: Uint8Array, deadline: number): boolean {
    for (let wait = hungry!.pop(); wait !== undefined; wait = hungry!.pop()) {
      if (!this.#index.has(wait)) continue;
      if (this.#show(wait, found, deadline, chunk) === 'time') hungry!.push(wait);
      if (performance.now() > deadline) return false;
    }
    return true;
  }

  /** What one can't look at is nothing to the others. */
  #show(wait: PendingWait, found: FoundRow, deadline: number, chunk: Uint8Array): ScanEnd | undefined {
    try {
      const ending = wait.scan.walk(found, deadline, chunk);
      if (ending !== 'time' && wait.scan.results.done) this.#events.onContent(wait);
      return ending;
    } catch (error) {
      this.#events.onError(wait, error);
      return undefined;
    }
  }

  #isLate(slow: boolean, deadline: number): boolean {
    return (slow || ++this.#looks % LOOKS === 0) && performance.now() > deadline;
  }
}

/** Where that can't be told, each wait is to find out for itself. */
function mayMatch({ predicate }: Group, reader: HistoryReader): boolean {
  try {
    return predicate.matches(reader);
  } catch {
    return true;
  }
}
