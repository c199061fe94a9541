/** What came closest to a wait that was not satisfied, and why it did not match, in words. */

import { KIND_MESSAGE } from '../../records/chunk.ts';
import type { NearMiss } from '../../schemas/reads.ts';
import { BEYOND, comparePositions, type Position } from '../cursor.ts';
import { HistoryReader } from '../log/history-reader.ts';
import type { Log } from '../log/log.ts';
import type { LogRange } from './log-range.ts';
import type { Predicate } from './predicate.ts';

const SHOWN = 5;
/** Messages looked at, newest first, and milliseconds they may take. */
const LOOKED_AT = 200;
const TIME = 5;
/** Messages looked at however late it is, where a look is quick. */
const AT_LEAST = 20;

/** `failing`: tests that failed, less how close the closest of them came. */
type Candidate = NearMiss & { failing: number };

type Sought = { range: LogRange; predicate: Predicate; after: Position; direction: 'in' | 'out' | undefined };

/** The nearest misses, best first: what failed the fewest tests, and among those the newest. */
export function nearMisses(log: Log, { range, predicate, after, direction }: Sought): NearMiss[] {
  const found: Candidate[] = [];
  for (const reader of newestMessages(log, range, predicate.slow ? 1 : AT_LEAST)) {
    if (direction !== undefined && reader.reader.isIncoming !== (direction === 'in')) continue;
    const late = comparePositions(placeOf(range, reader), after) <= 0;
    const miss = late ? beforeCursor(reader, predicate) : missOf(reader, predicate);
    if (miss !== undefined) found.push({ ...origin(range, reader), ...miss });
  }
  found.sort((a, b) => a.failing - b.failing);
  return found.slice(0, SHOWN).map(({ failing: _, ...miss }) => miss);
}

type Located = { reader: HistoryReader; row: number; index: number };

function placeOf(range: LogRange, { reader, row, index }: Located): Position {
  return { major: range.major(reader, row), minor: range.minor(reader, index) };
}

function origin(range: LogRange, { reader }: Located): { seq: number; listenerId?: string } {
  const history = range.history(reader.listener);
  return typeof range.reach === 'number' || history === undefined
    ? { seq: reader.major }
    : { seq: reader.major, listenerId: history.listener.id };
}

/** A message before the cursor is of interest only when it would have matched. */
function beforeCursor({ reader }: Located, predicate: Predicate): Omit<Candidate, 'seq'> | undefined {
  return predicate.matches(reader) ? { why: 'arrived before the cursor', failing: 0 } : undefined;
}

function missOf({ reader }: Located, predicate: Predicate): Omit<Candidate, 'seq'> | undefined {
  const failing = predicate.tests.filter((test) => (test.kinds & (1 << KIND_MESSAGE)) !== 0 && !test.holds(reader));
  if (failing.length === 0) return undefined;
  const misses = failing.map((test) => test.miss(reader));
  const diff = misses.find((miss) => miss.diff !== undefined)?.diff;
  const why = misses.map((miss) => miss.why).join('; ');
  const closeness = Math.max(...misses.map((miss) => miss.closeness));
  return { why, failing: failing.length - closeness, ...(diff === undefined ? {} : { diff }) };
}

function* newestMessages(log: Log, range: LogRange, atLeast: number): Generator<Located> {
  const deadline = performance.now() + TIME;
  let looked = 0;
  for (const found of range.down(BEYOND, null, LOOKED_AT)) {
    const history = range.history(found.listener);
    const chunk = log.chunks.get(found);
    if (history === undefined || chunk === undefined) continue;
    const reader = new HistoryReader(chunk, found.start);
    const marks = reader.marks();
    for (let index = marks.length; index > 0; index--) {
      reader.goTo(marks[index - 1]!);
      if (reader.kind !== KIND_MESSAGE || reader.isWithin(history.floor)) continue;
      yield { reader, row: found.row, index };
      looked++;
      if (looked >= LOOKED_AT || (looked >= atLeast && performance.now() > deadline)) return;
    }
  }
}
