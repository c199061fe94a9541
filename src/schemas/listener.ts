/** ListenerSpec: a listener as it is asked for. */
import { type Static, Type } from '@sinclair/typebox';
import { type Accept, AcceptSchema, UnreachableSchema } from './connect-phase.ts';
import { FramingSchema } from './framing.ts';
import { ByteSize, MaybeDuration, MaybeInteger, MaybeText, OneOf, Ref, strict } from './parts.ts';
import { type PlainResponder, ResponderSchema } from './responder.ts';

/** The pattern of a name: letters, digits, `.`, `_`, `-`, and not of an id's form. */
export const NAME_PATTERN = '^(?![lcs]_[0-9a-z]{10}$)[A-Za-z0-9][A-Za-z0-9._-]{0,62}$';
/** A name that may be given, or the id of a listener. */
export const REF_PATTERN = `${NAME_PATTERN}|^l_[0-9a-hjkmnp-tv-z]{10}$`;
/** `__proto__` is no key: whoever merges labels by assignment would lose it. */
export const LABEL_KEY_PATTERN = '^(?!__proto__$)[A-Za-z0-9._/-]{1,63}$';

/** Labels a listener may have. */
export const MOST_LABELS = 64;

export const LabelsSchema = Type.Record(Type.String({ pattern: LABEL_KEY_PATTERN }), Type.String({ maxLength: 255 }), {
  ...strict,
  maxProperties: MOST_LABELS,
  description: 'Free key and value pairs to find listeners by; at most 64.',
  examples: [{ suite: 'smoke' }],
});

export const CaptureSchema = Type.Object(
  {
    maxMessages: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 1_000_000_000,
        default: 10_000,
        description: 'Messages kept; 0 counts and keeps nothing.',
        examples: [10_000],
      }),
    ),
    maxBytes: Type.Optional(
      ByteSize({ default: '64MiB', description: 'Bytes kept, record headers included.', examples: ['64MiB'] }),
    ),
    maxAge: Type.Optional(
      MaybeDuration({ default: null, description: 'Older messages are evicted; null keeps them.', examples: ['1h'] }),
    ),
    maxPayload: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 16_777_216,
        default: 65_535,
        description: 'Bytes kept of one message; a longer one is marked `truncated`.',
        examples: [65_535],
      }),
    ),
    overflow: Type.Optional(
      OneOf(['dropOldest', 'dropNewest'], {
        default: 'dropOldest',
        description: 'What gives way when the history is full.',
        examples: ['dropOldest'],
      }),
    ),
  },
  { $id: 'Capture', ...strict, description: 'How much is kept.' },
);

const Cidrs = (description: string) =>
  Type.Array(Type.String({ minLength: 2, maxLength: 64 }), {
    default: [],
    maxItems: 256,
    description,
    examples: [['127.0.0.0/8']],
  });

const UdpSchema = Type.Object(
  {
    receiveBuffer: Type.Optional(
      ByteSize({ default: '8MiB', description: 'Receive buffer asked of the kernel.', examples: ['8MiB'] }),
    ),
    ipv6Only: Type.Optional(
      Type.Boolean({ default: false, description: 'An IPv6 wildcard does not take IPv4.', examples: [false] }),
    ),
    unreachable: Type.Optional(UnreachableSchema),
  },
  { ...strict, description: 'UDP only.' },
);

const TcpSchema = Type.Object(
  {
    backlog: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 65_535,
        default: 511,
        description: 'Connections the kernel queues.',
        examples: [511],
      }),
    ),
    maxConnections: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100_000,
        default: 1024,
        description: 'Open connections at most.',
        examples: [1024],
      }),
    ),
    idleTimeout: Type.Optional(
      MaybeDuration({
        default: '5m',
        description: 'A silent connection is closed; null or 0 never.',
        examples: ['5m'],
      }),
    ),
    noDelay: Type.Optional(Type.Boolean({ default: true, description: 'TCP_NODELAY.', examples: [true] })),
    framing: Type.Optional(Ref(FramingSchema)),
    accept: Type.Optional(AcceptSchema),
  },
  { ...strict, description: 'TCP only.' },
);

export const specFields = {
  protocol: OneOf(['udp', 'tcp'], { description: 'Transport protocol.', examples: ['udp'] }),
  host: Type.Optional(
    Type.String({
      default: '127.0.0.1',
      minLength: 1,
      maxLength: 255,
      description: 'Local address or host name to bind.',
      examples: ['127.0.0.1'],
    }),
  ),
  port: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 65_535,
      default: 0,
      description: '0 takes any free port; `address.port` is the real one.',
      examples: [0],
    }),
  ),
  family: Type.Optional(
    Type.Unsafe<4 | 6>({
      type: 'integer',
      enum: [4, 6],
      description: 'Address family a host name is resolved to.',
      examples: [4],
    }),
  ),
  name: Type.Optional(
    MaybeText({
      default: null,
      pattern: NAME_PATTERN,
      description:
        "Unique name; works wherever a path takes the id. Letters, digits, `.`, `_`, `-`; not of an id's form.",
      examples: ['statsd'],
    }),
  ),
  labels: Type.Optional(Type.Unsafe<Record<string, string>>({ ...LabelsSchema, default: {} })),
  ttl: Type.Optional(
    MaybeDuration({
      default: null,
      description: 'Deleted with its messages after this long without use; null never.',
      examples: ['1h'],
    }),
  ),
  threads: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 16,
      default: 1,
      description: 'Bindings on the port, one a thread.',
      examples: [1],
    }),
  ),
  pool: Type.Optional(
    OneOf(['shared', 'dedicated'], {
      default: 'shared',
      description: 'Threads shared with other listeners, or its own.',
      examples: ['shared'],
    }),
  ),
  concurrency: Type.Optional(
    OneOf(['concurrent', 'sequential'], {
      default: 'concurrent',
      description: '`sequential` serves one request at a time; needs threads 1.',
      examples: ['concurrent'],
    }),
  ),
  maxRequests: Type.Optional(
    MaybeInteger({
      minimum: 1,
      default: null,
      description: 'Completes after this many requests; null never.',
      examples: [1],
    }),
  ),
  completeAfterIdle: Type.Optional(
    MaybeDuration({
      default: null,
      description: 'Completes after this long without a request; null never.',
      examples: ['30s'],
    }),
  ),
  allow: Type.Optional(Cidrs('Peers served; empty serves all. An IPv6 CIDR holds no IPv4 peer, ::/0 included.')),
  deny: Type.Optional(Cidrs('Peers not served; wins over allow.')),
  paused: Type.Optional(
    Type.Boolean({ default: false, description: 'Stays bound and answers nothing.', examples: [false] }),
  ),
  capture: Type.Optional(Ref(CaptureSchema)),
  responder: Type.Optional(Ref(ResponderSchema)),
  strict: Type.Optional(
    Type.Boolean({
      default: false,
      description:
        'A wait or verification fails at once (409 `unmatched`) when a message that no rule matched lies after its cursor.',
      examples: [false],
    }),
  ),
  udp: Type.Optional(UdpSchema),
  tcp: Type.Optional(TcpSchema),
};

export const ListenerSpecSchema = Type.Object(specFields, {
  $id: 'ListenerSpec',
  ...strict,
  description: 'A listener as asked for; only `protocol` is required.',
  examples: [{ protocol: 'udp', name: 'statsd', labels: { suite: 'smoke' }, responder: { type: 'echo' } }],
});
export type ListenerSpec = Static<typeof ListenerSpecSchema>;

type Filled<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };
/** A spec with every default filled in. `udp` is there for UDP only, `tcp` for TCP only. */
export type FullSpec = Filled<Omit<ListenerSpec, 'capture' | 'udp' | 'tcp' | 'family' | 'responder'>> & {
  family?: 4 | 6;
  capture: Filled<Static<typeof CaptureSchema>>;
  responder: PlainResponder;
  udp?: Filled<NonNullable<ListenerSpec['udp']>>;
  tcp?: Filled<Omit<NonNullable<ListenerSpec['tcp']>, 'accept'>> & { accept: Accept };
};
