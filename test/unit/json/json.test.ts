/** The JSON room against JSON.parse: on what is generated, and on what is written to hurt. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { canonicalJson, sameJson } from '../../../src/json/canonical.ts';
import { compactJson } from '../../../src/json/compact.ts';
import { isTooDeep, MAX_DEPTH } from '../../../src/json/depth.ts';
import { find } from '../../../src/json/find.ts';
import { locate } from '../../../src/json/locate.ts';
import { jsonTextOf, parseJson } from '../../../src/json/parse.ts';

const nested = (depth: number, inside = '') => `${'['.repeat(depth)}${inside}${']'.repeat(depth)}`;
const bytes = (text: string) => new TextEncoder().encode(text);

t.test('depth is bounded, and brackets in strings are none', async (t) => {
  t.equal(isTooDeep(nested(MAX_DEPTH)), false);
  t.equal(isTooDeep(nested(MAX_DEPTH + 1)), true);
  t.equal(isTooDeep('{"a":'.repeat(MAX_DEPTH + 1)), true, 'also where the text ends there');
  t.equal(isTooDeep(`"${'['.repeat(500)}"`), false);
  t.equal(isTooDeep(`"\\"${'['.repeat(500)}\\\\"`), false);
  t.equal(isTooDeep(`"\\\\"${'['.repeat(500)}`), true, 'a string that has ended');
  t.equal(isTooDeep('[]'.repeat(500)), false, 'side by side is not inside');
  t.throws(() => parseJson(nested(200_000)), { message: `nests deeper than ${MAX_DEPTH}` });
  t.throws(() => parseJson('{'), SyntaxError);
});

t.test('a payload is JSON when it is UTF-8, sound and not too deep', async (t) => {
  t.equal(jsonTextOf(bytes('{"a":1}')), '{"a":1}');
  t.equal(jsonTextOf(bytes(`{"a":${nested(20_000)}}`)), undefined);
  t.equal(jsonTextOf(Uint8Array.of(0x22, 0xff, 0x22)), undefined);
  t.equal(jsonTextOf(bytes('{"a":')), undefined);
});

t.test('values are found as they are written', async (t) => {
  const text = ' { "a" : [ 1.10 , {"b/c": "\\u0041"} ], "a~": {"x":1}, "e\\u0066": 9007199254740993, "n": null } ';
  const paths = [
    ['a', '0'],
    ['a', '1', 'b/c'],
    ['a~'],
    ['ef'],
    ['n'],
    [],
    ['a', 'length'],
    ['a', '01'],
    ['n', 'x'],
    ['z'],
  ];
  const found = ['1.10', '"\\u0041"', '{"x":1}', '9007199254740993', 'null', text.trim()];
  t.same(locate(text, paths), [...found, undefined, undefined, undefined, undefined]);
  t.same(
    locate('{"a":{"b":1},"a":{"c":2},"a":{"c":3}}', [
      ['a', 'b'],
      ['a', 'c'],
    ]),
    [undefined, '3'],
    'the last one counts',
  );
  t.same(locate('{"a":{"b":1},"a":4}', [['a', 'b'], ['a']]), [undefined, '4']);
  t.same(locate('{"__proto__":{"x":1}}', [['__proto__', 'x'], ['constructor']]), ['1', undefined]);
  t.same(locate('7', [[], ['a']]), ['7', undefined]);
});

t.test('one path is found as many are', async () => {
  const key = fc.constantFrom('a', 'b', '0', '1', '__proto__', 'a\\b', 'ü', '');
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('1.10', '"a"', 'null', '"\\"]}"', '{}', '[]'),
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('node') as fc.Arbitrary<string>, { maxLength: 4 }).map((items) => `[${items.join(' , ')}]`),
    object: fc
      .array(fc.tuple(key, tie('node') as fc.Arbitrary<string>, fc.boolean()), { maxLength: 4 })
      .map(
        (members) =>
          `{${members.map(([name, inner, escaped]) => `${escaped ? spelt(name) : JSON.stringify(name)} :${inner}`).join(',')} }`,
      ),
  })).node as fc.Arbitrary<string>;
  fc.assert(
    fc.property(value, fc.array(key, { maxLength: 4 }), (text, path) => find(text, path) === locate(text, [path])[0]),
  );
});

t.test('every value is found where JSON.parse has it', async () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom('', ' ', '\n\t'), (json, gap) => {
      const text = JSON.stringify(JSON.parse(json), null, gap);
      for (const [path, value] of placesIn(JSON.parse(text))) {
        if (!isDeepStrictEqual(JSON.parse(locate(text, [path])[0]!), value)) return false;
      }
      return compactJson(text) === JSON.stringify(JSON.parse(text));
    }),
  );
});

t.test('the same, however it is written', async (t) => {
  const same: [string, string][] = [
    ['1.10', '1.1'],
    ['100', '1e2'],
    ['1E+2', '1000e-1'],
    ['-0', '0.000e7'],
    ['0.05', '5e-2'],
    ['1e0005', '100000'],
    ['{"a":1,"b":[2]}', ' { "b" : [ 2.0 ], "a" : 1 } '],
    ['"A\\/"', '"\\u0041/"'],
    ['{"a":1,"a":2}', '{"a":2}'],
    ['{"\\u0061":1}', '{"a":1}'],
    ['{"__proto__":1}', '{"__proto__":1}'],
    ['1e99999999999999999999', '1e099999999999999999999'],
  ];
  const other: [string, string][] = [
    ['9007199254740993', '9007199254740992'],
    ['0.1', '0.10000000000000001'],
    ['1e400', '1e401'],
    ['1e-400', '0'],
    ['1', '"1"'],
    ['1', '-1'],
    ['[1,2]', '[2,1]'],
    ['[[1],2]', '[1,[2]]'],
    ['{"a":1}', '{"a":1,"b":1}'],
    ['{"a":"b"}', '["a","b"]'],
    ['{}', '[]'],
    ['null', 'false'],
    ['"e1"', '"E1"'],
    ['1e99999999999999999999', '1e99999999999999999998'],
  ];
  for (const [a, b] of same) t.equal(sameJson(a)(b) && sameJson(b)(a), true, `${a} is ${b}`);
  for (const [a, b] of other) t.equal(sameJson(a)(b) || sameJson(b)(a), false, `${a} is not ${b}`);
});

t.test('canonical text says what the text says', async () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (text) => {
      const canonical = canonicalJson(text);
      const plain = (value: unknown) => JSON.stringify(value).replaceAll('-0', '0');
      return (
        canonicalJson(canonical) === canonical &&
        plain(sorted(JSON.parse(canonical))) === plain(sorted(JSON.parse(text)))
      );
    }),
  );
});

t.test('long payloads take time in proportion to their length', async (t) => {
  const long = 400_000;
  const hostile = [
    `{"a":1${'0'.repeat(long)}1}`,
    `{"a":0.${'0'.repeat(long)}1}`,
    `{"a":1e${'9'.repeat(long)}}`,
    `{"a":1e-${'0'.repeat(long)}}`,
    `{"a":"${'\\"'.repeat(long)}"}`,
    `{"a":[${'0,'.repeat(long)}0]}`,
    `{${'"a":1,'.repeat(long)}"a":2}`,
    `{"a":${'{"b":'.repeat(90)}"${'x'.repeat(long)}"${'}'.repeat(90)}}`,
  ];
  const begun = performance.now();
  for (const text of hostile) {
    const [found] = locate(jsonTextOf(bytes(text))!, [['a']]);
    find(text, ['a', 'b', 'b']);
    sameJson('1')(found!);
  }
  t.ok(performance.now() - begun < 5000, `${performance.now() - begun} ms`);
});

/** A name in escapes. */
function spelt(name: string): string {
  return `"${[...name].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`;
}

function* placesIn(value: unknown, path: string[] = []): Generator<[string[], unknown]> {
  yield [path, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) yield* placesIn(inner, [...path, key]);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .map(([key, inner]) => [key, sorted(inner)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
