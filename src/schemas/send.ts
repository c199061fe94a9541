/** Sends: a transmission on demand, and what became of it. */
import { type Static, Type } from '@sinclair/typebox';
import { FramingSchema } from './framing.ts';
import { Duration, OneOf } from './listener.ts';

const strict = { additionalProperties: false } as const;
const Port = Type.Integer({ minimum: 0, maximum: 65_535 });

export const PayloadFields = {
  text: Type.Optional(Type.String({ description: 'Payload as UTF-8 text.', examples: ['Hola server'] })),
  hex: Type.Optional(
    Type.String({ description: 'Payload as hex digits; spaces, commas, colons and 0x are forgiven.' }),
  ),
  base64: Type.Optional(Type.String({ description: 'Payload as base64.' })),
  json: Type.Optional(Type.Unknown({ description: 'Payload as JSON, written compactly.' })),
};

const To = Type.Object(
  {
    host: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: 'Address or host name.' })),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
    family: Type.Optional(Type.Union([Type.Literal(4), Type.Literal(6)])),
    listener: Type.Optional(Type.String({ description: 'A listener of this service instead of host and port.' })),
  },
  {
    ...strict,
    description: 'Where it goes: host and port, or a listener.',
    examples: [{ host: '127.0.0.1', port: 2323 }],
  },
);

export const SendRequestSchema = Type.Object(
  {
    protocol: OneOf(['udp', 'tcp'], { description: 'Transport protocol.' }),
    to: To,
    from: Type.Optional(
      Type.Union([
        Type.String({ description: 'A UDP listener by id or name: its own socket; recorded there as `out`.' }),
        Type.Object(
          { host: Type.Optional(Type.String()), port: Type.Optional(Port) },
          { ...strict, description: 'A local address.' },
        ),
      ]),
    ),
    ...PayloadFields,
    template: Type.Optional(
      Type.Boolean({ default: false, description: 'Fill in {{n}}, {{now}}, {{uuid}} in text or json.' }),
    ),
    sequence: Type.Optional(
      Type.Array(Type.Object({ ...PayloadFields, delay: Type.Optional(Duration()) }, strict), {
        minItems: 1,
        maxItems: 1000,
        description: 'Payloads and pauses in order, instead of one payload.',
      }),
    ),
    count: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000_000, default: 1, description: 'Repetitions.' })),
    rate: Type.Optional(
      Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Null()], {
        default: null,
        description: 'Repetitions a second.',
      }),
    ),
    interval: Type.Optional(
      Type.Union([Duration(), Type.Null()], { default: null, description: 'Time between repetitions.' }),
    ),
    duration: Type.Optional(
      Type.Union([Duration(), Type.Null()], { default: null, description: 'Stop after this long.' }),
    ),
    expectReply: Type.Optional(
      Type.Union([
        Type.Object(
          {
            count: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 1 })),
            timeout: Type.Optional(Duration({ default: '2s' })),
          },
          { ...strict, description: 'Wait for this many replies.' },
        ),
        Type.Null(),
      ]),
    ),
    tcp: Type.Optional(
      Type.Object(
        {
          framing: Type.Optional(FramingSchema),
          halfClose: Type.Optional(Type.Boolean({ default: false, description: 'FIN after the payload, then read.' })),
          connections: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 1 })),
        },
        { ...strict, description: 'TCP only.' },
      ),
    ),
  },
  { $id: 'SendRequest', ...strict, description: 'A transmission on demand.' },
);
export type SendRequest = Static<typeof SendRequestSchema>;

const EndpointSchema = Type.Object({ address: Type.String(), port: Type.Integer() });

export const SendSchema = Type.Object(
  {
    id: Type.String({ description: '`s_…`' }),
    state: OneOf(['running', 'done', 'failed', 'cancelled']),
    protocol: OneOf(['udp', 'tcp']),
    remote: Type.Union([EndpointSchema, Type.Null()], { description: 'Where it went, resolved.' }),
    local: Type.Union([EndpointSchema, Type.Null()], { description: 'Where it came from.' }),
    sent: Type.Integer({ description: 'Payloads sent.' }),
    bytes: Type.Integer({ description: 'Payload bytes sent.' }),
    errors: Type.Integer(),
    progress: Type.Number({ description: '0 to 1.' }),
    createdAt: Type.String(),
    elapsedMs: Type.Number(),
    replies: Type.Array(
      Type.Object({
        at: Type.String(),
        remote: EndpointSchema,
        size: Type.Integer(),
        text: Type.Optional(Type.String()),
        base64: Type.String(),
      }),
    ),
    error: Type.Optional(Type.Object({ code: Type.String(), detail: Type.String() })),
  },
  { $id: 'Send', description: 'A transmission and what became of it.' },
);
export type SendView = Static<typeof SendSchema>;
