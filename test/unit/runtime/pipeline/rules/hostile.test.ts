/** Random lists of rules and random messages: a list is compiled or refused at a place in it, and no message makes it throw. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { BindingCounters, createCounters } from '../../../../../src/runtime/counters.ts';
import { Request } from '../../../../../src/runtime/pipeline/request.ts';
import { RulesBehavior } from '../../../../../src/runtime/pipeline/rules/engine.ts';
import { RuleError } from '../../../../../src/runtime/pipeline/rules/rule-error.ts';
import type { RulesSpec } from '../../../../../src/schemas/rules.ts';

const state = fc.constantFrom('start', 'a', 'b', 'never');
const text = fc.constantFrom(
  '',
  'a',
  '(',
  '^(?P<x>a)(b)?',
  '(a*)*b',
  '{{match.1}}',
  '{{field.f}} {{nothing}}',
  '\u00e9',
  'a'.repeat(300),
);
const offset = fc.integer({ min: -20, max: 20 });
const optional = <T>(member: fc.Arbitrary<T>) => fc.option(member, { nil: undefined });
const form = fc.constantFrom('u8', 'i16le', 'u24be', 'u32be', 'u64le', 'f64be', 'ascii', 'bytes', 'bcd');

const match = fc.record(
  {
    text: fc.record({ regex: optional(text), startsWith: optional(text), ignoreCase: optional(fc.boolean()) }),
    hex: fc.record({ contains: fc.constantFrom('61', '??', '6', ''), regex: optional(text) }, { requiredKeys: [] }),
    size: fc.record({ min: fc.nat(9), max: fc.nat(9) }),
    field: fc.record({ at: offset, as: fc.constantFrom('u8', 'u16be', 'i32le', 'u64be'), equals: fc.nat(3) }),
    json: fc.record({
      pointer: fc.constantFrom('', '/a', 'a', '/a/~'),
      equalsText: fc.constantFrom('1', '"a"', '{', '[1.10]'),
    }),
    remote: fc.constantFrom('127.0.0.1', '::/0', 'here'),
    state,
    fields: fc.record({ f: fc.constantFrom(1, 'a', '61') as fc.Arbitrary<number | string> }),
    nth: fc.constantFrom(1, [1, 2], { every: 2 }),
  },
  { requiredKeys: [] },
);
const action = fc.oneof(
  fc.record({ reply: fc.record({ text, template: fc.boolean() }) }),
  fc.record({
    reply: fc.record({ hex: fc.constantFrom('00', '0', '{{bytes 0 4}}', '{{len16be}} ff'), template: fc.boolean() }),
  }),
  fc.record({ delay: fc.constantFrom('1ms', 'soon', { base: '5ms', jitter: '5ms', distribution: 'normal' as const }) }),
  fc.record({ setState: state }),
  fc.record({ close: fc.constantFrom('fin', 'rst') }),
  fc.record({ setFraming: fc.constantFrom({ type: 'slip' }, { type: 'length', offset: 1, strip: true }) }),
  fc.constant({ ignore: true }),
  fc.constant({}),
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
/** One that is right by itself, but for what it refers to. */
const sound = fc.record(
  {
    when: fc.record(
      {
        text: fc.record({ regex: fc.constantFrom('a', '^(?P<x>a)(b)?', '(a*)*b', '') }),
        size: fc.record({ min: fc.nat(9), max: fc.nat(9) }),
        field: fc.record({ at: offset, as: fc.constantFrom('u8', 'u16be', 'i32le', 'u64be'), equals: fc.nat(3) }),
        state: fc.constant('start'),
        nth: fc.constantFrom(1, [1, 2], { every: 2 }),
      },
      { requiredKeys: [] },
    ),
    times: fc.constantFrom(1, 2, null),
    per: fc.constantFrom('listener', 'peer'),
    choose: fc.array(
      fc.record({ then: fc.constant([{ setState: 'a' }, { reply: { text: '{{state}}', template: true } }]) }),
      { minLength: 1, maxLength: 3 },
    ),
  },
  { requiredKeys: ['choose'] },
);
const list = fc.record({
  type: fc.constant('rules' as const),
  seed: fc.nat(),
  state: fc.record({ scope: fc.constantFrom('peer', 'listener', 'connection'), max: fc.integer({ min: 1, max: 3 }) }),
  fields: fc.record({
    f: fc.record({
      at: offset,
      as: form,
      size: optional(fc.integer({ min: 1, max: 9 })),
      mask: optional(fc.constantFrom(1, 240, 2 ** 40)),
    }),
  }),
  rules: fc.array(fc.oneof({ arbitrary: sound, weight: 3 }, rule), { maxLength: 4 }),
  otherwise: fc.oneof(fc.constant([]), actions),
}) as unknown as fc.Arbitrary<RulesSpec>;
const payload = fc.uint8Array({ maxLength: 24 });

t.test('whatever the list, it is compiled or refused with a place; whatever comes, it is decided', async (t) => {
  let compiled = 0;
  fc.assert(
    fc.property(
      list,
      fc.constantFrom('udp' as const, 'tcp' as const),
      fc.array(payload, { maxLength: 8 }),
      (spec, protocol, messages) => {
        const counters = new BindingCounters(createCounters(1), 0);
        let behavior: RulesBehavior;
        try {
          behavior = new RulesBehavior(spec, { repliesBefore: 0, counters, protocol });
        } catch (error) {
          assert.ok(error instanceof RuleError, String(error));
          assert.match(error.pointer, /^\//);
          return;
        }
        compiled++;
        for (const [i, bytes] of messages.entries()) {
          const request = new Request({ thread: 'shared-1', listener: 'x', localPort: 1 });
          Object.assign(request, {
            payload: bytes,
            remote: new Uint8Array(16).fill(i % 4),
            remotePort: i,
            connection: protocol === 'tcp' ? 1 + (i % 4) : 0,
          });
          assert.ok(Array.isArray(behavior.decide(request).actions));
        }
      },
    ),
    { numRuns: 5000 },
  );
  t.ok(compiled > 100, `${compiled} of them`);
});
