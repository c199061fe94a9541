/** Rules: how a peer talks, as data. The first rule that matches a message, or an event, decides what is done. */
import { type Static, Type } from '@sinclair/typebox';
import { type Framing, FramingSchema } from './framing.ts';
import { FIELD_TYPES, type Match, MatchSchema } from './match.ts';
import { Duration, OneOf, PayloadFields, Ref, rawField, strict } from './parts.ts';
import type { PayloadInput } from './payload.ts';

/** Names of rules and fields. `test` and `from-messages` are paths below a listener's rules. */
export const RULE_NAME_PATTERN = '^(?!(?:test|from-messages)$)[A-Za-z0-9][A-Za-z0-9._-]{0,62}$';
export const FIELD_NAME_PATTERN = '^[A-Za-z_][A-Za-z0-9_]{0,31}$';
export const STATE_NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$';

export const MOST_RULES = 1000;
export const MOST_ACTIONS = 64;
const MOST_STEPS = 256;
const MOST_FIELDS = 256;
/** State names of one listener, those of rules that are gone included. */
export const MOST_STATES = 4096;

const yes = (description: string) => Type.Literal(true, { description, examples: [true] });
const stateName = (description: string) =>
  Type.String({ pattern: STATE_NAME_PATTERN, description, examples: ['authed'] });

export const DISTRIBUTIONS = ['uniform', 'normal', 'lognormal', 'pareto'] as const;
/** A delay: a duration, or one with a spread that is drawn anew each time. */
export type Delay =
  | string
  | number
  | {
      base: string | number;
      jitter?: string | number;
      distribution?: (typeof DISTRIBUTIONS)[number];
      max?: string | number | null;
    };
export const DelayValue = (options: Record<string, unknown> = {}) =>
  Type.Unsafe<Delay>({
    type: ['string', 'integer', 'object'],
    pattern: Duration().pattern,
    minimum: 0,
    properties: {
      base: Duration({ description: 'Its middle.', examples: ['80ms'] }),
      jitter: Duration({ default: '0ms', description: 'Its spread.', examples: ['20ms'] }),
      distribution: OneOf(DISTRIBUTIONS, { default: 'uniform', description: 'How it spreads.', examples: ['normal'] }),
      max: Type.Unsafe<string | number | null>({
        ...Duration(),
        type: ['string', 'integer', 'null'],
        default: null,
        description: 'At most this; null without a bound.',
        examples: ['1s'],
      }),
    },
    required: ['base'],
    ...strict,
    examples: ['80ms', { base: '80ms', jitter: '20ms', distribution: 'normal' }],
    ...options,
  });

const template = Type.Optional(
  Type.Boolean({
    default: false,
    description: 'Fill in {{text}}, {{field.NAME}}, {{match.1}}, {{state}} and the like in text, json or hex.',
    examples: [false],
  }),
);

const ReplyAction = Type.Object(
  {
    ...PayloadFields,
    template,
    raw: rawField,
    from: Type.Optional(
      OneOf(['listener', 'newPort'], {
        description:
          "UDP: the listener's socket, or one on a new port for this peer alone, which stays until the peer's state ends; what the peer sends there is the listener's. Without it, the socket that the message came in by.",
        examples: ['newPort'],
      }),
    ),
  },
  { ...strict, description: 'Send this to the peer.', examples: [{ text: '+OK' }] },
);

const SendAction = Type.Object(
  {
    protocol: OneOf(['udp', 'tcp'], { description: 'Transport protocol.', examples: ['udp'] }),
    to: Type.Object(
      {
        host: Type.String({
          minLength: 1,
          maxLength: 255,
          description: 'Address, or `localhost`; other names are not looked up.',
          examples: ['127.0.0.1'],
        }),
        port: Type.Integer({ minimum: 1, maximum: 65_535, description: 'Port.', examples: [2323] }),
      },
      { ...strict, description: 'Where it goes.', examples: [{ host: '127.0.0.1', port: 2323 }] },
    ),
    ...PayloadFields,
    template,
  },
  {
    ...strict,
    description:
      'Send this to somebody else. From a UDP listener a datagram leaves from its socket, recorded there as `out`; all else leaves from a throw-away socket and is listed under /v1/sends.',
    examples: [{ protocol: 'udp', to: { host: '127.0.0.1', port: 2323 }, text: 'alarm' }],
  },
);

const ENDINGS = ['fin', 'rst'] as const;
const ActionFields = {
  reply: Type.Optional(ReplyAction),
  send: Type.Optional(SendAction),
  delay: Type.Optional(DelayValue({ description: 'Wait before what follows.' })),
  close: Type.Optional(OneOf(ENDINGS, { description: 'End the connection.', examples: ['fin'] })),
  halfClose: Type.Optional(yes('Send FIN and go on reading.')),
  pauseReading: Type.Optional(Duration({ description: 'Do not read for so long.', examples: ['2s'] })),
  hold: Type.Optional(
    Duration({
      description:
        'Wait for the answer by `POST …/messages/{seq}/reply`, at most so long; then the list goes on. Meanwhile the connection is not read. On datagrams only with `concurrency` `sequential`.',
      examples: ['30s'],
    }),
  ),
  ignore: Type.Optional(yes('Do nothing.')),
  setState: Type.Optional(stateName('The state from now on; counts as decided wherever it stands.')),
  setFraming: Type.Optional(
    Ref(FramingSchema, { description: 'The framing of the bytes after this message, and of replies after it.' }),
  ),
};

export const RuleActionSchema = Type.Object(ActionFields, {
  $id: 'RuleAction',
  ...strict,
  minProperties: 1,
  maxProperties: 1,
  description: 'One thing to do; exactly one member.',
  examples: [{ reply: { text: '+OK' } }],
});

type Payload = Omit<PayloadInput, 'json'> & { json?: unknown };
/** One action as it was asked for; exactly one member is there. */
export type RuleAction = {
  reply?: Payload & { template?: boolean; raw?: boolean; from?: 'listener' | 'newPort' };
  send?: Payload & { protocol: 'udp' | 'tcp'; to: { host: string; port: number }; template?: boolean };
  delay?: Delay;
  close?: 'fin' | 'rst';
  halfClose?: true;
  pauseReading?: string | number;
  hold?: string | number;
  ignore?: true;
  setState?: string;
  setFraming?: Framing;
};

const Actions = (description: string) =>
  Type.Unsafe<RuleAction[]>({
    type: 'array',
    items: { $ref: 'RuleAction#' },
    maxItems: MOST_ACTIONS,
    description,
    examples: [[{ reply: { text: '+OK' } }]],
  });

const nthFields = {
  every: Type.Integer({ minimum: 1, description: 'Every so many.', examples: [10] }),
  from: Type.Integer({ minimum: 1, default: 1, description: 'The first of them.', examples: [1] }),
};
/** Which of those that got so far: one number, several, or every so many from one on. Counted from 1. */
export type Nth = number | number[] | { every: number; from?: number };
const NthValue = Type.Unsafe<Nth>({
  type: ['integer', 'array', 'object'],
  minimum: 1,
  items: { type: 'integer', minimum: 1 },
  minItems: 1,
  maxItems: 1000,
  properties: nthFields,
  required: ['every'],
  ...strict,
  description: 'Which of the messages that reached this rule and satisfied the rest of `when`, from 1.',
  examples: [3, [3, 5], { every: 10, from: 1 }],
});

/** What a field must be: a number or text, or a range of numbers. */
export type FieldTest = number | string | { equals?: number | string; min?: number; max?: number };
const FieldTests = Type.Unsafe<Record<string, FieldTest>>({
  type: 'object',
  patternProperties: {
    [FIELD_NAME_PATTERN]: {
      type: ['number', 'string', 'object'],
      description: 'What it must be.',
      examples: [3, { min: 0, max: 99 }],
      properties: {
        equals: { type: ['number', 'string'], description: 'This value.', examples: [3] },
        min: { type: 'number', description: 'At least.', examples: [0] },
        max: { type: 'number', description: 'At most.', examples: [99] },
      },
      ...strict,
      minProperties: 1,
    },
  },
  ...strict,
  maxProperties: MOST_FIELDS,
  description:
    'Fields by name: a value, or a range of numbers. Text for ascii and bcd, hex digits for bytes, where `??` is any byte.',
  examples: [{ fn: 3, reg: { min: 0, max: 99 } }],
});

export type When = Match & { state?: string | string[]; fields?: Record<string, FieldTest>; nth?: Nth };
export const WhenSchema = Type.Unsafe<When>({
  ...Type.Object(
    {
      ...MatchSchema.properties,
      state: Type.Optional(
        Type.Unsafe<string | string[]>({
          type: ['string', 'array'],
          pattern: STATE_NAME_PATTERN,
          items: { type: 'string', pattern: STATE_NAME_PATTERN },
          minItems: 1,
          maxItems: 64,
          description: 'The state must be this, or one of these; any without it.',
          examples: ['start', ['a', 'b']],
        }),
      ),
      fields: Type.Optional(FieldTests),
      nth: Type.Optional(NthValue),
    },
    { ...strict },
  ),
  $id: 'When',
  description: 'What a message must look like for a rule. All members together are an "and"; empty: every message.',
  examples: [{ text: { startsWith: 'USER ' }, state: 'start' }],
});

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
      description: 'What times, nth and cycle count over; a peer on TCP needs `threads` 1.',
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
          'What has a state of its own: by default a connection on TCP, a peer (address and port) on UDP. A peer on TCP is an address, and needs `threads` 1.',
        examples: ['connection'],
      }),
    ),
    initial: Type.Optional(
      Type.Unsafe<string>({ ...stateName('The first state.'), default: 'start', examples: ['start'] }),
    ),
    idle: Type.Optional(
      Duration({ default: '5m', description: 'A peer that is silent for so long starts anew.', examples: ['5m'] }),
    ),
    max: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_048_576,
        default: 65_536,
        description: 'Peers whose state is kept; beyond it the one that was silent longest starts anew.',
        examples: [65_536],
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
