import fc from 'fast-check';
import t from 'tap';
import {
  BEYOND,
  comparePlaces,
  formatJournalCursor,
  formatSeqCursor,
  later,
  parseJournalCursor,
  parseSeqCursor,
  START,
} from '../../../src/journal/cursor.ts';

const place = fc.record({ major: fc.maxSafeNat(), minor: fc.maxSafeNat() });

t.test('cursors survive the way out and back', (t) => {
  fc.assert(
    fc.property(place, ({ major, minor }) => {
      t.same(parseSeqCursor(formatSeqCursor(major, minor)), { major, minor });
      t.same(parseJournalCursor(formatJournalCursor(major, minor)), { major, minor });
    }),
  );
  t.equal(formatSeqCursor(57, 0), '57', 'a message is its seq');
  t.equal(formatSeqCursor(57, 2), '57.2');
  t.end();
});

t.test('what is no cursor is refused', (t) => {
  for (const text of ['', '-1', '1.', '.1', '1.2.3', 'j1.1', '1e3', '99999999999999999']) {
    t.equal(parseSeqCursor(text), undefined, text);
  }
  for (const text of ['', '1', '57.2', 'j', 'j1', 'j.1', 'jzzzzzzzzzzz.1', 'J1.1']) {
    t.equal(parseJournalCursor(text), undefined, text);
  }
  t.same(parseJournalCursor('0'), START, 'the start is the same everywhere');
  t.end();
});

t.test('places are ordered by message, then by what followed it', (t) => {
  fc.assert(
    fc.property(place, place, (a, b) => {
      t.equal(Math.sign(comparePlaces(a, b)), -Math.sign(comparePlaces(b, a)) || 0);
      t.ok(comparePlaces(later(a, b), a) >= 0 && comparePlaces(later(a, b), b) >= 0);
    }),
  );
  t.ok(comparePlaces({ major: 1, minor: 9 }, { major: 2, minor: 0 }) < 0);
  t.ok(comparePlaces({ major: 2, minor: 1 }, { major: 2, minor: 0 }) > 0);
  t.equal(comparePlaces(START, START), 0);
  t.ok(comparePlaces(START, BEYOND) < 0);
  t.end();
});
