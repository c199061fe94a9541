/** Random lists of rules: most are wrong somewhere, many are right, and those that are right do odd things. */
import fc from 'fast-check';
import type { RulesSpec } from '../../src/schemas/rules.ts';

const state = fc.constantFrom('start', 'a', 'b', 'never');
const regex = fc.constantFrom('a', '^(?P<x>a)(b)?', '(a*)*b', '', '(?s)^(.)(.*)$', '\u00e9|(b)', '[^a]$');
const text = fc.oneof(
  { arbitrary: regex, weight: 3 },
  fc.constantFrom(
    '(',
    '{{match.1}}',
    '{{match.x}}',
    '{{field.f}} {{nothing}}',
    '{{state}} {{text}}',
    'a'.repeat(300),
    'k\u00e9',
  ),
);
const template = fc.constantFrom(
  '{{text}}{{hex}}{{base64}}',
  '{{n}} {{size}} {{remote.address}}:{{remote.port}} {{local.port}} {{thread}} {{connection}} {{uuid}}',
  '{{bytes -3}}|{{bytes 1 +2}}|{{bytes 0 -1}}',
  '{{bytes 2 +field.f}}',
  '{{len16be -2}}{{repeat size 0x20}}{{crc16modbus}}{{varint}}end',
  '{{pad 9 0x20}}{{crc32le 2}}',
  '{{json /a}}{{upper json /a}}{{add size -4}}',
  '{{field.f}}{{len8}}{{text}}{{sum8}}{{xor8}}',
  '{{repeat 999999 text}}',
  '{{u64le add size 1}}{{now ntp}}{{random 1 6}}',
);
const hex = fc.constantFrom('00', '0', '{{bytes 0 4}}', '{{len16be}} ff', '{{field.f}}', '{{u24be n}}{{text}}', '');
const offset = fc.integer({ min: -20, max: 20 });
const optional = <T>(member: fc.Arbitrary<T>) => fc.option(member, { nil: undefined });
const form = fc.constantFrom('u8', 'i16le', 'u24be', 'u32be', 'u64le', 'f64be', 'f32le', 'ascii', 'bytes', 'bcd');
const duration = fc.constantFrom('1ms', 0, 2, 'soon', { base: '2ms', jitter: '2ms', distribution: 'normal' as const });

const match = fc.record(
  {
    text: fc.record(
      { regex: text, startsWith: text, contains: text, ignoreCase: fc.boolean() },
      { requiredKeys: ['regex'] },
    ),
    hex: fc.record({ contains: fc.constantFrom('61', '??', '6', ''), regex: text }, { requiredKeys: [] }),
    size: fc.record({ min: fc.nat(9), max: fc.nat(9) }),
    field: fc.record(
      {
        at: offset,
        as: fc.constantFrom('u8', 'u16be', 'i32le', 'u64be'),
        equals: fc.nat(3),
        mask: fc.constantFrom(1, 7, 256),
      },
      { requiredKeys: ['at', 'as'] },
    ),
    json: fc.record({
      pointer: fc.constantFrom('', '/a', 'a', '/a/~'),
      equals: fc.constantFrom<unknown>(1, 'a', [1.1], null, { a: {} }),
    }),
    remote: fc.constantFrom('127.0.0.1', '::/0', 'here'),
    any: fc.array(fc.record({ text: fc.record({ regex }) }), { maxLength: 2 }),
    not: fc.record({ size: fc.nat(9) }),
    state,
    fields: fc.record({ f: fc.constantFrom<unknown>(1, 'a', '61', { min: 1 }, { equals: '61', max: 1 }) }),
    nth: fc.constantFrom(1, [1, 2], { every: 2 }, { every: 0 }),
  },
  { requiredKeys: [] },
);
const framing = fc.constantFrom<object>(
  { type: 'none' },
  { type: 'line', eol: '\r\n' },
  { type: 'line', body: { regex: '^a(\\d+)' } },
  { type: 'slip' },
  { type: 'resp', onError: 'raw' },
  { type: 'cobs', maxFrame: 1 },
  { type: 'idle', gap: '1ms' },
  { type: 'untilClose' },
  { type: 'fixed', size: 3 },
  { type: 'length', size: 'varint', onError: 'rst' },
  { type: 'length', offset: 1, strip: true },
  { type: 'delimiter' },
  { type: 'contentLength' },
);
const action = fc.oneof(
  fc.record({ reply: fc.record({ text, template: fc.boolean() }) }),
  fc.record({ reply: fc.record({ text: template, template: fc.constant(true) }) }),
  fc.record({ reply: fc.record({ hex, template: fc.boolean(), raw: fc.boolean() }) }),
  fc.record({
    reply: fc.record({ json: fc.constantFrom<unknown>({ a: '{{json /a}}' }, ['{{text}}'], 1), template: fc.boolean() }),
  }),
  fc.record({ delay: duration }),
  fc.record({ setState: state }),
  fc.record({ close: fc.constantFrom('fin', 'rst') }),
  fc.record({ setFraming: framing }),
  fc.record({ pauseReading: fc.constantFrom('1ms', 0, 'soon') }),
  fc.constantFrom({ ignore: true }, { halfClose: true }, {}),
);
const actions = fc.array(action, { maxLength: 4 });
const rule = fc.record(
  {
    name: fc.constantFrom('x', 'y', 'rule-1'),
    enabled: fc.boolean(),
    on: fc.constantFrom('message', 'connect', 'halfClose'),
    when: match,
    times: fc.constantFrom(1, 2, null),
    per: fc.constantFrom('listener', 'peer', 'connection'),
    then: actions,
    cycle: fc.record({
      onEnd: fc.constantFrom('loop', 'last', 'next'),
      steps: fc.array(fc.record({ then: actions }), { minLength: 1, maxLength: 3 }),
    }),
    choose: fc.array(fc.record({ weight: fc.nat(2), then: actions }), { minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: [] },
);
const rightActions = fc.array(
  fc.oneof(
    fc.record({ reply: fc.record({ text: template, template: fc.constant(true) }) }),
    fc.record({
      reply: fc.record({ hex: fc.constantFrom('', '00', '{{field.f}}{{len8}}ff'), template: fc.constant(true) }),
    }),
    fc.record({ reply: fc.record({ text: regex, raw: fc.boolean() }) }),
    fc.record({ delay: fc.constantFrom<unknown>('1ms', 0, { base: '2ms', jitter: '2ms', distribution: 'lognormal' }) }),
    fc.record({ setState: fc.constantFrom('start', 'a') }),
    fc.constant({ send: { protocol: 'udp', to: { host: '127.0.0.1', port: 9 }, text: '{{size}}', template: true } }),
  ),
  { maxLength: 4 },
);
const rightStreamActions = fc
  .tuple(
    rightActions,
    fc.constantFrom<object>(
      { close: 'fin' },
      { close: 'rst' },
      { halfClose: true },
      { pauseReading: '1ms' },
      { setFraming: { type: 'slip' } },
      { setFraming: { type: 'line', body: { regex: '^a(\\d+)' } } },
      { setFraming: { type: 'length', size: 'varint', onError: 'raw' } },
      { setFraming: { type: 'idle', gap: '1ms' } },
    ),
  )
  .map(([before, last]) => [...before, last]);
/** One that is right, on datagrams too unless it ends in an action of streams. */
const rightRule = fc.record(
  {
    enabled: fc.constantFrom(true, true, false),
    when: fc.record(
      {
        text: fc.record({ regex, ignoreCase: fc.boolean() }, { requiredKeys: ['regex'] }),
        size: fc.record({ min: fc.nat(3), max: fc.integer({ min: 4, max: 9 }) }),
        field: fc.record({ at: offset, as: fc.constantFrom('u8', 'u16be', 'i32le', 'u64be'), equals: fc.nat(3) }),
        json: fc.record({ pointer: fc.constant('/a'), equals: fc.constantFrom<unknown>(1.1, 'a', null) }),
        state: fc.constantFrom('start', ['start']),
        nth: fc.constantFrom(1, [1, 2], { every: 2 }),
      },
      { requiredKeys: [] },
    ),
    times: fc.constantFrom(1, 2, null),
    per: fc.constantFrom('listener', 'peer'),
    choose: fc.array(fc.record({ then: fc.oneof({ arbitrary: rightActions, weight: 9 }, rightStreamActions) }), {
      minLength: 1,
      maxLength: 2,
    }),
  },
  { requiredKeys: ['choose'] },
);
/** What is said before there is a message. */
const rightGreeting = fc.record({
  on: fc.constantFrom<unknown>('connect', 'connect', { idle: '10ms' }, { every: '50ms' }),
  times: fc.constantFrom(1, 2, null),
  then: fc.constantFrom<object[]>(
    [{ reply: { text: 'hi {{remote.port}} {{state}}', template: true } }],
    [{ delay: '1ms' }, { reply: { text: '' } }],
    [{ setState: 'a' }],
  ),
});
const anyField = fc.record({
  at: offset,
  as: form,
  size: optional(fc.integer({ min: 1, max: 9 })),
  mask: optional(fc.constantFrom(1, 240, 2 ** 20)),
});
const rightField = fc.oneof(
  fc.record({ at: offset, as: fc.constantFrom('u8', 'i16le', 'u24be', 'u64le', 'f32le') }),
  fc.record({ at: offset, as: fc.constantFrom('ascii', 'bytes', 'bcd'), size: fc.integer({ min: 1, max: 9 }) }),
);
const common = { type: fc.constant('rules' as const), seed: fc.nat() };
const max = fc.integer({ min: 1, max: 3 });
const wild = fc.record({
  ...common,
  state: fc.record({ scope: fc.constantFrom('peer', 'listener', 'connection'), max }),
  fields: fc.record({ f: anyField }),
  rules: fc.array(rule, { maxLength: 4 }),
  otherwise: fc.oneof(fc.constant([]), actions),
});
const right = fc.record({
  ...common,
  state: fc.record({ scope: fc.constantFrom('peer', 'listener'), max }),
  fields: fc.record({ f: rightField }),
  rules: fc.array(fc.oneof({ arbitrary: rightRule, weight: 5 }, rightGreeting), { minLength: 1, maxLength: 4 }),
  otherwise: rightActions,
});

export const ruleSets = fc.oneof({ arbitrary: right, weight: 2 }, wild) as unknown as fc.Arbitrary<RulesSpec>;

/** A framing, which may be wrong. */
export const framings = framing;

export const payloads: fc.Arbitrary<Uint8Array> = fc.oneof(
  { arbitrary: fc.uint8Array({ maxLength: 24 }), weight: 4 },
  fc
    .constantFrom('a', 'ab', 'a\nb\r\n', '{"a":1.10}', '+OK\r\n$1\r\na\r\n', '\u00e9b', '1:a,')
    .map((each) => Buffer.from(each)),
  fc.uint8Array({ minLength: 1000, maxLength: 9000, size: 'max' }),
);
