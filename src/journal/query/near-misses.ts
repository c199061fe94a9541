/** What came closest to a wait that was not satisfied, and why it did not match, in words. */

import { KIND_MESSAGE } from '../../records/chunk.ts';
import { BEYOND, comparePlaces, type Place } from '../cursor.ts';
import type { NearMiss } from '../journal.ts';
import { HistoryReader } from '../log/history-reader.ts';
import type { Ledger } from '../log/log.ts';
import type { Track } from './log-range.ts';
import type { Predicate } from './predicate.ts';

const SHOWN = 5;
/** Messages looked at, newest first, and milliseconds they may take. */
const LOOKED_AT = 200;
const TIME = 5;
/** Messages looked at however late it is, where a look is quick. */
const AT_LEAST = 20;

/** `failing`: tests that failed, less how close the closest of them came. */
type Candidate = NearMiss & { failing: number };

type Sought = { track: Track; predicate: Predicate; after: Place; direction: 'in' | 'out' | undefined };

/** The nearest misses, best first: what failed the fewest tests, and among those the newest. */
export function nearMisses(ledger: Ledger, { track, predicate, after, direction }: Sought): NearMiss[] {
  const found: Candidate[] = [];
  for (const reader of newestMessages(ledger, track, predicate.slow ? 1 : AT_LEAST)) {
    if (direction !== undefined && reader.reader.isIncoming !== (direction === 'in')) continue;
    const late = comparePlaces(placeOf(track, reader), after) <= 0;
    const miss = late ? beforeCursor(reader, predicate) : missOf(reader, predicate);
    if (miss !== undefined) found.push({ ...origin(track, reader), ...miss });
  }
  found.sort((a, b) => a.failing - b.failing);
  return found.slice(0, SHOWN).map(({ failing: _, ...miss }) => miss);
}

type Located = { reader: HistoryReader; row: number; index: number };

function placeOf(track: Track, { reader, row, index }: Located): Place {
  return { major: track.major(reader, row), minor: track.minor(reader, index) };
}

function origin(track: Track, { reader }: Located): { seq: number; listenerId?: string } {
  const book = track.book(reader.listener);
  return typeof track.reach === 'number' || book === undefined
    ? { seq: reader.major }
    : { seq: reader.major, listenerId: book.listener.id };
}

/** A message before the cursor is of interest only when it would have matched. */
function beforeCursor({ reader }: Located, predicate: Predicate): Omit<Candidate, 'seq'> | undefined {
  return predicate.matches(reader) ? { why: 'arrived before the cursor', failing: 0 } : undefined;
}

function missOf({ reader }: Located, predicate: Predicate): Omit<Candidate, 'seq'> | undefined {
  const failing = predicate.tests.filter((test) => (test.kinds & (1 << KIND_MESSAGE)) !== 0 && !test.matches(reader));
  if (failing.length === 0) return undefined;
  const diff = failing.map((test) => test.diff?.(reader)).find((found) => found !== undefined);
  const why = failing.map((test) => test.why(reader)).join('; ');
  const closeness = Math.max(...failing.map((test) => test.closeness?.(reader) ?? 0));
  return { why, failing: failing.length - closeness, ...(diff === undefined ? {} : { diff }) };
}

function* newestMessages(ledger: Ledger, track: Track, atLeast: number): Generator<Located> {
  const deadline = performance.now() + TIME;
  let looked = 0;
  for (const found of track.down(BEYOND, null, LOOKED_AT)) {
    const book = track.book(found.listener);
    const chunk = ledger.chunks.get(found);
    if (book === undefined || chunk === undefined) continue;
    const reader = new HistoryReader(chunk, found.start);
    const marks = reader.marks();
    for (let index = marks.length; index > 0; index--) {
      reader.goTo(marks[index - 1]!);
      if (reader.kind !== KIND_MESSAGE || reader.isWithin(book.floor)) continue;
      yield { reader, row: found.row, index };
      looked++;
      if (looked >= LOOKED_AT || (looked >= atLeast && performance.now() > deadline)) return;
    }
  }
}
