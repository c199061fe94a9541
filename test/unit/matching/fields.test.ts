/** Fields against what node reads at the same place; patterns over bytes; what is taken out of a message. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { compileMatch } from '../../../src/matching/compile.ts';
import { compileField, namedFieldTest } from '../../../src/matching/fields.ts';
import { compileCaptures } from '../../../src/matching/regex.ts';
import type { MatchError } from '../../../src/matching/test.ts';
import { Request } from '../../../src/runtime/pipeline/request.ts';
import type { Match } from '../../../src/schemas/match.ts';
import type { FieldDefinition } from '../../../src/schemas/rules.ts';
import type { FieldTest } from '../../../src/schemas/when.ts';

function subject(payload: Uint8Array | string): Request {
  const made = new Request({ thread: 'shared-1', listener: 'l', localPort: 1 });
  made.payload = Buffer.from(payload as Uint8Array);
  return made;
}
const read = (definition: FieldDefinition, payload: Uint8Array) =>
  compileField('f', definition, '').value(subject(payload));

const READ: Record<string, (bytes: Buffer) => number | bigint | string> = {
  u8: (bytes) => bytes.readUInt8(),
  i8: (bytes) => bytes.readInt8(),
  u16be: (bytes) => bytes.readUInt16BE(),
  i16le: (bytes) => bytes.readInt16LE(),
  u24be: (bytes) => bytes.readUIntBE(0, 3),
  u24le: (bytes) => bytes.readUIntLE(0, 3),
  u32be: (bytes) => bytes.readUInt32BE(),
  u32le: (bytes) => bytes.readUInt32LE(),
  u64be: (bytes) => bytes.readBigUInt64BE(),
  u64le: (bytes) => bytes.readBigUInt64LE(),
  f32be: (bytes) => bytes.readFloatBE(),
  f64le: (bytes) => bytes.readDoubleLE(),
};

t.test('a field reads what lies there, from the front as from the end, or nothing', async () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(READ)),
      fc.uint8Array({ maxLength: 24 }),
      fc.integer({ min: -24, max: 24 }),
      (as, payload, at) => {
        const start = at < 0 ? payload.length + at : at;
        const size = Number(/\d+/.exec(as)![0]) / 8;
        const fits = start >= 0 && start + size <= payload.length;
        const expected = fits ? READ[as]!(Buffer.from(payload.subarray(start, start + size))) : undefined;
        assert.deepEqual(read({ at, as: as as FieldDefinition['as'] }, payload), expected);
      },
    ),
    { numRuns: 1000 },
  );
});

t.test('a mask takes bits and shifts them to the lowest of it', async () => {
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), fc.integer({ min: 1, max: 0xffff_ffff }), (value, mask) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      let expected = BigInt(value) & BigInt(mask);
      for (let rest = BigInt(mask); rest % 2n === 0n; rest /= 2n) expected /= 2n;
      assert.equal(read({ at: 0, as: 'u32be', mask }, bytes), Number(expected));
      const field = { at: -4, as: 'u32be' as const, mask, equals: Number(expected) };
      assert.ok(compileMatch({ field }).holds(subject(bytes)));
      assert.ok(!compileMatch({ field: { ...field, equals: Number(expected) + 1 } }).holds(subject(bytes)));
    }),
  );
});

t.test('a pattern over bytes sees one character each, also where they are UTF-8', async (t) => {
  const holds = (regex: string, payload: Uint8Array | string) =>
    compileMatch({ hex: { regex } }).holds(subject(payload));
  t.ok(holds('^\\xc3\\xa9$', 'é'));
  t.notOk(holds('^.$', 'é'));
  t.ok(holds('^\\x01(?s:.)\\xff$', Buffer.from('010aff', 'hex')));
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 8 }), fc.uint8Array({ maxLength: 8 }), (wanted, around) => {
      const regex = [...wanted].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
      assert.ok(holds(`${regex}$`, Buffer.concat([around, wanted])));
      assert.equal(holds(regex, around), Buffer.from(around).includes(Buffer.from(wanted)));
    }),
  );
});

/** Where the mistake is that a step finds. */
function mistake(step: () => unknown): string | undefined {
  try {
    step();
  } catch (error) {
    return (error as MatchError).pointer;
  }
  return undefined;
}

t.test('text without regard to case, characters of patterns included', async (t) => {
  const holds = (text: object, payload: string) =>
    compileMatch({ text: { ...text, ignoreCase: true } }).holds(subject(payload));
  t.ok(holds({ startsWith: 'user (' }, 'USER (a'));
  t.ok(holds({ equals: 'a.c' }, 'A.C'));
  t.notOk(holds({ equals: 'a.c' }, 'abc'));
  t.ok(holds({ regex: '^quit$' }, 'QuIt'));
  t.notOk(holds({ endsWith: 'end' }, 'END\n'));
  t.notOk(holds({ equals: 'k\u00e9' }, 'K\u00c9'), 'letters of ASCII only');
  t.notOk(holds({ contains: 'k' }, '\u212a'), 'the sign of Kelvin is another letter');
  const long = 'x(y)'.repeat(5000);
  t.ok(holds({ contains: long, equals: `-${long}`, endsWith: long }, `-${long.toUpperCase()}`));
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'A', 'b', '\u00e9') }),
      fc.string({ unit: fc.constantFrom('a', 'B') }),
      (payload, wanted) => {
        const [all, part] = [payload, wanted].map((each) => each.replaceAll('a', 'A').replaceAll('b', 'B')) as [
          string,
          string,
        ];
        assert.equal(holds({ contains: wanted }, payload), all.includes(part));
        assert.equal(holds({ startsWith: wanted }, payload), all.startsWith(part));
        assert.equal(holds({ endsWith: wanted }, payload), all.endsWith(part));
        assert.equal(holds({ equals: wanted }, payload), all === part);
      },
    ),
  );
});

t.test(
  'a mask has no bits that the number lacks, and numbers are compared in the precision of the field',
  async (t) => {
    const refused = (match: Match, pointer: string) =>
      t.equal(
        mistake(() => compileMatch(match)),
        pointer,
        JSON.stringify(match),
      );
    refused({ text: { ignoreCase: true } }, '/text/ignoreCase');
    refused({ field: { at: 0, as: 'u8', mask: 256 } }, '/field/mask');
    refused({ field: { at: 0, as: 'u16be', mask: 0x1ffff } }, '/field/mask');
    refused({ field: { at: 0, as: 'i8', mask: 1 } }, '/field/mask');
    t.equal(
      mistake(() => compileField('f', { at: 0, as: 'u24be', mask: 2 ** 24 }, '/fields/f')),
      '/fields/f/mask',
    );
    t.equal(read({ at: 0, as: 'u24be', mask: 2 ** 24 - 1 }, Buffer.from('ffffff', 'hex')), 2 ** 24 - 1);

    const float = Buffer.alloc(8);
    float.writeFloatBE(1.1, 0);
    float.writeFloatBE(Number.NaN, 4);
    const at = (offset: number, more: object) =>
      compileMatch({ field: { at: offset, as: 'f32be', ...more } }).holds(subject(float));
    t.ok(at(0, { equals: 1.1 }));
    t.ok(at(0, { min: 1.1, max: 1.1 }));
    t.notOk(at(4, { min: 0 }), 'what is not a number is in no range');
    t.notOk(at(4, { max: 0 }));
  },
);

t.test('what a named field must be is something that it can be', async (t) => {
  const field = (definition: object) => compileField('f', definition as FieldDefinition, '/fields/f');
  const holds = (definition: object, wanted: FieldTest, payload: string) =>
    namedFieldTest(field(definition), wanted, '/at').holds(subject(Buffer.from(payload, 'hex')));
  const refused = (definition: object, wanted: FieldTest, pointer: string) =>
    t.equal(
      mistake(() => namedFieldTest(field(definition), wanted, '/at')),
      pointer,
      JSON.stringify([definition, wanted]),
    );
  t.ok(holds({ at: 0, as: 'bytes', size: 2 }, '01 ??', '01ff'));
  t.notOk(holds({ at: 0, as: 'bytes', size: 2 }, '01 ??', '02ff'));
  t.ok(holds({ at: -1, as: 'ascii', size: 1 }, '\u00e9', '00e9'));
  t.ok(holds({ at: 0, as: 'bcd', size: 2 }, '12', '0012'));
  t.ok(holds({ at: 0, as: 'f32be' }, 1.1, '3f8ccccd'));
  refused({ at: 0, as: 'bytes', size: 3 }, '01 02', '/at');
  refused({ at: 0, as: 'ascii', size: 3 }, 'ab', '/at');
  refused({ at: 0, as: 'ascii', size: 3 }, '\u20ac', '/at');
  refused({ at: 0, as: 'bcd', size: 1 }, '123', '/at');
  refused({ at: 0, as: 'u64be' }, 2 ** 53, '/at');
  refused({ at: 0, as: 'u64le' }, { min: 1, max: 2 ** 60 }, '/at/max');
});

t.test('groups give back the bytes they were', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ maxLength: 20 }), (first, second) => {
      fc.pre(!first.includes(0) && !second.includes(0));
      const payload = Buffer.concat([first, Buffer.from([0]), second]);
      for (const view of ['bytes', 'text'] as const) {
        const { groups, named } = compileCaptures('^((?s:[^\\x00]*))\\x00(?P<rest>(?s:.*))$', view).read(payload);
        assert.deepEqual(
          groups.map((group) => [...group]),
          [[...first], [...second]],
        );
        assert.deepEqual([...named.get('rest')!], [...second]);
      }
    }),
  );
  const { groups } = compileCaptures('(a)|(b)', 'text').read(Buffer.from('b'));
  t.same(groups.map(String), ['', 'b'], 'one that took no part is empty');
});
