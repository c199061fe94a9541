/** JSON payloads in a configuration file, on their way in and out. */
import t from 'tap';
import { ConfigError } from '../../../src/config/config.ts';
import { parseConfiguration } from '../../../src/config/file.ts';
import { configurationText } from '../../../src/config/write.ts';
import { sameJson } from '../../../src/json/canonical.ts';
import { RawJson } from '../../../src/json/raw.ts';
import { fillSpec } from '../../../src/listeners/spec.ts';
import type { ListenerSpec } from '../../../src/schemas/listener.ts';
import type { ListenerView } from '../../../src/schemas/listener-status.ts';
import { type PayloadInput, payloadBytes } from '../../../src/schemas/payload.ts';

const file = (json: string) =>
  `listeners:\n  - name: a\n    protocol: udp\n    responder:\n      type: reply\n      json: ${json}\n`;

function bytesIn(yaml: string): string {
  const { responder } = fillSpec(parseConfiguration('f', yaml).listeners[0]!);
  return Buffer.from(payloadBytes(responder as PayloadInput)).toString();
}

t.test('numbers and members leave as the file has them', async (t) => {
  const cases: [yaml: string, json: string][] = [
    ['9007199254740993', '9007199254740993'],
    ['{price: 1.10, b: [1e400, -0.0, ~, true]}', '{"price":1.10,"b":[1e400,-0.0,null,true]}'],
    ['{"b": 1, 1: 2}', '{"b":1,"1":2}'],
    ['[+1, .5, 5., 0x1f, "x", \'1.10\']', '[1,0.5,5,31,"x","1.10"]'],
    ['{__proto__: {a: 1}}', '{"__proto__":{"a":1}}'],
    ['[&x {a: 1.0}, *x]', '[{"a":1.0},{"a":1.0}]'],
    ['2026-01-02', '"2026-01-02"'],
    ['{<<: {a: 1.0, b: 2}, b: 3}', '{"a":1.0,"b":3}'],
  ];
  for (const [yaml, json] of cases) t.equal(bytesIn(file(yaml)), json, yaml);
});

t.test('what JSON can not say is a clear line', async (t) => {
  const cases: [yaml: string, message: RegExp][] = [
    ['.inf', /^f:6: \/listeners\/0\/responder\/json can't write .inf as a number of JSON/],
    ['0xffffffffffffffffff', /can't write 0xf+ as a number/],
    [`${'['.repeat(150)}${']'.repeat(150)}`, /nests deeper than 100/],
    ['{? [a] : 1}', /name is no text/],
    ['"\\ud800"', /half a character/],
  ];
  for (const [yaml, message] of cases) t.throws(() => bytesIn(file(yaml)), { constructor: ConfigError, message }, yaml);
});

t.test('an export has no more than was asked for, and is read back to the same', async (t) => {
  const specs = [
    {
      protocol: 'tcp',
      name: 'pop3',
      responder: {
        type: 'rules',
        seed: 7,
        state: { initial: 'auth' },
        rules: [
          { name: 'greet', on: 'connect', then: [{ reply: { text: '+OK' } }] },
          { times: 2, then: [{ setState: 'in' }] },
          { name: 'rule-1', then: [], when: { not: {}, state: 'in' } },
        ],
      },
      tcp: { framing: { type: 'line', eol: '\r\n' } },
    },
    {
      protocol: 'udp',
      name: 'plain',
      responder: { type: 'rules', seed: 0, rules: [{ then: [] }], otherwise: [{ reply: { text: '?' } }] },
    },
    { protocol: 'tcp', name: 'dns', tcp: { framing: { type: 'length', size: 2 } }, responder: { type: 'upper' } },
    { protocol: 'tcp', name: 'head', tcp: { framing: { type: 'length', offset: 4 } } },
    { protocol: 'udp', name: 'reply', responder: { type: 'reply', text: 'x', template: true } },
  ] as ListenerSpec[];
  const views = specs.map((spec) => fillSpec(spec)) as unknown as ListenerView[];
  const yaml = configurationText(views);
  const { listeners } = parseConfiguration('f', yaml);
  t.same(listeners, specs, yaml);
  t.same(listeners.map(fillSpec), views);
});

t.test('an export is read back to the same bytes', async (t) => {
  for (const text of ['{"a":[1,"b",null,1e+21]}', '{"id":9007199254740993}', '[1.10]', '{"a":1,"a":2}', '"\\u0041"']) {
    const spec = fillSpec({ protocol: 'udp', name: 'a', responder: { type: 'reply', template: true, text } });
    const responder = { type: 'reply', template: true, json: new RawJson(text) };
    const yaml = configurationText([{ ...spec, responder } as unknown as ListenerView]);
    t.equal(bytesIn(yaml), text, yaml);
  }
});

t.test('by way of an alias or a merge key, too', async (t) => {
  const yaml = `listeners:
  - &one { name: a, protocol: udp, responder: &answer { type: reply, json: &value { n: 1.10 } } }
  - { name: b, protocol: udp, responder: *answer }
  - { <<: *one, name: c }
  - { name: d, protocol: udp, responder: { <<: *answer, template: true } }
  - { name: e, protocol: udp, responder: { type: reply, json: [*value, *value] } }
`;
  const { listeners } = parseConfiguration('f', yaml);
  const texts = listeners.map((spec) => Buffer.from(payloadBytes(fillSpec(spec).responder as PayloadInput)).toString());
  t.same(texts, [...Array(4).fill('{"n":1.10}'), '[{"n":1.10},{"n":1.10}]']);
});

t.test('rules compare and fill in the same after an export, whatever the numbers', async (t) => {
  const values = [
    '12345678901234567890',
    '0.1234567890123456789012',
    '1e400',
    '-0',
    '{"n":[1.10,12345678901234567890,"#1"],"#":"##x","10":1,"2":null}',
    '{"__proto__":{"a":9007199254740993}}',
    '"#12"',
    '[]',
    '{}',
  ];
  const equal = values.map((text) => ({ json: { pointer: '/a', equals: new RawJson(text) } }));
  const reply = { template: true, json: new RawJson('{"price":1.10,"id":"{{json /id}}","a":1,"a":2}') };
  const responder = { type: 'rules', rules: [{ when: { any: equal }, then: [{ reply }] }] };
  const yaml = configurationText([
    { ...fillSpec({ protocol: 'udp', name: 'x' }), responder } as unknown as ListenerView,
  ]);
  const [spec] = parseConfiguration('f', yaml).listeners;
  const { rules } = spec!.responder as unknown as {
    rules: { when: { any: { json: { equalsText: string } }[] }; then: { reply: { jsonText: string } }[] }[];
  };
  for (const [i, { json }] of rules[0]!.when.any.entries()) {
    t.ok(sameJson(values[i]!)(json.equalsText), `${values[i]} became ${json.equalsText}`);
  }
  t.equal(rules[0]!.then[0]!.reply.jsonText, '{"price":1.10,"id":"{{json /id}}","a":2}', 'places stay places of JSON');
});
