import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { compileField } from '../../../../../src/matching/fields.ts';
import { addressBytes } from '../../../../../src/net/address.ts';
import { Request } from '../../../../../src/runtime/pipeline/request.ts';
import { compileTemplate, payloadTemplate } from '../../../../../src/runtime/pipeline/template/compile.ts';
import { TemplateError, TemplateFault } from '../../../../../src/runtime/pipeline/template/template-error.ts';
import type { FieldDefinition } from '../../../../../src/schemas/rules.ts';

const DEFINITIONS: Record<string, FieldDefinition> = {
  tid: { at: 0, as: 'u16be' },
  flag: { at: 2, as: 'u8', mask: 0xf0 },
  wide: { at: 0, as: 'u24le' },
  name: { at: 3, as: 'ascii', size: 3 },
  digits: { at: 0, as: 'bcd', size: 2 },
  last: { at: -1, as: 'u8' },
  real: { at: 0, as: 'f32be' },
};
const fields = new Map(
  Object.entries(DEFINITIONS).map(([name, definition]) => [name, compileField(name, definition, '')]),
);
const captures = { groups: 2, names: new Set(['user']) };
const scope = { fields, captures, hasState: true };

function request(payload: Uint8Array | string): Request {
  const made = new Request({ thread: 'shared-1', listener: 'l', localPort: 502 });
  made.payload = Buffer.from(payload as Uint8Array);
  made.n = 7;
  made.remote = addressBytes('127.0.0.1');
  made.remotePort = 4711;
  made.state = 'authed';
  const captured = {
    groups: [Buffer.from('41'), Buffer.from([0xff, 0])],
    named: new Map([['user', Buffer.from('ada')]]),
  };
  made.capturesBy = { read: () => captured };
  return made;
}

type Form = 'text' | 'hex' | 'json';
const render = (form: Form, source: string, payload: Uint8Array | string = 'Hi') =>
  Buffer.from(compileTemplate(source, { ...scope, form }).render(request(payload)));
const hex = (source: string, payload: Uint8Array | string = 'Hi') => render('hex', source, payload).toString('hex');
const text = (source: string, payload: Uint8Array | string = 'Hi') => render('text', source, payload).toString();
const json = (source: string, payload: Uint8Array | string = 'Hi') => render('json', source, payload).toString();

t.test('what a rule took out of a message', async (t) => {
  t.equal(text('{{match.1}} {{match.user}} {{state}}'), '41 ada authed');
  t.equal(hex('{{match.2}}'), 'ff00', 'bytes as they are');
  t.equal(
    text('{{field.tid}} {{field.flag}} {{field.name}} {{field.last}}', Buffer.from('\x01\x02\xc5abc', 'latin1')),
    '258 12 abc 99',
  );
  t.equal(text('{{field.wide}} {{field.digits}}', Buffer.from('123400', 'hex')), '13330 1234');
  t.equal(hex('ff {{field.tid}} 00', '\x01\x02'), 'ff010200', 'a number gives the bytes it was read from');
  t.equal(hex('{{field.flag}} {{u8 field.flag}}', Buffer.from('0001a3', 'hex')), 'a30a', 'masked only as a number');
  t.equal(hex('{{u16be add match.1 1}}'), '002a', 'digits are numbers where one is needed');
});

t.test('names that no rule gives are refused', async () => {
  const without = { fields: new Map(), captures: null, hasState: false };
  for (const inner of ['field.tid', 'match.1', 'match.user', 'state']) {
    assert.throws(() => compileTemplate(`{{${inner}}}`, without), TemplateError, inner);
  }
  for (const inner of ['field.nope', 'match.0', 'match.3', 'match.nope', 'field.', 'match.01x', 'field.constructor']) {
    assert.throws(() => compileTemplate(`{{${inner}}}`, scope), TemplateError, inner);
  }
});

t.test('parts of the payload', async (t) => {
  t.equal(text('{{bytes 1 3}} {{bytes 2}} {{bytes 1 +2}} {{bytes -2}} {{bytes 0 -1}}', 'abcd'), 'bc cd bc cd abc');
  t.equal(text('{{bytes 1 +field.last}}', 'abc\x02'), 'bc');
  t.equal(text('{{upper bytes 0 2}}{{len bytes 4}}', 'abcd'), 'AB0');
  for (const wrong of ['bytes 1 9', 'bytes 3 1', 'bytes -9', 'bytes 5', 'bytes 0 +5']) {
    assert.throws(() => text(`{{${wrong}}}`, 'abcd'), TemplateFault, wrong);
  }
});

t.test('numbers as bytes, low bits first to count', async (t) => {
  t.equal(hex('{{u8 511}}{{u16be 258}}{{u16le 258}}{{u24be 1}}{{u32le -1}}'), 'ff01020201000001ffffffff');
  t.equal(hex('{{u64be 18446744073709551615}}{{u64le 1}}'), 'ffffffffffffffff0100000000000000');
  t.equal(hex('{{u32be n}}{{u16be remote.port}}{{u8 len text}}', 'abc'), '000000071267' + '03');
  t.equal(text('{{add 1 add 2 3}} {{add 18446744073709551615 1}} {{len upper text}}'), '6 18446744073709551616 2');
  assert.throws(() => hex('{{n}}'), /in hex say how wide/);
  assert.throws(() => hex('{{u8 text}}', 'x1'), TemplateFault);
  assert.throws(() => text('{{u8 field.real}}', Buffer.from('3fc00000', 'hex')), TemplateFault, 'no whole number');
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      const big = Buffer.alloc(8);
      big.writeBigInt64BE(value);
      assert.equal(hex(`{{u64be ${value}}}`), big.toString('hex'));
      assert.equal(hex(`{{u32be ${value}}}`), big.subarray(4).toString('hex'));
      assert.equal(hex(`{{u16le ${value}}}`), Buffer.from(big.subarray(6)).reverse().toString('hex'));
    }),
  );
});

t.test('checksums have the check values of their catalogues', async (t) => {
  const of = (name: string) => render('text', `123456789{{${name}}}`).subarray(9).toString('hex');
  t.equal(of('crc16modbus'), '374b');
  t.equal(of('crc32be'), 'cbf43926');
  t.equal(of('crc32le'), '2639f4cb');
  t.equal(of('xor8'), '31');
  t.equal(of('sum8'), 'dd');
  t.equal(hex('ff {{crc32be 1}}'), `ff${crc32('').toString(16).padStart(8, '0')}`);
  assert.throws(() => hex('ff {{sum8 2}}'), TemplateFault, 'begins behind its place');
  assert.throws(() => hex('{{sum8 -1}}'), TemplateError);
});

t.test('a Modbus answer over TCP: its length is of what follows', async (t) => {
  const asked = Buffer.from('000100000006010300000002', 'hex');
  t.equal(
    hex('{{field.tid}} 0000 {{len16be}} {{bytes 6 8}} 04 {{u16be 10}} {{u16be 20}}', asked),
    '00010000000701030' + '4000a0014',
  );
});

t.test('lengths count what follows, checksums what came before, whatever lies between', async () => {
  const chunk = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(chunk, chunk, chunk, fc.integer({ min: 0, max: 9 }), (before, inner, after, plus) => {
      const digits = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
      const source = `${digits(before)}{{len16be ${plus}}}${digits(inner)}{{varint}}${digits(after)}{{len32le}}{{crc16modbus ${before.length}}}{{sum8}}`;
      const out = render('hex', source);
      const following = out.length - before.length - 2;
      assert.equal(out.readUInt16BE(before.length), following + plus);
      const tail = after.length + 4 + 2 + 1;
      const varint = tail < 128 ? [tail] : [(tail % 128) | 128, tail >> 7];
      const at = before.length + 2 + inner.length;
      assert.deepEqual([...out.subarray(at, at + varint.length)], varint);
      assert.equal(out.length, at + varint.length + tail);
      assert.equal(out.readUInt32LE(out.length - 7), 3);
      assert.equal(modbusResidue(out.subarray(before.length, -1)), 0, 'over a frame with its checksum it is 0');
      assert.equal(out.at(-1), out.subarray(0, -1).reduce((sum, byte) => sum + byte, 0) % 256);
    }),
  );
  assert.throws(() => hex(`{{len8}}${'00'.repeat(256)}`), TemplateFault, 'does not fit');
  assert.throws(() => hex('{{len8 -1}}'), TemplateFault);
});

/** Bit by bit, as the standard has it. */
function modbusResidue(bytes: Uint8Array): number {
  let register = 0xffff;
  for (const byte of bytes) {
    register ^= byte;
    for (let i = 0; i < 8; i++) register = register % 2 === 1 ? (register >>> 1) ^ 0xa001 : register >>> 1;
  }
  return register;
}

t.test('padding and repetition', async (t) => {
  t.equal(text('{{n}}{{pad 4 0x2e}}|{{repeat 3 text}}|{{repeat 0 text}}', 'ab'), '7...|ababab|');
  t.equal(hex('0102{{pad 2 0}}{{pad 1 0}}{{repeat 2 0x0a0b}}'), '01020a0b0a0b', 'nothing where it is long enough');
  t.equal(hex('{{len8}}{{pad 4 0xff}}'), '03ffffff');
  assert.throws(() => hex('{{varint}}{{pad 4 0}}'), /each would wait for the other/);
  for (const wrong of ['pad', 'pad 4', 'pad -1 0', 'pad 4 256', 'pad 2000000 0', 'pad 4 0x0000000101', 'repeat 3']) {
    assert.throws(() => text(`{{${wrong}}}`), TemplateError, wrong);
  }
});

t.test('the clock, in four notations', async (t) => {
  const seconds = Number(text('{{now unix}}'));
  t.ok(Math.abs(seconds - Date.now() / 1000) < 5);
  t.ok(Math.abs(Number(text('{{now unixms}}')) - Date.now()) < 5000);
  t.ok(Math.abs(Number(text('{{now rfc868}}')) - 2_208_988_800 - seconds) < 5);
  const ntp = render('hex', '{{u64be now ntp}}');
  t.ok(Math.abs(ntp.readUInt32BE(0) - 2_208_988_800 - seconds) < 5);
  assert.throws(() => text('{{now nope}}'), TemplateError);
});

t.test('JSON: places are escaped, and a string that is one json place becomes the value', async (t) => {
  t.equal(json('{"a": "<{{text}}>", "{{n}}": 1.50}', 'x"\n'), '{"a": "<x\\"\\n>", "7": 1.50}');
  const asked = '{"id": 1.50, "list": [1, {"b": null}], "name": "a\\"b", "half": "\\ud800"}';
  t.equal(json('{"id":"{{json /id}}","l":"{{ json /list }}"}', asked), '{"id":1.50,"l":[1,{"b":null}]}');
  t.equal(json('["{{json /name}}", "n: {{json /name}}"]', asked), '["a\\"b", "n: a\\"b"]');
  t.equal(json('["x{{json /half}}"]', asked), '["x\\ud800"]');
  t.equal(json('{"{{json /name}}":1}', asked), '{"a\\"b":1}', 'the name of a member is text');
  t.equal(json('{"a":{"b":"{{"}}'), '{"a":{"b":"{{"}}', 'braces of objects are no places');
  t.equal(json('"\\\\{{n}}"'), '"\\\\7"');
  assert.throws(() => json('{"a":"{{json /nope}}"}', asked), TemplateFault);
  assert.throws(() => json('"{{text}}"', Buffer.from([0xff])), TemplateFault, 'no text');
  for (const bytes of ['u8 n', 'len8', 'crc32be', 'pad 4 0', 'upper u8 n']) {
    assert.throws(() => json(`"{{${bytes}}}"`), /JSON is text/, bytes);
  }
});

t.test('JSON stays JSON, whatever comes and wherever it is put', async (t) => {
  const place = fc.constantFrom(
    '{{text}}',
    '{{n}}',
    '{{json /a}}',
    '{{upper text}}',
    '{{match.1}}',
    '{{',
    '}}',
    '\\',
    '"',
  );
  const words = fc
    .array(fc.oneof(place, fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 4 })
    .map((all) => all.join(''));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      words,
      fc.double(),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(words, tie('value'), { maxKeys: 3 }),
    ),
  }));
  const payload = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json().map((text) => `{"a":${text}}`),
    fc.uint8Array(),
  );
  let rendered = 0;
  fc.assert(
    fc.property(value, payload, (made, bytes) => {
      let out: Buffer;
      try {
        out = render('json', JSON.stringify(made), bytes);
      } catch (error) {
        assert.ok(error instanceof TemplateFault || error instanceof TemplateError, String(error));
        return;
      }
      assert.ok(isUtf8(out));
      JSON.parse(out.toString());
      rendered++;
    }),
  );
  t.ok(rendered > 10);
});

t.test('hex forgives what is written between digits; halves of a byte are refused', async (t) => {
  t.equal(hex('0x01, 02:03\n{{bytes 0 1}} 04', 'A'), '0102034104');
  assert.throws(() => hex('0{{n}}1'), TemplateError);
  assert.throws(() => hex('zz'), /is not pairs of hex digits/);
  t.equal(hex(''), '');
});

t.test('bounds: places, words, output, and what is made on the way', async (t) => {
  assert.throws(() => text('{{n}}'.repeat(1001)), /more than 1000 places/);
  assert.throws(() => text(`{{${'add '.repeat(70)}1}}`), /more than 64 words/);
  t.equal(text('{{repeat 1048576 0x61}}').length, 1_048_576);
  for (const large of [
    '{{repeat 1048577 0x61}}',
    'x{{repeat 1048576 0x61}}',
    '{{repeat 1048576 0x61}}{{len8}}',
    '{{repeat -1 n}}',
  ]) {
    assert.throws(() => text(large), TemplateFault, large);
  }
  const million = Buffer.alloc(1_000_000);
  assert.throws(() => text('{{crc32 text}}'.repeat(1000), million), /bytes of work/);
  assert.throws(() => text('{{json /z}}'.repeat(500), `[${'1,'.repeat(32_000)}1]`), /bytes of work/);
  t.match(text('{{crc32 text}}', million), /^[0-9a-f]{8}$/, 'counted anew each time');
});

t.test('whatever is written, nothing but the two errors is thrown', async (t) => {
  const word = fc.constantFrom(
    ...[
      'text',
      'hex',
      'size',
      'n',
      'json',
      '/a',
      '',
      '/',
      'bytes',
      '-1',
      '2',
      '+1',
      '+field.tid',
      '+n',
      '0x',
      '0x00ff',
      '0',
    ],
    ...[
      'field.tid',
      'field.name',
      'field.real',
      'match.1',
      'match.user',
      'state',
      'u8',
      'u16be',
      'u64le',
      'u24le',
      'add',
      'len',
    ],
    ...[
      'len8',
      'len16be',
      'varint',
      'crc16modbus',
      'crc32le',
      'xor8',
      'pad',
      'repeat',
      'now',
      'ntp',
      'random',
      'upper',
      'crc32',
    ],
    ...['__proto__', 'constructor', 'toString', '99999999999999999999'],
  );
  const places = fc.array(fc.array(word, { maxLength: 5 }), { maxLength: 3 });
  let rendered = 0;
  fc.assert(
    fc.property(
      places,
      fc.constantFrom<Form>('text', 'hex', 'json'),
      fc.uint8Array({ maxLength: 20 }),
      (all, form, bytes) => {
        const source = all.map((words) => `{{${words.join(' ')}}}`).join('');
        try {
          render(form, form === 'json' ? JSON.stringify(source) : source, bytes);
          rendered++;
        } catch (error) {
          assert.ok(error instanceof TemplateFault || error instanceof TemplateError, String(error));
        }
      },
    ),
    { numRuns: 5000 },
  );
  t.ok(rendered > 100);
});

t.test('the form of a template is that of its payload', async (t) => {
  const of = (payload: Parameters<typeof payloadTemplate>[0]) =>
    Buffer.from(payloadTemplate(payload).render(request('A'))).toString();
  t.equal(of({ text: '{{text}}41' }), 'A41');
  t.equal(of({ hex: '{{text}}41' }), 'AA');
  t.equal(of({ base64: Buffer.from('{{text}}').toString('base64') }), 'A');
  t.equal(of({ jsonText: '["{{text}}"]' }), '["A"]');
  t.equal(of({ json: '{{n}}' }), '"7"');
  assert.throws(() => payloadTemplate({ hex: '00', text: 'x' }), /exactly one/);
});
