/**
 * One predicate language: a filter and the match that asks the same agree on every message, and so does the match that
 * searches payloads one by one, whatever else is in the chunk.
 */
import fc from 'fast-check';
import t from 'tap';
import { HistoryReader } from '../../../../src/journal/log/history-reader.ts';
import { compileFilter } from '../../../../src/journal/query/predicate.ts';
import { compileMatch } from '../../../../src/matching/compile.ts';
import { parsePeer } from '../../../../src/matching/peer.ts';
import { addressBytes } from '../../../../src/net/address.ts';
import type { Match } from '../../../../src/schemas/match.ts';
import type { MessageFilter } from '../../../../src/schemas/reads.ts';
import { chunk, message } from '../fixtures.ts';

/** The same question in both forms. */
type Question = { filter: MessageFilter; match: Match };

const pair = fc.constantFrom('61', '62', '7b', '22', '??');
const text = fc.stringMatching(/^[ab"{]{0,3}$/);
const pointer = fc.constantFrom('', '/a', '/a/0', '/a~1b', '/b', '/a/b');
const value = fc.constantFrom('1', '1.0', '"a"', 'null', '[1]', '{"b":1,"a":2}', '{"a":2,"b":1}');
const remote = fc.constantFrom('127.0.0.1', '127.0.0.0/8', '10.0.0.0/8', '127.0.0.1:7', '[::1]:7', '::1', '::/0');
const question: fc.Arbitrary<Question> = fc.oneof(
  text.map((text) => ({ filter: { text }, match: { text: { contains: text } } })),
  fc
    .array(pair, { minLength: 1, maxLength: 4 })
    .map((pairs) => pairs.join(' '))
    .map((hex) => ({ filter: { hex }, match: { hex: { contains: hex } } })),
  fc
    .constantFrom('^a+', 'a.?b', '[{]', '"$', '\\x{ff}', '^$')
    .map((regex) => ({ filter: { regex }, match: { text: { regex } } })),
  fc.tuple(pointer, value).map(([pointer, text]) => ({
    filter: { json: { pointer, text } },
    match: { json: { pointer, equalsText: text } },
  })),
  remote.map((text) => ({ filter: { remote: parsePeer(text) }, match: { remote: text } })),
  fc.nat(8).map((min) => ({ filter: { minSize: min }, match: { size: { min } } })),
  fc.nat(8).map((max) => ({ filter: { maxSize: max }, match: { size: { max } } })),
);

const json = fc
  .tuple(fc.constantFrom('a', 'b', 'a/b'), value)
  .map(([name, value]) => Buffer.from(`{"${name}": ${value}}`));
const payload = fc.oneof(
  fc.stringMatching(/^[ab"{]{0,8}$/).map((text) => Buffer.from(text)),
  json,
  value.map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
);
const draft = fc
  .record({
    payload,
    cut: fc.nat(3),
    remote: fc.option(fc.constantFrom('127.0.0.1', '10.1.1.1', '::1'), { nil: undefined }),
    remotePort: fc.constantFrom(7, 9),
  })
  .map(({ payload, cut, remote, remotePort }) => {
    const address = remote === undefined ? undefined : addressBytes(remote);
    return message('', { payload: Uint8Array.from(payload), size: payload.length + cut, remote: address, remotePort });
  });

t.test('a filter and the equal match agree on every message', async (t) => {
  fc.assert(
    fc.property(question, fc.array(draft, { minLength: 1, maxLength: 12 }), ({ filter, match }, drafts) => {
      const asFilter = compileFilter(filter);
      const inFilter = compileFilter({ match });
      const excluded = compileFilter({ match: { not: match } });
      const alone = compileMatch(match);
      const reader = new HistoryReader(chunk(drafts), { major: 0, minor: 0 });
      // There and back: a search that remembers must not mistake one record, or one order, for another.
      const marks = reader.marks();
      for (const mark of [...marks, ...marks.toReversed(), ...marks]) {
        reader.goTo(mark);
        const expected = alone.holds(reader);
        if (asFilter.matches(reader) !== expected) throw new Error(`the filter says ${!expected}`);
        if (inFilter.matches(reader) !== expected) throw new Error(`the match of a filter says ${!expected}`);
        if (excluded.matches(reader) === expected) throw new Error(`\`not\` says ${expected}`);
        if (!expected && (alone.miss(reader).why === '' || asFilter.tests[0]!.miss(reader).why === '')) return false;
      }
      return true;
    }),
    { numRuns: 3000 },
  );
  t.pass();
});

t.test('all members of a filter agree with all members of a match', async (t) => {
  fc.assert(
    fc.property(
      fc.array(question, { maxLength: 5 }),
      fc.array(draft, { minLength: 1, maxLength: 8 }),
      (asked, drafts) => {
        // Of questions of one kind the last one counts, in both forms.
        const byMember = new Map(asked.map((each) => [Object.keys(each.filter)[0], each]));
        const questions = [...byMember.values()];
        const filter = compileFilter(Object.assign({}, ...questions.map((each) => each.filter)));
        const match = compileMatch({ all: questions.map((each) => each.match) });
        const reader = new HistoryReader(chunk(drafts), { major: 0, minor: 0 });
        while (reader.next()) if (filter.matches(reader) !== match.holds(reader)) return false;
        return true;
      },
    ),
    { numRuns: 1000 },
  );
  t.pass();
});
