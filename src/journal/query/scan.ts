/**
 * Scan: one reader's walk through the journal, in slices. It passes chunks that can't match by their notes, looks at the
 * records of the others, and harvests what matches. The place it has come to stays right while records are appended and
 * evicted between the slices.
 */

import { type Instant, KIND_GAP, KIND_MESSAGE } from '../../records/chunk.ts';
import type { MissedRange, Read, ReadResult } from '../../schemas/reads.ts';
import { BEYOND, comparePositions, earlier, later, type Position, STALE } from '../cursor.ts';
import { foundAt, isSubstitute, substituteFor } from '../damage/substitute.ts';
import { JournalError } from '../journal-error.ts';
import type { History } from '../log/history.ts';
import { HistoryReader } from '../log/history-reader.ts';
import type { View } from '../log/view.ts';
import type { FoundRow } from '../store/store.ts';
import type { LogRange } from './log-range.ts';
import { damagedRange, together } from './missed.ts';
import type { Predicate } from './predicate.ts';
import type { ResultCollector } from './result-collector.ts';

/** Records looked at between two looks at the clock. */
const RECORDS_A_LOOK = 64;
/** Chunks asked of the store at a time, rising while the walk goes on. */
const FEW_CHUNKS = 2;
const MANY_CHUNKS = 256;

/** Why a walk stopped: the chunk, the answer's room, the way, or the time is at its end. */
export type ScanEnd = 'chunk' | 'full' | 'end' | 'time';

type Parts = { range: LogRange; predicate: Predicate; results: ResultCollector; goal?: Position };

export class Scan {
  readonly range: LogRange;
  readonly predicate: Predicate;
  readonly results: ResultCollector;
  /** The end of what is looked at, but for waits. */
  readonly goal: Position;
  gap: MissedRange | undefined;
  /** Where the reader goes on after what the gap tells. */
  #gapEnd: Position | undefined;
  readonly #view: View;
  readonly #upward: boolean;
  /** The place the reader came with; null when it starts at the edge. */
  readonly #from: Position | null;
  /** The walk ends before this one upward, at this one downward. */
  readonly #until: Position;
  #major: number;
  #minor: number;
  /** Where a wait's first match beyond the bounds of its answer lies: the reader must go on from before it. */
  #overflow: Position | undefined;
  #toldGap = false;
  /** Gaps stand among what is found: with the other gaps, or because the format has no other place for them. */
  readonly #tellsGaps: boolean;
  /** Nothing is left on the way, nor will be: it has come to its `until`, or downward to the floor. */
  #exhausted = false;
  #found: FoundRow[] = [];
  #batch = FEW_CHUNKS;

  /**
   * Throws JournalError `cursor_invalid` or `cursor_ahead`.
   * @param parts `goal` is the end of what may be looked at, when that isn't the end of the track
   */
  constructor(view: View, request: Read, { range, predicate, results, goal = range.tail }: Parts) {
    this.#view = view;
    this.range = range;
    this.predicate = predicate;
    this.results = results;
    this.goal = goal;
    this.#upward = request.order === 'asc';
    this.#tellsGaps = request.format === 'ndjson' || (predicate.kinds & (1 << KIND_GAP)) !== 0;
    const after = this.#parse(request.after);
    const before = this.#parse(request.before);
    if (after !== null && comparePositions(after, this.range.tail) > 0)
      throw new JournalError('cursor_ahead', '`after` lies beyond the last message');
    this.#from = this.#upward ? after : before;
    this.#until = (this.#upward ? before : after) ?? (this.#upward ? BEYOND : this.range.floor);
    const position = this.#upward ? (after ?? range.floor) : earlier(before ?? BEYOND, justBeyond(goal));
    this.#major = position.major;
    this.#minor = position.minor;
  }

  /** Where it stands, for the log. */
  get where(): string {
    const { reach } = this.range;
    const history = typeof reach === 'number' ? this.range.history(reach) : undefined;
    return history === undefined
      ? `after row ${this.#major}`
      : `listener ${history.listener.id}, after seq ${this.#major}`;
  }

  /** The record passed last. */
  get position(): Position {
    return { major: this.#major, minor: this.#minor };
  }

  /**
   * Goes on until the answer is complete or what was there at `goal` is passed (true), or until `performance.now()` is
   * beyond the deadline (false).
   */
  step(deadline: number, goal = this.goal): boolean {
    this.#found = [];
    if (this.#upward && !this.#catchFloor()) return true;
    for (;;) {
      if (this.#upward && comparePositions(this.position, goal) >= 0) return true;
      const found = this.#next();
      if (found === undefined) {
        if (!this.#upward) this.#exhausted = true;
        else if (comparePositions(goal, this.#until) < 0) this.moveTo(goal);
        return true;
      }
      const ending = found.fits ? this.walk(found, deadline) : this.#pass(found);
      this.#exhausted = ending === 'end';
      if (ending === 'full' || ending === 'end') return true;
      if (ending === 'time' || performance.now() > deadline) return false;
    }
  }

  /** Looks at the records of one chunk on the way; `atHand` is what it holds, when that is known. */
  walk(found: FoundRow, deadline: number, atHand?: Uint8Array): ScanEnd {
    const history = this.range.history(found.listener);
    const chunk = history && (atHand ?? this.#view.chunks.get(found));
    if (chunk === undefined) return this.#pass(found);
    if (isSubstitute(chunk)) return this.#walkDamage(found, foundAt(chunk), deadline);
    return this.#walkRecords(found, new HistoryReader(chunk, found.start), deadline);
  }

  /** Everything up to the place was looked at by other means. */
  moveTo(position: Position): void {
    this.#major = position.major;
    this.#minor = position.minor;
  }

  /** The same, unless it is there or beyond already. */
  skipTo(position: Position): void {
    this.moveTo(later(this.position, position));
  }

  /** The same, and the floor has overtaken that place. */
  overtakenAt(position: Position): void {
    this.skipTo(position);
    this.#catchFloor();
  }

  /** What was found. The harvest can't go on after it. */
  answer(): ReadResult {
    this.#tellGap();
    const { items, messages, encoder } = this.results;
    const position = this.#overflow ?? this.#shown();
    const next = this.range.format(position.major, position.minor);
    const answer = { body: encoder.take(), items, messages, next, hasMore: this.#isMore(position) };
    return this.gap === undefined ? answer : { ...answer, gap: this.gap };
  }

  /** A downward walk through nothing ends where it began, not beyond the end. */
  #shown(): Position {
    if (this.#upward) return this.position;
    return comparePositions(this.position, this.goal) > 0 ? (this.#from ?? this.range.floor) : this.position;
  }

  /** Whether there are records beyond the place on the way; exact where only messages of one listener count. */
  #isMore(position: Position): boolean {
    if (this.#exhausted) return false;
    const { range } = this;
    const exact = typeof range.reach === 'number' && this.predicate.kinds === 1 << KIND_MESSAGE;
    if (this.#upward) {
      const next = exact
        ? { major: position.major + 1, minor: 0 }
        : { major: position.major, minor: position.minor + 1 };
      return (
        comparePositions(next, this.#until) < 0 && (exact ? next.major <= range.tail.major : range.continues(position))
      );
    }
    const low = later(this.#until, range.floor);
    const previous = range.previous(position);
    return exact
      ? (position.minor === 0 ? previous.major : position.major) > low.major
      : comparePositions(previous, low) > 0;
  }

  #walkRecords(found: FoundRow, reader: HistoryReader, deadline: number): ScanEnd {
    return this.#upward ? this.#walkUp(found, reader, deadline) : this.#walkDown(found, reader, deadline);
  }

  /** Tells what of a damaged chunk lies on the way: by a record where gaps are shown, else beside what is found. */
  #walkDamage(found: FoundRow, at: Instant, deadline: number): ScanEnd {
    const part = this.#partOf(found);
    if (comparePositions(part.start, part.end) >= 0) return this.#pass(found);
    const reader = new HistoryReader(substituteFor(part, at), part.start);
    if (reader.next() && this.predicate.matches(reader)) {
      reader.rewind();
      return this.#walkRecords(found, reader, deadline);
    }
    const range = damagedRange(part);
    const { major, minor } = part.end;
    if (this.#tellsGaps) {
      const listener = this.#view.histories.get(found.listener)?.listener;
      this.results.encoder.missed(range, listener, this.range.format(major, minor));
    } else if (this.results.items > 0 && !this.results.isWait) return 'full';
    else this.#note(range, part.end);
    return this.#pass(found);
  }

  /** What of a chunk lies beyond the floor and, within one listener, between the reader and the end of its way. */
  #partOf(found: FoundRow): FoundRow {
    const { floor } = this.#view.histories.get(found.listener)!;
    const start = later(found.start, floor);
    if (this.range.reach === null) return { ...found, start };
    const [low, high] = this.#upward ? [this.position, this.#until] : [this.#until, this.position];
    const last = high.minor > 0 ? high : { major: high.major - 1, minor: found.end.minor };
    return { ...found, start: later(start, low), end: earlier(found.end, last) };
  }

  /** Follows the floor when it has overtaken the reader. False when a page has items: the gap belongs behind them. */
  #catchFloor(): boolean {
    const { floor } = this.range;
    if (comparePositions(floor, this.position) <= 0) return true;
    if (this.results.items > 0 && !this.results.isWait) return false;
    const missed = this.#from === null ? undefined : this.range.missed(this.position);
    this.moveTo(floor);
    if (missed !== undefined) this.#note(missed, floor);
    return true;
  }

  /** What the reader came too late for stands before all else, where the format has a place for it. */
  #tellGap(): void {
    const { gap, range } = this;
    if (gap === undefined || this.#toldGap || !this.#tellsGaps) return;
    this.#toldGap = true;
    const listener = range.reach === null ? undefined : this.#view.histories.get(range.reach)?.listener;
    const { major, minor } = this.#gapEnd ?? range.floor;
    if (range.reach === null || listener !== undefined)
      this.results.encoder.missed(gap, listener, range.format(major, minor));
  }

  /** A cursor of an earlier life is none: the reader gets everything there is, and is told. */
  #parse(text: string | null): Position | null {
    if (text === null) return null;
    const position = this.range.parse(text);
    if (position === undefined) throw new JournalError('cursor_invalid', `${JSON.stringify(text)} is no cursor here`);
    if (position !== STALE) return position;
    this.#note(this.range.restarted(), this.range.floor);
    return null;
  }

  /** Messages are missing up to the place; those that are missing before it belong to the same gap. */
  #note(missed: MissedRange, end: Position): void {
    this.gap = this.gap === undefined ? missed : together(this.gap, missed);
    this.#gapEnd = end;
  }

  #next(): FoundRow | undefined {
    const known = this.#found.pop();
    if (known !== undefined) return known;
    const { range, predicate } = this;
    const chunks = this.#upward
      ? range.up(this.position, predicate.conditions, this.#batch)
      : range.down(this.position, predicate.conditions, this.#batch);
    this.#batch = Math.min(this.#batch * 4, MANY_CHUNKS);
    this.#found = chunks.reverse();
    return this.#found.pop();
  }

  #walkUp(found: FoundRow, reader: HistoryReader, deadline: number): ScanEnd {
    const history = this.range.history(found.listener)!;
    for (let index = 1; reader.next(); index++) {
      const major = this.range.major(reader, found.row);
      const minor = this.range.minor(reader, index);
      if (major < this.#major || (major === this.#major && minor <= this.#minor)) continue;
      if (major > this.#until.major || (major === this.#until.major && minor >= this.#until.minor)) return 'end';
      if (!this.#visit(reader, history, major, minor)) return 'full';
      if (this.#isLate(index, deadline)) return 'time';
    }
    return this.#pass(found);
  }

  #walkDown(found: FoundRow, reader: HistoryReader, deadline: number): ScanEnd {
    const history = this.range.history(found.listener)!;
    const marks = reader.marks();
    for (let index = marks.length; index > 0; index--) {
      reader.goTo(marks[index - 1]!);
      const major = this.range.major(reader, found.row);
      const minor = this.range.minor(reader, index);
      if (major > this.#major || (major === this.#major && minor >= this.#minor)) continue;
      if (major < this.#until.major || (major === this.#until.major && minor <= this.#until.minor)) return 'end';
      if (!this.#visit(reader, history, major, minor)) return 'full';
      if (this.#isLate(index, deadline)) return 'time';
    }
    return this.#pass(found);
  }

  /** Looks at one record and passes it; false when the answer is full, with or without this one. */
  #visit(reader: HistoryReader, history: History, major: number, minor: number): boolean {
    const { results, range } = this;
    const matches = !reader.isWithin(history.floor) && this.predicate.matches(reader);
    if (matches) this.#tellGap();
    if (matches && !results.take(reader, history.listener, () => range.format(major, minor))) {
      if (!results.isWait) return false;
      this.#overflow ??= this.position;
    }
    this.#major = major;
    this.#minor = minor;
    return !matches || !results.done;
  }

  #isLate(index: number, deadline: number): boolean {
    return (this.predicate.slow || index % RECORDS_A_LOOK === 0) && performance.now() > deadline;
  }

  /** Leaves a chunk behind, which may be done before. */
  #pass(found: FoundRow): ScanEnd {
    const position = this.#upward ? this.range.past(found) : this.range.short(found);
    const beyond = comparePositions(position, this.#until);
    if (this.#upward ? beyond >= 0 : beyond <= 0) return 'end';
    if (this.#upward) this.skipTo(position);
    else this.moveTo(position);
    return 'chunk';
  }
}

function justBeyond({ major, minor }: Position): Position {
  return { major, minor: minor + 1 };
}
