/**
 * Scan: one reader's walk through the journal, in slices. It passes chunks that can't match by their notes, looks at the
 * records of the others, and harvests what matches. The place it has come to stays right while records are appended and
 * evicted between the slices.
 */

import { type Instant, KIND_GAP, KIND_MESSAGE } from '../../records/chunk.ts';
import { BEYOND, comparePlaces, later, type Place, STALE } from '../cursor.ts';
import { foundAt, isSubstitute, substituteFor } from '../damage/substitute.ts';
import type { MissedRange, Pull, Pulled } from '../journal.ts';
import { JournalError } from '../journal-error.ts';
import type { Book } from '../log/history.ts';
import { HistoryReader } from '../log/history-reader.ts';
import type { View } from '../log/view.ts';
import type { Found } from '../store/store.ts';
import type { Track } from './log-range.ts';
import type { Predicate } from './predicate.ts';
import type { Harvest } from './result-collector.ts';

/** Records looked at between two looks at the clock. */
const RECORDS_A_LOOK = 64;
/** Chunks asked of the store at a time, rising while the walk goes on. */
const FEW_CHUNKS = 2;
const MANY_CHUNKS = 256;

/** Why a walk stopped: the chunk, the answer's room, the way, or the time is at its end. */
export type Ending = 'chunk' | 'full' | 'end' | 'time';

type Parts = { track: Track; predicate: Predicate; harvest: Harvest; goal?: Place };

export class Scan {
  readonly track: Track;
  readonly predicate: Predicate;
  readonly harvest: Harvest;
  /** The end of what is looked at, but for waits. */
  readonly goal: Place;
  gap: MissedRange | undefined;
  /** Where the reader goes on after what the gap tells. */
  #gapEnd: Place | undefined;
  readonly #view: View;
  readonly #upward: boolean;
  /** The place the reader came with; null when it starts at the edge. */
  readonly #from: Place | null;
  /** The walk ends before this one upward, at this one downward. */
  readonly #until: Place;
  #major: number;
  #minor: number;
  /** Where a wait's first match beyond the bounds of its answer lies: the reader must go on from before it. */
  #overflow: Place | undefined;
  #toldGap = false;
  /** Gaps stand among what is found: with the other gaps, or because the format has no other place for them. */
  readonly #tellsGaps: boolean;
  /** Nothing is left on the way, nor will be: it has come to its `until`, or downward to the floor. */
  #exhausted = false;
  #found: Found[] = [];
  #batch = FEW_CHUNKS;

  /**
   * Throws JournalError `cursor_invalid` or `cursor_ahead`.
   * @param parts `goal` is the end of what may be looked at, when that isn't the end of the track
   */
  constructor(view: View, request: Pull, { track, predicate, harvest, goal = track.tail }: Parts) {
    this.#view = view;
    this.track = track;
    this.predicate = predicate;
    this.harvest = harvest;
    this.goal = goal;
    this.#upward = request.order === 'asc';
    this.#tellsGaps = request.format === 'ndjson' || (predicate.kinds & (1 << KIND_GAP)) !== 0;
    const after = this.#parse(request.after);
    const before = this.#parse(request.before);
    if (after !== null && comparePlaces(after, this.track.tail) > 0)
      throw new JournalError('cursor_ahead', '`after` lies beyond the last message');
    this.#from = this.#upward ? after : before;
    this.#until = (this.#upward ? before : after) ?? (this.#upward ? BEYOND : this.track.floor);
    const place = this.#upward ? (after ?? track.floor) : earlier(before ?? BEYOND, justBeyond(goal));
    this.#major = place.major;
    this.#minor = place.minor;
  }

  /** Where it stands, for the log. */
  get where(): string {
    const { reach } = this.track;
    const book = typeof reach === 'number' ? this.track.book(reach) : undefined;
    return book === undefined ? `after row ${this.#major}` : `listener ${book.listener.id}, after seq ${this.#major}`;
  }

  /** The record passed last. */
  get place(): Place {
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
      if (this.#upward && comparePlaces(this.place, goal) >= 0) return true;
      const found = this.#next();
      if (found === undefined) {
        if (!this.#upward) this.#exhausted = true;
        else if (comparePlaces(goal, this.#until) < 0) this.moveTo(goal);
        return true;
      }
      const ending = found.fits ? this.walk(found, deadline) : this.#pass(found);
      this.#exhausted = ending === 'end';
      if (ending === 'full' || ending === 'end') return true;
      if (ending === 'time' || performance.now() > deadline) return false;
    }
  }

  /** Looks at the records of one chunk on the way; `atHand` is what it holds, when that is known. */
  walk(found: Found, deadline: number, atHand?: Uint8Array): Ending {
    const book = this.track.book(found.listener);
    const chunk = book && (atHand ?? this.#view.chunks.get(found));
    if (chunk === undefined) return this.#pass(found);
    if (isSubstitute(chunk)) return this.#walkDamage(found, foundAt(chunk), deadline);
    return this.#walkRecords(found, new HistoryReader(chunk, found.start), deadline);
  }

  /** Everything up to the place was looked at by other means. */
  moveTo(place: Place): void {
    this.#major = place.major;
    this.#minor = place.minor;
  }

  /** The same, unless it is there or beyond already. */
  skipTo(place: Place): void {
    this.moveTo(later(this.place, place));
  }

  /** The same, and the floor has overtaken that place. */
  overtakenAt(place: Place): void {
    this.skipTo(place);
    this.#catchFloor();
  }

  /** What was found. The harvest can't go on after it. */
  answer(): Pulled {
    this.#tellGap();
    const { items, messages, encoder } = this.harvest;
    const place = this.#overflow ?? this.#shown();
    const next = this.track.format(place.major, place.minor);
    const answer = { body: encoder.take(), items, messages, next, hasMore: this.#isMore(place) };
    return this.gap === undefined ? answer : { ...answer, gap: this.gap };
  }

  /** A downward walk through nothing ends where it began, not beyond the end. */
  #shown(): Place {
    if (this.#upward) return this.place;
    return comparePlaces(this.place, this.goal) > 0 ? (this.#from ?? this.track.floor) : this.place;
  }

  /** Whether there are records beyond the place on the way; exact where only messages of one listener count. */
  #isMore(place: Place): boolean {
    if (this.#exhausted) return false;
    const { track } = this;
    const exact = typeof track.reach === 'number' && this.predicate.kinds === 1 << KIND_MESSAGE;
    if (this.#upward) {
      const next = exact ? { major: place.major + 1, minor: 0 } : { major: place.major, minor: place.minor + 1 };
      return comparePlaces(next, this.#until) < 0 && (exact ? next.major <= track.tail.major : track.continues(place));
    }
    const low = later(this.#until, track.floor);
    const previous = track.previous(place);
    return exact ? (place.minor === 0 ? previous.major : place.major) > low.major : comparePlaces(previous, low) > 0;
  }

  #walkRecords(found: Found, reader: HistoryReader, deadline: number): Ending {
    return this.#upward ? this.#walkUp(found, reader, deadline) : this.#walkDown(found, reader, deadline);
  }

  /** Tells what of a damaged chunk lies on the way: by a record where gaps are shown, else beside what is found. */
  #walkDamage(found: Found, at: Instant, deadline: number): Ending {
    const part = this.#partOf(found);
    if (comparePlaces(part.start, part.end) >= 0) return this.#pass(found);
    const reader = new HistoryReader(substituteFor(part, at), part.start);
    if (reader.next() && this.predicate.matches(reader)) {
      reader.rewind();
      return this.#walkRecords(found, reader, deadline);
    }
    const range = damagedRange(part);
    const { major, minor } = part.end;
    if (this.#tellsGaps) {
      const listener = this.#view.books.get(found.listener)?.listener;
      this.harvest.encoder.missed(range, listener, this.track.format(major, minor));
    } else if (this.harvest.items > 0 && !this.harvest.isWait) return 'full';
    else this.#note(range, part.end);
    return this.#pass(found);
  }

  /** What of a chunk lies beyond the floor and, within one listener, between the reader and the end of its way. */
  #partOf(found: Found): Found {
    const { floor } = this.#view.books.get(found.listener)!;
    const start = later(found.start, floor);
    if (this.track.reach === null) return { ...found, start };
    const [low, high] = this.#upward ? [this.place, this.#until] : [this.#until, this.place];
    const last = high.minor > 0 ? high : { major: high.major - 1, minor: found.end.minor };
    return { ...found, start: later(start, low), end: earlier(found.end, last) };
  }

  /** Follows the floor when it has overtaken the reader. False when a page has items: the gap belongs behind them. */
  #catchFloor(): boolean {
    const { floor } = this.track;
    if (comparePlaces(floor, this.place) <= 0) return true;
    if (this.harvest.items > 0 && !this.harvest.isWait) return false;
    const missed = this.#from === null ? undefined : this.track.missed(this.place);
    this.moveTo(floor);
    if (missed !== undefined) this.#note(missed, floor);
    return true;
  }

  /** What the reader came too late for stands before all else, where the format has a place for it. */
  #tellGap(): void {
    const { gap, track } = this;
    if (gap === undefined || this.#toldGap || !this.#tellsGaps) return;
    this.#toldGap = true;
    const listener = track.reach === null ? undefined : this.#view.books.get(track.reach)?.listener;
    const { major, minor } = this.#gapEnd ?? track.floor;
    if (track.reach === null || listener !== undefined)
      this.harvest.encoder.missed(gap, listener, track.format(major, minor));
  }

  /** A cursor of an earlier life is none: the reader gets everything there is, and is told. */
  #parse(text: string | null): Place | null {
    if (text === null) return null;
    const place = this.track.parse(text);
    if (place === undefined) throw new JournalError('cursor_invalid', `${JSON.stringify(text)} is no cursor here`);
    if (place !== STALE) return place;
    this.#note(this.track.restarted(), this.track.floor);
    return null;
  }

  /** Messages are missing up to the place; those that are missing before it belong to the same gap. */
  #note(missed: MissedRange, end: Place): void {
    this.gap = this.gap === undefined ? missed : together(this.gap, missed);
    this.#gapEnd = end;
  }

  #next(): Found | undefined {
    const known = this.#found.pop();
    if (known !== undefined) return known;
    const { track, predicate } = this;
    const chunks = this.#upward
      ? track.up(this.place, predicate.conditions, this.#batch)
      : track.down(this.place, predicate.conditions, this.#batch);
    this.#batch = Math.min(this.#batch * 4, MANY_CHUNKS);
    this.#found = chunks.reverse();
    return this.#found.pop();
  }

  #walkUp(found: Found, reader: HistoryReader, deadline: number): Ending {
    const book = this.track.book(found.listener)!;
    for (let index = 1; reader.next(); index++) {
      const major = this.track.major(reader, found.row);
      const minor = this.track.minor(reader, index);
      if (major < this.#major || (major === this.#major && minor <= this.#minor)) continue;
      if (major > this.#until.major || (major === this.#until.major && minor >= this.#until.minor)) return 'end';
      if (!this.#visit(reader, book, major, minor)) return 'full';
      if (this.#isLate(index, deadline)) return 'time';
    }
    return this.#pass(found);
  }

  #walkDown(found: Found, reader: HistoryReader, deadline: number): Ending {
    const book = this.track.book(found.listener)!;
    const marks = reader.marks();
    for (let index = marks.length; index > 0; index--) {
      reader.goTo(marks[index - 1]!);
      const major = this.track.major(reader, found.row);
      const minor = this.track.minor(reader, index);
      if (major > this.#major || (major === this.#major && minor >= this.#minor)) continue;
      if (major < this.#until.major || (major === this.#until.major && minor <= this.#until.minor)) return 'end';
      if (!this.#visit(reader, book, major, minor)) return 'full';
      if (this.#isLate(index, deadline)) return 'time';
    }
    return this.#pass(found);
  }

  /** Looks at one record and passes it; false when the answer is full, with or without this one. */
  #visit(reader: HistoryReader, book: Book, major: number, minor: number): boolean {
    const { harvest, track } = this;
    const matches = !reader.isWithin(book.floor) && this.predicate.matches(reader);
    if (matches) this.#tellGap();
    if (matches && !harvest.take(reader, book.listener, () => track.format(major, minor))) {
      if (!harvest.isWait) return false;
      this.#overflow ??= this.place;
    }
    this.#major = major;
    this.#minor = minor;
    return !matches || !harvest.done;
  }

  #isLate(index: number, deadline: number): boolean {
    return (this.predicate.slow || index % RECORDS_A_LOOK === 0) && performance.now() > deadline;
  }

  /** Leaves a chunk behind, which may be done before. */
  #pass(found: Found): Ending {
    const place = this.#upward ? this.track.past(found) : this.track.short(found);
    const beyond = comparePlaces(place, this.#until);
    if (this.#upward ? beyond >= 0 : beyond <= 0) return 'end';
    if (this.#upward) this.skipTo(place);
    else this.moveTo(place);
    return 'chunk';
  }
}

function earlier(a: Place, b: Place): Place {
  return comparePlaces(a, b) < 0 ? a : b;
}

/** One gap for two; what came of a cursor of an earlier life stays told. */
function together(first: MissedRange, second: MissedRange): MissedRange {
  const reason = first.reason === 'restart' ? first.reason : second.reason;
  const seqs = [first, second].flatMap(({ fromSeq, toSeq }) => [fromSeq ?? [], toSeq ?? []].flat());
  const dropped = first.dropped + second.dropped;
  return seqs.length === 0
    ? { reason, dropped }
    : { reason, dropped, fromSeq: Math.min(...seqs), toSeq: Math.max(...seqs) };
}

function damagedRange({ start, end }: Found): MissedRange {
  const dropped = end.major - start.major;
  return dropped === 0
    ? { reason: 'damaged', dropped }
    : { reason: 'damaged', dropped, fromSeq: start.major + 1, toSeq: end.major };
}

function justBeyond({ major, minor }: Place): Place {
  return { major, minor: minor + 1 };
}
