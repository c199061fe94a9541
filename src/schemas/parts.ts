/** Building blocks of the schemas. They speak OpenAPI 3.1, validate with plain messages, and show well in Swagger UI. */
import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { BYTES_PATTERN, DURATION_PATTERN, QUERY_DURATION_PATTERN } from './units.ts';

/** Unknown members are refused, never dropped. */
export const strict = { additionalProperties: false } as const;

/** Marks a member that is carried as its source text, under the name it says; see http/source-text.ts. */
export const SOURCE_TEXT = 'x-source-text';

type Options = Record<string, unknown>;

/** A union of literals that Swagger UI shows as a drop-down. */
export function OneOf<const V extends readonly string[]>(values: V, options: Options = {}) {
  return Type.Unsafe<V[number]>({ type: 'string', enum: [...values], ...options });
}

/** A named schema by reference: published once, under its `$id`. */
export function Ref<T extends TSchema>(schema: T, options: Options = {}) {
  return Type.Unsafe<Static<T>>({ $ref: `${schema.$id}#`, ...options });
}

/** One JSON type list instead of `anyOf`, so that an error says one thing. */
export const Duration = (options: Options = {}) =>
  Type.Unsafe<string | number>({
    type: ['string', 'integer'],
    pattern: DURATION_PATTERN,
    minimum: 0,
    examples: ['5s'],
    ...options,
  });

/** The same as a query parameter, where digits alone are milliseconds. */
export const QueryDuration = (options: Options = {}) => Duration({ ...options, pattern: QUERY_DURATION_PATTERN });

/** A duration, or null for none. */
export const MaybeDuration = (options: Options = {}) =>
  Type.Unsafe<string | number | null>({
    type: ['string', 'integer', 'null'],
    pattern: DURATION_PATTERN,
    minimum: 0,
    examples: ['5s'],
    ...options,
  });

export const ByteSize = (options: Options = {}) =>
  Type.Unsafe<string | number>({
    type: ['integer', 'string'],
    pattern: BYTES_PATTERN,
    minimum: 0,
    examples: ['1MiB'],
    ...options,
  });

/** An integer, or null for no bound. */
export const MaybeInteger = (options: Options = {}) =>
  Type.Unsafe<number | null>({ type: ['integer', 'null'], ...options });

/** Text, or null for none. */
export const MaybeText = (options: Options = {}) =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], ...options });

/** A payload on its way in: exactly one of the four, checked where it is decoded (payload.ts). */
export const PayloadFields = {
  text: Type.Optional(Type.String({ description: 'Payload as UTF-8 text.', examples: ['Hola server'] })),
  hex: Type.Optional(
    Type.String({
      description: 'Payload as hex digits; spaces, commas, colons and 0x are forgiven.',
      examples: ['48 6f 6c 61'],
    }),
  ),
  base64: Type.Optional(Type.String({ description: 'Payload as base64.', examples: ['SG9sYQ=='] })),
  json: Type.Optional(
    Type.Unknown({
      description: 'Payload as JSON. It leaves as it is written here, but for the white space between its parts.',
      examples: [{ hello: 1 }],
      [SOURCE_TEXT]: 'jsonText',
    }),
  ),
};

/** Whether a payload leaves without framing. */
export const rawField = Type.Optional(
  Type.Boolean({
    default: false,
    description: 'TCP: send the bytes as they are, without framing.',
    examples: [false],
  }),
);

const ENDPOINT = {
  address: Type.String({ description: 'IP address.', examples: ['127.0.0.1'] }),
  port: Type.Integer({ description: 'Port.', examples: [50412] }),
};

/** A socket address as answers show it. */
export const Endpoint = (description: string) => Type.Object(ENDPOINT, { description });

/** The address of a peer; null where nobody knows it. */
export const Peer = (description: string) => {
  const schema = Type.Object(ENDPOINT, {
    description: `${description} null when it had reset its connection before it was accepted: then the kernel no longer knows.`,
  });
  return Type.Unsafe<Static<typeof schema> | null>({ ...schema, type: ['object', 'null'] });
};

/** A moment in UTC, RFC 3339. */
export const Moment = (description: string) => Type.String({ description, examples: ['2026-03-01T09:30:00.123456Z'] });

/** `next` and `hasMore` of a list of resources. */
export const listFields = {
  next: MaybeText({ description: 'Give it back as `cursor` for the next page; null on the last.', examples: [null] }),
  hasMore: Type.Boolean({ description: 'There is another page.', examples: [false] }),
};

/** A union told apart by `type`: an error then speaks of the one member that was meant. */
export function Tagged<const T extends readonly TSchema[]>(members: T, options: Record<string, unknown>) {
  return Type.Unsafe<Static<T[number]>>({
    type: 'object',
    discriminator: { propertyName: 'type' },
    required: ['type'],
    oneOf: members,
    ...options,
  });
}
