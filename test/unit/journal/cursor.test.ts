import fc from 'fast-check';
import t from 'tap';
import {
  BEYOND,
  comparePositions,
  epochOf,
  formatJournalCursor,
  formatSeqCursor,
  later,
  newEpoch,
  parseJournalCursor,
  parseSeqCursor,
  STALE,
  START,
  withEpochOf,
} from '../../../src/journal/cursor.ts';

t.setTimeout(120_000);

const NOW = 'abc123';
const THEN = 'zzz999';
const place = fc.record({ major: fc.maxSafeNat(), minor: fc.maxSafeNat() });

t.test('cursors survive the way out and back', (t) => {
  fc.assert(
    fc.property(place, ({ major, minor }) => {
      t.same(parseSeqCursor(formatSeqCursor(major, minor, NOW), NOW), { major, minor });
      t.same(parseJournalCursor(formatJournalCursor(major, minor, NOW), NOW), { major, minor });
      t.equal(parseSeqCursor(formatSeqCursor(major, minor, THEN), NOW), STALE);
      t.equal(parseJournalCursor(formatJournalCursor(major, minor, THEN), NOW), STALE);
    }),
  );
  t.equal(formatSeqCursor(57, 0, NOW), '57~abc123', 'a message is its seq');
  t.equal(formatSeqCursor(57, 2, NOW), '57.2~abc123');
  t.same(parseSeqCursor('57', NOW), { major: 57, minor: 0 }, 'a bare seq means the history at hand');
  t.end();
});

t.test('every listener and every journal has an epoch of its own', (t) => {
  fc.assert(fc.property(fc.maxSafeNat(), (number) => t.match(epochOf(number), /^[0-9a-z]{6}$/)));
  const epochs = new Set(Array.from({ length: 10_000 }, (_, number) => epochOf(number)));
  t.ok(epochs.size > 9990);
  t.not(newEpoch(), newEpoch());
  t.end();
});

t.test('a cursor that a client made up gets the epoch of one that was given out', (t) => {
  t.equal(withEpochOf('57', '60~abc123'), '57~abc123');
  t.equal(withEpochOf('57~zzz999', '60~abc123'), '57~zzz999');
  t.equal(withEpochOf('57', '60'), '57');
  t.end();
});

t.test('what is no cursor is refused', (t) => {
  for (const text of [
    '',
    '-1',
    '1.',
    '.1',
    '1.2.3',
    'j1.1',
    '1e3',
    '99999999999999999',
    '~abc123',
    '1~',
    '1~abc',
    '1~ABC123',
    '1~abc123~abc123',
  ]) {
    t.equal(parseSeqCursor(text, NOW), undefined, text);
  }
  for (const text of ['', '1', '57.2', 'j', 'j1', 'j.1', 'jzzzzzzzzzzz.1', 'J1.1', '~abc123', '57~abc123']) {
    t.equal(parseJournalCursor(text, NOW), undefined, text);
  }
  t.same(parseJournalCursor('0', NOW), START, 'the start is the same everywhere');
  t.equal(parseJournalCursor('j1.1', NOW), STALE, 'nobody makes up a place in the journal');
  t.end();
});

t.test('places are ordered by message, then by what followed it', (t) => {
  fc.assert(
    fc.property(place, place, (a, b) => {
      t.equal(Math.sign(comparePositions(a, b)), -Math.sign(comparePositions(b, a)) || 0);
      t.ok(comparePositions(later(a, b), a) >= 0 && comparePositions(later(a, b), b) >= 0);
    }),
  );
  t.ok(comparePositions({ major: 1, minor: 9 }, { major: 2, minor: 0 }) < 0);
  t.ok(comparePositions({ major: 2, minor: 1 }, { major: 2, minor: 0 }) > 0);
  t.equal(comparePositions(START, START), 0);
  t.ok(comparePositions(START, BEYOND) < 0);
  t.end();
});
