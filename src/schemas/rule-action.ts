/** What a rule does: one action each, in a list. */
import { Type } from '@sinclair/typebox';
import { type Framing, FramingSchema } from './framing.ts';
import { Duration, OneOf, PayloadFields, Ref, rawField, strict } from './parts.ts';
import type { PayloadInput } from './payload.ts';
import { MOST_ACTIONS, StateName } from './rule-names.ts';

const yes = (description: string) => Type.Literal(true, { description, examples: [true] });

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
  setState: Type.Optional(StateName('The state from now on; counts as decided wherever it stands.')),
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

export const Actions = (description: string) =>
  Type.Unsafe<RuleAction[]>({
    type: 'array',
    items: { $ref: 'RuleAction#' },
    maxItems: MOST_ACTIONS,
    description,
    examples: [[{ reply: { text: '+OK' } }]],
  });
