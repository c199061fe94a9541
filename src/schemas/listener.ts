/** ListenerSpec (what is asked for) and Listener (the spec with defaults filled in, and what is). */
import { type Static, Type } from '@sinclair/typebox';
import { FramingSchema } from './framing.ts';
import { ResponderSchema } from './responder.ts';
import { BYTES_PATTERN, DURATION_PATTERN } from './units.ts';

const strict = { additionalProperties: false } as const;

/** A union of literals that Swagger UI shows as a drop-down. */
export function OneOf<const V extends readonly string[]>(values: V, options: Record<string, unknown> = {}) {
  return Type.Unsafe<V[number]>({ type: 'string', enum: [...values], ...options });
}

export const Duration = (options: Record<string, unknown> = {}) =>
  Type.Union([Type.String({ pattern: DURATION_PATTERN }), Type.Integer({ minimum: 0 })], options);
export const ByteSize = (options: Record<string, unknown> = {}) =>
  Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: BYTES_PATTERN })], options);
const Nullable = <T extends ReturnType<typeof Duration>>(schema: T, options: Record<string, unknown> = {}) =>
  Type.Union([schema, Type.Null()], options);

export const NAME_PATTERN = '^(?![lcs]_[0-9a-z]{10}$)[A-Za-z0-9][A-Za-z0-9._-]{0,62}$';
export const LISTENER_STATES = [
  'opening',
  'listening',
  'paused',
  'degraded',
  'draining',
  'completed',
  'failed',
] as const;
export type ListenerState = (typeof LISTENER_STATES)[number];

const Name = Type.String({
  pattern: NAME_PATTERN,
  description: "Unique name; works wherever a path takes the id. Letters, digits, `.`, `_`, `-`; not of an id's form.",
  examples: ['statsd'],
});
export const LabelsSchema = Type.Record(
  Type.String({ pattern: '^[A-Za-z0-9._/-]{1,63}$' }),
  Type.String({ maxLength: 255 }),
  {
    ...strict,
    description: 'Free key and value pairs to find listeners by.',
    examples: [{ suite: 'smoke' }],
  },
);

export const CaptureSchema = Type.Object(
  {
    maxMessages: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 1_000_000_000,
        default: 10_000,
        description: 'Messages kept; 0 counts and keeps nothing.',
      }),
    ),
    maxBytes: Type.Optional(ByteSize({ default: '64MiB', description: 'Bytes kept, record headers included.' })),
    maxAge: Type.Optional(
      Nullable(Duration(), { default: null, description: 'Older messages are evicted; null keeps them.' }),
    ),
    maxPayload: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 16_777_216,
        default: 65_535,
        description: 'Bytes kept of one message; a longer one is marked `truncated`.',
      }),
    ),
    overflow: Type.Optional(
      OneOf(['dropOldest', 'dropNewest'], {
        default: 'dropOldest',
        description: 'What gives way when the history is full.',
      }),
    ),
  },
  { ...strict, description: 'How much is kept.' },
);

const Cidrs = (description: string) =>
  Type.Array(Type.String({ minLength: 2, maxLength: 64 }), {
    default: [],
    maxItems: 256,
    description,
    examples: [['127.0.0.0/8']],
  });

export const ListenerSpecSchema = Type.Object(
  {
    protocol: OneOf(['udp', 'tcp'], { description: 'Transport protocol.', examples: ['udp'] }),
    host: Type.Optional(
      Type.String({
        default: '127.0.0.1',
        minLength: 1,
        maxLength: 255,
        description: 'Local address or host name to bind.',
      }),
    ),
    port: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 65_535,
        default: 0,
        description: '0 takes any free port; `address.port` is the real one.',
      }),
    ),
    family: Type.Optional(
      Type.Union([Type.Literal(4), Type.Literal(6)], { description: 'Address family a host name is resolved to.' }),
    ),
    name: Type.Optional(Type.Union([Name, Type.Null()], { default: null })),
    labels: Type.Optional(Type.Intersect([LabelsSchema], { default: {} })),
    ttl: Type.Optional(
      Nullable(Duration(), { default: null, description: 'Deleted with its messages after this long without use.' }),
    ),
    threads: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 16, default: 1, description: 'Bindings on the port, one a thread.' }),
    ),
    pool: Type.Optional(
      OneOf(['shared', 'dedicated'], {
        default: 'shared',
        description: 'Threads shared with other listeners, or its own.',
      }),
    ),
    concurrency: Type.Optional(
      OneOf(['concurrent', 'sequential'], {
        default: 'concurrent',
        description: '`sequential` serves one request at a time; needs threads 1.',
      }),
    ),
    maxRequests: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
        default: null,
        description: 'Completes after this many requests.',
      }),
    ),
    completeAfterIdle: Type.Optional(
      Nullable(Duration(), { default: null, description: 'Completes after this long without a request.' }),
    ),
    allow: Type.Optional(Cidrs('Peers served; empty serves all.')),
    deny: Type.Optional(Cidrs('Peers not served; wins over allow.')),
    paused: Type.Optional(Type.Boolean({ default: false, description: 'Stays bound and answers nothing.' })),
    capture: Type.Optional(CaptureSchema),
    responder: Type.Optional(ResponderSchema),
    udp: Type.Optional(
      Type.Object(
        {
          receiveBuffer: Type.Optional(
            ByteSize({ default: '8MiB', description: 'Receive buffer asked of the kernel.' }),
          ),
          ipv6Only: Type.Optional(
            Type.Boolean({ default: false, description: 'An IPv6 wildcard does not take IPv4.' }),
          ),
        },
        { ...strict, description: 'UDP only.' },
      ),
    ),
    tcp: Type.Optional(
      Type.Object(
        {
          backlog: Type.Optional(
            Type.Integer({ minimum: 1, maximum: 65_535, default: 511, description: 'Connections the kernel queues.' }),
          ),
          maxConnections: Type.Optional(
            Type.Integer({ minimum: 1, maximum: 100_000, default: 1024, description: 'Open connections at most.' }),
          ),
          idleTimeout: Type.Optional(
            Nullable(Duration(), { default: '5m', description: 'A silent connection is closed; null or 0 never.' }),
          ),
          noDelay: Type.Optional(Type.Boolean({ default: true, description: 'TCP_NODELAY.' })),
          framing: Type.Optional(FramingSchema),
        },
        { ...strict, description: 'TCP only.' },
      ),
    ),
  },
  { $id: 'ListenerSpec', ...strict, description: 'A listener as asked for; only `protocol` is required.' },
);
export type ListenerSpec = Static<typeof ListenerSpecSchema>;
type Filled<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };
/** A spec with every default filled in. `udp` is there for UDP only, `tcp` for TCP only. */
export type FullSpec = Filled<Omit<ListenerSpec, 'capture' | 'udp' | 'tcp' | 'family'>> & {
  family?: 4 | 6;
  capture: Filled<Static<typeof CaptureSchema>>;
  udp?: Filled<NonNullable<ListenerSpec['udp']>>;
  tcp?: Filled<NonNullable<ListenerSpec['tcp']>>;
};
