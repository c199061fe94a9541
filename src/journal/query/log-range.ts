/**
 * LogRange: the way a reader goes through the journal, within one listener or over many. The two differ in what a place is
 * (cursor.ts) and in where the way begins and ends.
 */

import type { MissedRange, ReadScope } from '../../schemas/reads.ts';
import {
  BEYOND,
  comparePositions,
  epochOf,
  formatJournalCursor,
  formatSeqCursor,
  type Position,
  parseJournalCursor,
  parseSeqCursor,
  type STALE,
  START,
} from '../cursor.ts';
import type { History } from '../log/history.ts';
import type { HistoryReader } from '../log/history-reader.ts';
import { historyOf, type View } from '../log/view.ts';
import type { Conditions, FoundRow, ScanRange } from '../store/store.ts';
import { mayMatch } from './conditions.ts';

export interface LogRange {
  readonly reach: ScanRange;
  /** The place before the first record there is, and of the last one. */
  readonly floor: Position;
  readonly tail: Position;
  parse(cursor: string): Position | typeof STALE | undefined;
  format(major: number, minor: number): string;
  /** The history of a listener on the way, undefined when it is gone or not on it. */
  history(listener: number): History | undefined;
  /** The place of the reader's record, the `index`-th of its row. */
  major(reader: HistoryReader, row: number): number;
  minor(reader: HistoryReader, index: number): number;
  /** Chunks that may hold records beyond a place, or short of one. */
  up(from: Position, conditions: Conditions | null, limit: number): FoundRow[];
  down(from: Position, conditions: Conditions | null, limit: number): FoundRow[];
  /** Where the way goes on beyond, or short of, a chunk. */
  past(found: FoundRow): Position;
  short(found: FoundRow): Position;
  /** Whether there is a record beyond the place. */
  continues(position: Position): boolean;
  /** The last place there may be before this one. */
  previous(place: Position): Position;
  /** What a reader at the place came too late for. */
  missed(place: Position): MissedRange | undefined;
  /** What is told a reader whose cursor is of an earlier life, and who gets all there is. */
  restarted(): MissedRange;
}

/** Throws JournalError `unknown_listener`. */
export function logRangeOf(view: View, scope: ReadScope): LogRange {
  if ('listeners' in scope) return new WholeRange(view, scope.listeners);
  return new ListenerRange(view, historyOf(view, scope.listener));
}

class ListenerRange implements LogRange {
  readonly reach: number;
  readonly #epoch: string;
  readonly #view: View;
  #known: History;

  constructor(view: View, history: History) {
    this.#view = view;
    this.#known = history;
    this.reach = history.listener.number;
    this.#epoch = epochOf(this.reach);
  }

  /** As it is now; as it was when it is gone. */
  get #history(): History {
    this.#known = this.#view.histories.get(this.reach) ?? this.#known;
    return this.#known;
  }

  get floor(): Position {
    return this.#history.floor;
  }
  get tail(): Position {
    return this.#history.tail;
  }
  parse(cursor: string): Position | typeof STALE | undefined {
    return parseSeqCursor(cursor, this.#epoch);
  }
  format(major: number, minor: number): string {
    return formatSeqCursor(major, minor, this.#epoch);
  }
  history(listener: number): History | undefined {
    return this.#view.histories.get(listener);
  }
  major(reader: HistoryReader): number {
    return reader.major;
  }
  minor(reader: HistoryReader): number {
    return reader.minor;
  }
  /** Near the end it needs no look into the store. */
  up(from: Position, conditions: Conditions | null, limit: number): FoundRow[] {
    const { latest } = this.#history;
    if (latest.length === 0 || comparePositions(from, latest[0]!.start) < 0)
      return this.#view.store.chunks({ listener: this.reach, order: 'asc', from, limit }, conditions);
    return latest
      .filter(({ end }) => comparePositions(end, from) > 0)
      .slice(0, limit)
      .map(({ row, start, end, summary, thread }) => {
        return { row, listener: this.reach, start, end, fits: mayMatch(conditions, summary, thread) };
      });
  }

  /** The first one may hold the place; those below it end where it starts, or before. */
  down(from: Position, conditions: Conditions | null, limit: number): FoundRow[] {
    const { store } = this.#view;
    const listener = this.reach;
    const beyond = { major: from.major, minor: from.minor - 1 };
    const [holding] = store.chunks({ listener, order: 'asc', from: beyond, limit: 1 }, null);
    const below = store.chunks({ listener, order: 'desc', from: holding?.start ?? from, limit }, conditions);
    if (holding === undefined) return below;
    return comparePositions(from, this.short(holding)) > 0 ? [holding, ...below] : below;
  }
  past(found: FoundRow): Position {
    return found.end;
  }
  /** Just beyond the record before the chunk. */
  short({ start: { major, minor } }: FoundRow): Position {
    return { major, minor: minor + 1 };
  }

  continues(place: Position): boolean {
    return comparePositions(place, this.tail) < 0;
  }
  previous({ major, minor }: Position): Position {
    return minor > 0 ? { major, minor: minor - 1 } : { major: major - 1, minor: BEYOND.major };
  }

  missed(place: Position): MissedRange | undefined {
    const { floor, clearedTo } = this.#history;
    if (place.major >= floor.major) return undefined;
    const reason = floor.major <= clearedTo ? 'cleared' : 'evicted';
    return { reason, dropped: floor.major - place.major, fromSeq: place.major + 1, toSeq: floor.major };
  }
  /** How many the earlier life had is not known; those that have gone in this one are. */
  restarted(): MissedRange {
    const { reason: _, ...missed } = this.missed(START) ?? { reason: 'restart', dropped: 0 };
    return { reason: 'restart', ...missed };
  }
}

class WholeRange implements LogRange {
  readonly reach = null;
  readonly #view: View;
  readonly #listeners: Set<number> | null;

  constructor(view: View, listeners: readonly number[] | null) {
    this.#view = view;
    this.#listeners = listeners && new Set(listeners);
  }

  get floor(): Position {
    const oldest = this.#view.store.oldest(1)[0];
    return oldest === undefined ? this.tail : { major: oldest.row - 1, minor: END_OF_ROW };
  }
  get tail(): Position {
    return { major: this.#view.store.lastRow, minor: END_OF_ROW };
  }
  parse(cursor: string): Position | typeof STALE | undefined {
    return parseJournalCursor(cursor, this.#view.epoch);
  }
  format(major: number, minor: number): string {
    return formatJournalCursor(major, minor, this.#view.epoch);
  }
  history(listener: number): History | undefined {
    return this.#listeners === null || this.#listeners.has(listener) ? this.#view.histories.get(listener) : undefined;
  }
  major(_: HistoryReader, row: number): number {
    return row;
  }
  minor(_: HistoryReader, index: number): number {
    return index;
  }
  up(from: Position, conditions: Conditions | null, limit: number): FoundRow[] {
    const row = from.minor === END_OF_ROW ? from.major + 1 : from.major;
    return this.#view.store.chunks({ listener: null, order: 'asc', from: { major: row, minor: 0 }, limit }, conditions);
  }
  down(from: Position, conditions: Conditions | null, limit: number): FoundRow[] {
    const row = from.minor <= 1 ? from.major - 1 : from.major;
    return this.#view.store.chunks(
      { listener: null, order: 'desc', from: { major: row, minor: 0 }, limit },
      conditions,
    );
  }
  past(found: FoundRow): Position {
    return { major: found.row, minor: END_OF_ROW };
  }
  short(found: FoundRow): Position {
    return { major: found.row, minor: 1 };
  }
  continues({ major, minor }: Position): boolean {
    const { store, lastRecords } = this.#view;
    return major < store.lastRow || (major === store.lastRow && minor < lastRecords);
  }
  previous({ major, minor }: Position): Position {
    return minor > 1 ? { major, minor: minor - 1 } : { major: major - 1, minor: END_OF_ROW };
  }
  missed(): undefined {
    return undefined;
  }
  restarted(): MissedRange {
    return { reason: 'restart', dropped: 0 };
  }
}

/** Beyond every record of a row: a chunk counts its records in 16 bits. */
const END_OF_ROW = 0xffff;
