import fc from 'fast-check';
import t from 'tap';
import { compileMatch } from '../../../src/matching/compile.ts';
import { differsAt, hexPattern, indexOfPattern } from '../../../src/matching/pattern.ts';
import { MatchError } from '../../../src/matching/test.ts';
import type { Match } from '../../../src/schemas/match.ts';
import { message, readerOf } from '../journal/fixtures.ts';

const subject = (content: string | Uint8Array) => {
  const payload = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return readerOf(message('', { payload, size: payload.length, remotePort: 9 }));
};
const holds = (match: Match, payload: string | Uint8Array) => compileMatch(match).holds(subject(payload));
const why = (match: Match, payload: string | Uint8Array) => compileMatch(match).miss(subject(payload)).why;

t.test('what holds and what does not', async (t) => {
  const cases: [match: Match, payload: string | Uint8Array, expected: boolean][] = [
    [{}, 'anything', true],
    [{ text: { equals: 'abc' } }, 'abc', true],
    [{ text: { equals: 'abc' } }, 'abcd', false],
    [{ text: { startsWith: 'US', endsWith: 'ob' } }, 'USER bob', true],
    [{ text: { endsWith: 'longer than it' } }, 'short', false],
    [{ text: { contains: 'll' } }, 'hello', true],
    [{ text: { regex: '^h.*o$' } }, 'hello', true],
    [{ text: { regex: '^h.*x$' } }, 'hello', false],
    [{ hex: { contains: '02 ?? 04' } }, Uint8Array.of(1, 2, 3, 4), true],
    [{ hex: { startsWith: '01 ??' } }, Uint8Array.of(1), false],
    [{ size: 3 }, 'abc', true],
    [{ size: { min: 4 } }, 'abc', false],
    [{ size: { max: 2 } }, 'abc', false],
    [{ field: { at: 1, as: 'u16be', equals: 443 } }, Uint8Array.of(0, 1, 187), true],
    [{ field: { at: 2, as: 'u16be', equals: 443 } }, Uint8Array.of(0, 1, 187), false],
    [{ field: { at: 0, as: 'i8', min: -1, max: 0 } }, Uint8Array.of(255), true],
    [
      { field: { at: 0, as: 'u64be', equals: 9007199254740991 } },
      Uint8Array.of(0, 31, 255, 255, 255, 255, 255, 255),
      true,
    ],
    [{ field: { at: 0, as: 'u64be', equals: 9007199254740991 } }, Uint8Array.of(0, 32, 0, 0, 0, 0, 0, 0), false],
    [{ field: { at: 0, as: 'u64be', min: 1, max: 9007199254740991 } }, Uint8Array.of(0, 32, 0, 0, 0, 0, 0, 1), false],
    [{ json: { pointer: '/a/0', equals: 1 } }, '{"a":[1]}', true],
    [{ json: { pointer: '/b', exists: false } }, '{"a":[1]}', true],
    [{ json: { pointer: '/b', exists: false } }, 'no json', false],
    [{ remote: '127.0.0.0/8' }, 'x', true],
    [{ remote: '127.0.0.1:10' }, 'x', false],
    [{ not: { text: { contains: 'a' } } }, 'b', true],
    [{ any: [{ text: { equals: 'a' } }, { text: { equals: 'b' } }] }, 'b', true],
    [{ any: [{ text: { equals: 'a' } }, { text: { equals: 'b' } }] }, 'c', false],
    [{ all: [{ text: { contains: 'a' } }, { size: 1 }] }, 'ab', false],
  ];
  for (const [match, payload, expected] of cases) t.equal(holds(match, payload), expected, JSON.stringify(match));
});

t.test('a miss says in words what a person looks for', async (t) => {
  t.equal(why({ hex: { equals: '00 01 02 03 01' } }, Uint8Array.of(0, 1, 2, 3, 3)), 'byte 4: expected 01, was 03');
  t.equal(why({ text: { contains: 'abc' } }, 'abd'), 'text does not contain "abc"');
  t.equal(why({ hex: { contains: '0a ??' } }, 'abd'), 'bytes do not contain 0a ??');
  t.equal(why({ size: { min: 10 } }, 'abc'), 'size 3 is below 10');
  t.equal(why({ text: { startsWith: 'abcd' } }, 'abc'), 'byte 3: expected 64, was nothing (it ends there)');
  t.equal(why({ text: { equals: 'ab' } }, 'abc'), '1 more bytes than expected after byte 1');
  t.equal(why({ json: { pointer: '/a', equals: 2 } }, '{"a":1}'), 'JSON /a is 1, expected 2');
  t.equal(why({ json: { pointer: '/b' } }, '{"a":1}'), 'JSON has no /b');
  t.equal(why({ json: { pointer: '/b' } }, '{'), 'it is not JSON');
  t.equal(why({ text: { regex: 'x+' } }, 'abc'), 'text does not match /x+/');
  t.equal(why({ remote: '10.0.0.1' }, 'abc'), 'it did not come from 10.0.0.1');
  t.equal(why({ not: {} }, 'abc'), 'it matches what `not` excludes');
  t.equal(why({ field: { at: 0, as: 'u8', max: 96 } }, 'abc'), 'u8 at byte 0 97 is above 96');
  t.equal(why({ field: { at: 9, as: 'f64le', max: 96 } }, 'abc'), 'the payload ends before the f64le at byte 9');
  const diff = compileMatch({ text: { equals: 'abc' } }).miss(subject('abd')).diff;
  t.same(diff, { offset: 0, expected: '61 62 63', actual: '61 62 64' });
});

t.test('of several alternatives the nearest gives the reason', async (t) => {
  t.equal(
    why({ any: [{ text: { equals: 'xyz' } }, { text: { equals: 'abd' } }] }, 'abc'),
    'byte 2: expected 64, was 63',
  );
});

t.test('what can not be read is named', async (t) => {
  const wrong: [match: Match, pointer: string][] = [
    [{ hex: { equals: '0g' } }, '/hex/equals'],
    [{ text: { regex: '(' } }, '/text/regex'],
    [{ text: { regex: '(a)\\1' } }, '/text/regex'],
    [{ all: [{ remote: 'nobody' }] }, '/all/0/remote'],
    [{ any: [{ remote: '1.2.3.4/33' }] }, '/any/0/remote'],
    [{ not: { json: { pointer: 'a' } } }, '/not/json/pointer'],
    [{ field: { at: 0, as: 'u64le', max: 2 ** 53 } }, '/field/max'],
    [{ text: { contains: '\ud800' } }, '/text/contains'],
  ];
  for (const [match, pointer] of wrong) {
    try {
      compileMatch(match);
      t.fail(`${pointer} was accepted`);
    } catch (error) {
      t.ok(error instanceof MatchError);
      t.equal((error as MatchError).pointer, pointer);
    }
  }
});

t.test('a pattern with free bytes is found exactly where a plain search would find it', async () => {
  const byte = fc.integer({ min: 0, max: 3 });
  fc.assert(
    fc.property(
      fc.uint8Array({ max: 3, maxLength: 40 }),
      fc.array(fc.oneof(byte, fc.constant(null)), { maxLength: 5 }),
      (payload, wanted) => {
        const pattern = hexPattern(wanted.map((value) => (value === null ? '??' : `0${value}`)).join(' '));
        let expected = -1;
        for (let at = 0; at + wanted.length <= payload.length && expected === -1; at++) {
          if (wanted.every((value, i) => value === null || payload[at + i] === value)) expected = at;
        }
        const found = indexOfPattern(payload, pattern);
        return found === expected && (found === -1 || differsAt(payload, pattern, found) === -1);
      },
    ),
  );
});
