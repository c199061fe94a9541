/** Sends: a transmission on demand, and what became of it. */

import { type Static, Type } from '@sinclair/typebox';
import { FramingSchema } from './framing.ts';
import {
  Duration,
  Endpoint,
  listFields,
  MaybeDuration,
  MaybeInteger,
  Moment,
  OneOf,
  PayloadFields,
  Ref,
  rawField,
  strict,
} from './parts.ts';
import { SEND_ERRORS } from './send-errors.ts';

const host = Type.String({
  minLength: 1,
  maxLength: 255,
  description: 'Address or host name.',
  examples: ['127.0.0.1'],
});

const To = Type.Object(
  {
    host: Type.Optional(host),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535, description: 'Port.', examples: [2323] })),
    family: Type.Optional(
      Type.Unsafe<4 | 6>({
        type: 'integer',
        enum: [4, 6],
        description: 'Address family a host name is resolved to.',
        examples: [4],
      }),
    ),
    listener: Type.Optional(
      Type.String({ description: 'A listener of this service instead of host and port.', examples: ['statsd'] }),
    ),
  },
  {
    ...strict,
    description: 'Where it goes: host and port, or a listener.',
    examples: [{ host: '127.0.0.1', port: 2323 }],
  },
);

const From = Type.Unsafe<string | { host?: string; port?: number }>({
  type: ['string', 'object'],
  minLength: 1,
  properties: {
    host: { ...host, description: 'Local address.' },
    port: Type.Integer({ minimum: 0, maximum: 65_535, description: 'Local port; 0 any.', examples: [0] }),
  },
  ...strict,
  description:
    'A UDP listener by id or name: its own socket, recorded there as `out`. Or a local address. Default: a throw-away socket.',
  examples: ['statsd'],
});

const ExpectReply = Type.Unsafe<{ count?: number; timeout?: string | number } | null>({
  type: ['object', 'null'],
  properties: {
    count: Type.Integer({ minimum: 1, maximum: 1000, default: 1, description: 'How many.', examples: [1] }),
    timeout: Duration({ default: '2s', description: 'How long to wait for them.', examples: ['2s'] }),
  },
  ...strict,
  description: 'Wait for replies and put them into the result.',
  examples: [{ count: 1, timeout: '2s' }],
});

const Tcp = Type.Object(
  {
    framing: Type.Optional(Ref(FramingSchema)),
    halfClose: Type.Optional(
      Type.Boolean({ default: false, description: 'FIN after the payload, then read.', examples: [false] }),
    ),
    connections: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: 1,
        description: 'Connections to spread the repetitions over.',
        examples: [1],
      }),
    ),
  },
  { ...strict, description: 'TCP only.' },
);

export const SendRequestSchema = Type.Object(
  {
    protocol: OneOf(['udp', 'tcp'], { description: 'Transport protocol.', examples: ['udp'] }),
    to: To,
    from: Type.Optional(From),
    ...PayloadFields,
    raw: rawField,
    template: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Fill in {{n}}, {{now}}, {{uuid}} and the like in text, json or hex.',
        examples: [false],
      }),
    ),
    sequence: Type.Optional(
      Type.Array(
        Type.Object(
          {
            ...PayloadFields,
            raw: rawField,
            delay: Type.Optional(Duration({ description: 'A pause instead of a payload.' })),
          },
          strict,
        ),
        {
          minItems: 1,
          maxItems: 1000,
          description: 'Payloads and pauses in order, instead of one payload.',
          examples: [[{ text: 'a' }, { delay: '100ms' }, { hex: '00 ff' }]],
        },
      ),
    ),
    count: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000_000_000, default: 1, description: 'Repetitions.', examples: [1] }),
    ),
    rate: Type.Optional(
      Type.Unsafe<number | null>({
        type: ['number', 'null'],
        exclusiveMinimum: 0,
        default: null,
        description: 'Repetitions a second.',
        examples: [100],
      }),
    ),
    interval: Type.Optional(
      MaybeDuration({ default: null, description: 'Time between repetitions.', examples: ['10ms'] }),
    ),
    duration: Type.Optional(MaybeDuration({ default: null, description: 'Stop after this long.', examples: ['1s'] })),
    expectReply: Type.Optional(ExpectReply),
    tcp: Type.Optional(Tcp),
  },
  {
    $id: 'SendRequest',
    ...strict,
    description: 'A transmission on demand.',
    examples: [{ protocol: 'udp', to: { listener: 'statsd' }, text: 'Hola server', expectReply: { timeout: '2s' } }],
  },
);
export type SendRequest = Static<typeof SendRequestSchema>;

const MaybeEndpoint = (description: string) =>
  Type.Unsafe<{ address: string; port: number } | null>({
    ...Endpoint(description),
    type: ['object', 'null'],
    examples: [{ address: '127.0.0.1', port: 2323 }],
  });

const ReplySchema = Type.Object({
  at: Moment('When it came.'),
  remote: Endpoint('Who answered.'),
  size: Type.Integer({ description: 'Bytes.', examples: [11] }),
  text: Type.Optional(Type.String({ description: 'Payload as text, when it is.', examples: ['Hola server'] })),
  base64: Type.String({ description: 'Payload as base64.', examples: ['SG9sYSBzZXJ2ZXI='] }),
});

/** Bytes of an imported file at most, as it is sent and unpacked: it is read as a whole. */
export const LARGEST_FILE = 64 * 1024 ** 2;

/** Every message and packet of an imported file, counted once. */
const ImportSchema = Type.Object(
  {
    messages: Type.Integer({ description: 'Messages of the file that are sent.', examples: [12] }),
    snapped: Type.Integer({ description: 'Not sent: the file holds only their beginning.', examples: [0] }),
    foreign: Type.Integer({ description: 'Not sent: packets that are no UDP datagram.', examples: [3] }),
    fragments: Type.Integer({ description: 'Not sent: fragments whose rest is not in the file.', examples: [0] }),
    oversized: Type.Integer({ description: 'Not sent: larger than a datagram can be.', examples: [0] }),
    otherDirection: Type.Integer({ description: 'Not sent: of the direction not asked for.', examples: [0] }),
    unknownLinkTypes: Type.Array(
      Type.Object({
        name: Type.String({ description: 'LINKTYPE_… without that prefix, or its number.', examples: ['IEEE802_11'] }),
        packets: Type.Integer({ description: 'How many; they count as foreign.', examples: [3] }),
      }),
      { description: 'Link types of the capture that are not read.' },
    ),
    cutAt: MaybeInteger({
      description: 'The byte where the file breaks off; null when it is whole.',
      examples: [null],
    }),
  },
  { description: 'Of an imported file: what it holds, sent or not.' },
);
export type ImportView = Static<typeof ImportSchema>;

export const SendSchema = Type.Object(
  {
    id: Type.String({ description: 'Id, `s_…`.', examples: ['s_0000000001'] }),
    state: OneOf(['running', 'done', 'failed', 'cancelled'], { description: 'How far it is.', examples: ['done'] }),
    protocol: OneOf(['udp', 'tcp'], { description: 'Transport protocol.', examples: ['udp'] }),
    remote: MaybeEndpoint('Where it went, resolved.'),
    local: MaybeEndpoint('Where it came from.'),
    sent: Type.Integer({ description: 'Payloads sent.', examples: [1] }),
    bytes: Type.Integer({ description: 'Payload bytes sent.', examples: [11] }),
    errors: Type.Integer({ description: 'Payloads that could not be sent.', examples: [0] }),
    progress: Type.Number({ description: '0 to 1.', examples: [1] }),
    createdAt: Moment('When it was asked for.'),
    elapsedMs: Type.Number({ description: 'Milliseconds it took so far.', examples: [1.5] }),
    warnings: Type.Optional(
      Type.Array(Type.String(), {
        description: 'In the answer to its making: what is allowed and most likely not meant.',
        examples: [['/text holds {{n}}, which goes out as it stands; with "template": true it is filled in']],
      }),
    ),
    replies: Type.Array(ReplySchema, { description: 'The replies that were expected and came.' }),
    listenerId: Type.Optional(
      Type.String({ description: 'The listener of the rule that sent it.', examples: ['l_0000000001'] }),
    ),
    rule: Type.Optional(Type.String({ description: 'The rule that sent it.', examples: ['notify'] })),
    import: Type.Optional(ImportSchema),
    error: Type.Optional(
      Type.Object(
        {
          code: Type.String({
            description: `Stable code: ${Object.keys(SEND_ERRORS).join(', ')}, or that of a problem, e.g. limit_reached.`,
            examples: ['no_reply'],
          }),
          detail: Type.String({ description: 'In words.', examples: ['no reply within 2s'] }),
        },
        { description: 'What the network said.' },
      ),
    ),
  },
  { $id: 'Send', description: 'A transmission and what became of it.' },
);
export type SendView = Static<typeof SendSchema>;

export const SendPageSchema = Type.Object(
  { items: Type.Array(Ref(SendSchema), { description: 'Sends, newest first.' }), ...listFields },
  { $id: 'SendPage', description: 'A page of sends.' },
);
