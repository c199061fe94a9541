/** Rules by the API: what they have counted, and what they would do. */
import { type Static, Type } from '@sinclair/typebox';
import { DrawSchema } from './draw.ts';
import { Endpoint, MaybeInteger, OneOf, PayloadFields, Ref, strict } from './parts.ts';
import { ResponderSchema } from './responder.ts';
import { RuleSchema, rulesFields } from './rules.ts';

const name = Type.String({ description: 'The rule.', examples: ['login'] });

export const RuleStatusSchema = Type.Object(
  {
    items: Type.Array(
      Type.Object({
        name,
        enabled: Type.Boolean({ description: 'Whether it is looked at.', examples: [true] }),
        hits: Type.Integer({ description: 'How often it decided.', examples: [3] }),
        lastHitAt: Type.Unsafe<string | null>({
          type: ['string', 'null'],
          description: 'When it did so last; null never.',
          examples: ['2026-03-01T09:30:00.123000Z'],
        }),
        remaining: MaybeInteger({ description: 'What is left of its `times`; null without an end.', examples: [null] }),
      }),
      { description: 'In their order.' },
    ),
    unmatched: Type.Integer({ description: 'Messages that no rule matched.', examples: [0] }),
    states: Type.Record(Type.String(), Type.Integer(), {
      description: 'How many connections or peers are in each state; of a state of the listener its name and 1.',
      examples: [{ start: 2, authed: 1 }],
    }),
  },
  { $id: 'RuleStatus', description: 'The rules of a listener, and what they have counted.' },
);
export type RuleStatus = Static<typeof RuleStatusSchema>;

const { rules, ...others } = rulesFields;
export const RuleListSchema = Type.Object(
  { rules, ...others },
  {
    $id: 'RuleList',
    ...strict,
    description: 'A whole list of rules. What is left out beside it stays as it is.',
    examples: [{ rules: [{ name: 'ping', when: { text: { equals: 'PING' } }, then: [{ reply: { text: 'PONG' } }] }] }],
  },
);
export type RuleList = Static<typeof RuleListSchema>;

export const RulePatchSchema = Type.Unsafe<Partial<Static<typeof RuleSchema>>>({
  ...Type.Partial(RuleSchema),
  $id: 'RulePatch',
  description: 'What to change of a rule; each member is replaced whole.',
  examples: [{ enabled: false }],
});
export type RulePatch = Static<typeof RulePatchSchema>;

export const RuleTestSchema = Type.Object(
  {
    messages: Type.Array(Type.Object(PayloadFields, { ...strict, description: 'One message.' }), {
      minItems: 1,
      maxItems: 1000,
      description: 'Messages in their order, as they are after framing.',
      examples: [[{ text: 'USER bob' }]],
    }),
    responder: Type.Optional(Ref(ResponderSchema, { description: 'Other rules than those in force.' })),
    state: Type.Optional(Type.String({ description: 'The state to begin in.', examples: ['start'] })),
    remote: Type.Optional(
      Type.String({ description: 'The peer they come from: address:port.', examples: ['127.0.0.1:50412'] }),
    ),
  },
  {
    $id: 'RuleTest',
    ...strict,
    description: 'Messages to try the rules on. Counters start at zero; nothing is sent.',
    examples: [{ messages: [{ text: 'USER bob' }] }],
  },
);
export type RuleTest = Static<typeof RuleTestSchema>;

const TriedActionSchema = Type.Object(
  {
    do: OneOf(['send', 'sendTo', 'delay', 'hold', 'close', 'halfClose', 'pauseReading', 'setFraming'], {
      description: 'What is done.',
      examples: ['send'],
    }),
    from: Type.Optional(
      OneOf(['listener', 'newPort'], { description: 'send: from this socket.', examples: ['newPort'] }),
    ),
    protocol: Type.Optional(OneOf(['udp', 'tcp'], { description: 'sendTo: by this.', examples: ['udp'] })),
    to: Type.Optional(Endpoint('sendTo: where it goes.')),
    size: Type.Optional(Type.Integer({ description: 'send: bytes of the payload.', examples: [3] })),
    text: Type.Optional(Type.String({ description: 'send: the payload as text, when it is.', examples: ['+OK'] })),
    base64: Type.Optional(Type.String({ description: 'send: the payload as base64.', examples: ['K09L'] })),
    error: Type.Optional(
      Type.String({
        description: 'send: why its template can not be filled in; nothing would be sent.',
        examples: ['field.tid: the message ends before it'],
      }),
    ),
    ms: Type.Optional(Type.Number({ description: 'delay, hold, pauseReading: milliseconds.', examples: [50] })),
    mode: Type.Optional(OneOf(['fin', 'rst'], { description: 'close: how.', examples: ['fin'] })),
    framing: Type.Optional(Type.String({ description: 'setFraming: its type.', examples: ['line'] })),
  },
  { description: 'One action, filled in.' },
);

export const RuleTestResultSchema = Type.Object(
  {
    items: Type.Array(
      Type.Object({
        rule: Type.Unsafe<string | null>({
          type: ['string', 'null'],
          description: 'The rule that decides; null none.',
          examples: ['login'],
        }),
        others: Type.Array(
          Type.Object({
            rule: name,
            why: Type.String({ description: 'Why it does not.', examples: ['the state is start'] }),
          }),
          { description: 'Those before it, or all, that do not.' },
        ),
        draw: Type.Optional(DrawSchema),
        actions: Type.Array(TriedActionSchema, { description: 'What would be done.' }),
        state: Type.String({ description: 'The state after it.', examples: ['authed'] }),
      }),
      { description: 'One for each message.' },
    ),
  },
  { $id: 'RuleTestResult', description: 'What the rules would do.' },
);
export type RuleTestResult = Static<typeof RuleTestResultSchema>;
