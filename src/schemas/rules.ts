/** Rules: how a peer talks, as data. The first rule that matches a message, or an event, decides what is done. */
import { type Static, Type } from '@sinclair/typebox';
import { DEFAULT_PEERS } from './limits.ts';
import { FIELD_TYPES } from './match.ts';
import { Duration, OneOf, Ref, strict } from './parts.ts';
import { Actions, type RuleAction } from './rule-action.ts';
import { FIELD_NAME_PATTERN, MOST_FIELDS, MOST_RULES, MOST_STEPS, RULE_NAME_PATTERN, StateName } from './rule-names.ts';
import { WhenSchema } from './when.ts';

export const RULE_EVENTS = ['message', 'connect', 'halfClose'] as const;
export type RuleEvent = (typeof RULE_EVENTS)[number] | { idle: string | number } | { every: string | number };
const OnValue = Type.Unsafe<RuleEvent>({
  type: ['string', 'object'],
  pattern: `^(${RULE_EVENTS.join('|')})$`,
  properties: {
    idle: Duration({ description: 'Once, after so long without a message.', examples: ['30s'] }),
    every: Duration({ description: 'Again and again.', examples: ['5s'] }),
  },
  minProperties: 1,
  maxProperties: 1,
  ...strict,
  default: 'message',
  description:
    'What it waits for. `connect`: a connection is accepted, on UDP the first message of a peer. `halfClose`: the peer of a connection sends no more. `{"idle": "30s"}`: no message came for so long, once; on UDP at the latest when the state of the peer ends. `{"every": "5s"}`: on each connection, or for each peer whose state lives.',
  examples: ['message', { idle: '30s' }, { every: '5s' }],
});

const CycleSchema = Type.Object(
  {
    onEnd: Type.Optional(
      OneOf(['loop', 'last', 'next'], {
        default: 'loop',
        description: 'After the last step: from the first again, the last again, or on to the next rule.',
        examples: ['loop'],
      }),
    ),
    steps: Type.Array(
      Type.Object(
        {
          repeat: Type.Optional(
            Type.Integer({ minimum: 1, maximum: 1_000_000_000, default: 1, description: 'So often.', examples: [1] }),
          ),
          then: Actions('What is done in this step.'),
        },
        strict,
      ),
      {
        minItems: 1,
        maxItems: MOST_STEPS,
        description: 'One step a message, in turn.',
        examples: [[{ repeat: 2, then: [{ reply: { text: '+OK' } }] }, { then: [{ ignore: true }] }]],
      },
    ),
  },
  {
    ...strict,
    description: 'Another answer each time.',
    examples: [{ steps: [{ repeat: 2, then: [{ reply: { text: '+OK' } }] }, { then: [{ ignore: true }] }] }],
  },
);

const ChooseSchema = Type.Array(
  Type.Object(
    {
      weight: Type.Optional(
        Type.Number({
          minimum: 0,
          maximum: 1_000_000,
          default: 1,
          description: 'How often it is drawn, against the others.',
          examples: [1],
        }),
      ),
      then: Actions('What is done when it is drawn.'),
    },
    strict,
  ),
  {
    minItems: 1,
    maxItems: MOST_STEPS,
    description: 'One of these, drawn by the seed.',
    examples: [[{ weight: 9, then: [{ reply: { text: '+OK' } }] }, { then: [{ ignore: true }] }]],
  },
);

const ruleFields = {
  name: Type.Optional(
    Type.String({
      pattern: RULE_NAME_PATTERN,
      description: 'Its name; `rule-1` and so on without.',
      examples: ['login'],
    }),
  ),
  enabled: Type.Optional(Type.Boolean({ default: true, description: 'Whether it is looked at.', examples: [true] })),
  on: Type.Optional(OnValue),
  when: Type.Optional(Ref(WhenSchema)),
  times: Type.Optional(
    Type.Unsafe<number | null>({
      type: ['integer', 'null'],
      minimum: 1,
      default: null,
      description: 'It decides so often, then the next rules are looked at; null without an end.',
      examples: [1],
    }),
  ),
  per: Type.Optional(
    OneOf(['listener', 'peer', 'connection'], {
      default: 'listener',
      description: 'What times, nth and cycle count over.',
      examples: ['listener'],
    }),
  ),
  then: Type.Optional(Actions('What is done, in order.')),
  cycle: Type.Optional(CycleSchema),
  choose: Type.Optional(ChooseSchema),
};

export const RuleSchema = Type.Object(ruleFields, {
  $id: 'Rule',
  ...strict,
  description: 'When this, then that. Exactly one of then, cycle, choose.',
  examples: [{ name: 'login', when: { text: { startsWith: 'USER ' } }, then: [{ reply: { text: '+OK' } }] }],
});
export type Rule = Static<typeof RuleSchema>;

export const FIELD_FORMS = [...FIELD_TYPES, 'u24be', 'u24le', 'ascii', 'bytes', 'bcd'] as const;
export type FieldForm = (typeof FIELD_FORMS)[number];
const FieldSchema = Type.Object(
  {
    at: Type.Integer({
      minimum: -16_777_216,
      maximum: 16_777_215,
      description: 'Offset in bytes; negative from the end.',
      examples: [2],
    }),
    as: OneOf(FIELD_FORMS, { description: 'Type and byte order.', examples: ['u16be'] }),
    mask: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 0xffff_ffff,
        description: 'Of a number without sign up to 32 bits: these bits, shifted to the lowest of them.',
        examples: [240],
      }),
    ),
    size: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65_535, description: 'ascii, bytes, bcd: so many bytes.', examples: [8] }),
    ),
  },
  { ...strict, description: 'A part of the payload that has a name.' },
);
export type FieldDefinition = Static<typeof FieldSchema>;

export const STATE_SCOPES = ['connection', 'peer', 'listener'] as const;
const StateSchema = Type.Object(
  {
    scope: Type.Optional(
      OneOf(STATE_SCOPES, {
        description:
          'What has a state of its own: by default a connection on TCP, a peer (address and port) on UDP. A peer on TCP is an address.',
        examples: ['connection'],
      }),
    ),
    initial: Type.Optional(
      Type.Unsafe<string>({ ...StateName('The first state.'), default: 'start', examples: ['start'] }),
    ),
    idle: Type.Optional(
      Duration({ default: '5m', description: 'A peer that is silent for so long starts anew.', examples: ['5m'] }),
    ),
    max: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_048_576,
        default: DEFAULT_PEERS,
        description: 'Peers whose state is kept; beyond it the one that was silent longest starts anew.',
        examples: [DEFAULT_PEERS],
      }),
    ),
  },
  { ...strict, description: 'Where states live.' },
);

export const rulesFields = {
  seed: Type.Optional(
    Type.Unsafe<number | null>({
      type: ['integer', 'null'],
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      default: null,
      description: 'Draws repeat with the same seed; null draws one, which is then shown.',
      examples: [7],
    }),
  ),
  state: Type.Optional(StateSchema),
  fields: Type.Optional(
    Type.Unsafe<Record<string, FieldDefinition>>({
      type: 'object',
      patternProperties: { [FIELD_NAME_PATTERN]: FieldSchema },
      ...strict,
      maxProperties: MOST_FIELDS,
      description: 'Parts of the payload by name, for `when.fields` and {{field.NAME}}.',
      examples: [{ tid: { at: 0, as: 'u16be' } }],
    }),
  ),
  rules: Type.Array(Ref(RuleSchema), {
    maxItems: MOST_RULES,
    description: 'In order: the first that is enabled, matches and is not used up wins.',
  }),
  otherwise: Type.Optional(
    Type.Unsafe<RuleAction[]>({
      ...Actions('For messages that no rule matched.'),
      default: [{ ignore: true }],
      examples: [[{ ignore: true }]],
    }),
  ),
};

export const RulesResponder = Type.Object(
  { type: Type.Literal('rules', { description: 'The kind of responder.' }), ...rulesFields },
  { ...strict, title: 'rules', description: 'Answers by rules.' },
);
export type RulesSpec = Static<typeof RulesResponder>;
