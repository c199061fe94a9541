/** What a message must look like: the `when` of rules and the `match` of verifications. */
import { Type } from '@sinclair/typebox';

const strict = { additionalProperties: false } as const;
const optionalText = (description: string) => Type.Optional(Type.String({ maxLength: 65_536, description }));

export const FIELD_TYPES = [
  'u8',
  'i8',
  'u16be',
  'u16le',
  'i16be',
  'i16le',
  'u32be',
  'u32le',
  'i32be',
  'i32le',
  'u64be',
  'u64le',
  'f32be',
  'f32le',
  'f64be',
  'f64le',
] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

const bytesTest = {
  equals: optionalText('The whole payload.'),
  startsWith: optionalText('Its first bytes.'),
  endsWith: optionalText('Its last bytes.'),
  contains: optionalText('Anywhere in it.'),
};

const numberTest = {
  equals: Type.Optional(Type.Number()),
  min: Type.Optional(Type.Number()),
  max: Type.Optional(Type.Number()),
};

type Bytes = { equals?: string; startsWith?: string; endsWith?: string; contains?: string };
type NumberRange = { equals?: number; min?: number; max?: number };
/** See MatchSchema; written out because it holds itself. */
export type Match = {
  all?: Match[];
  any?: Match[];
  not?: Match;
  text?: Bytes & { regex?: string };
  hex?: Bytes;
  size?: number | NumberRange;
  field?: { at: number; as: FieldType } & NumberRange;
  json?: { pointer: string; equals?: unknown; exists?: boolean };
  remote?: string;
};

const self = Type.Unsafe<Match>({ $ref: 'Match#' });

export const MatchSchema = Type.Object(
  {
    all: Type.Optional(Type.Array(self, { maxItems: 64, description: 'Each of these holds.' })),
    any: Type.Optional(Type.Array(self, { minItems: 1, maxItems: 64, description: 'At least one of these holds.' })),
    not: Type.Optional(self),
    text: Type.Optional(
      Type.Object(
        { ...bytesTest, regex: optionalText('RE2 syntax, linear time.') },
        { ...strict, minProperties: 1, description: 'The payload as UTF-8 text, case-sensitive.' },
      ),
    ),
    hex: Type.Optional(
      Type.Object(bytesTest, {
        ...strict,
        minProperties: 1,
        description: 'The payload as hex digits; `??` is any byte.',
      }),
    ),
    size: Type.Optional(
      Type.Union([Type.Integer({ minimum: 0 }), Type.Object(numberTest, { ...strict, minProperties: 1 })], {
        description: 'Bytes on the wire.',
      }),
    ),
    field: Type.Optional(
      Type.Object(
        {
          at: Type.Integer({ minimum: 0, maximum: 65_535, description: 'Offset in bytes.' }),
          as: Type.Unsafe<FieldType>({ type: 'string', enum: [...FIELD_TYPES], description: 'Type and byte order.' }),
          ...numberTest,
        },
        { ...strict, description: 'A number inside the payload.', examples: [{ at: 2, as: 'u16be', equals: 443 }] },
      ),
    ),
    json: Type.Optional(
      Type.Object(
        {
          pointer: Type.String({ pattern: '^(/.*)?$', description: 'RFC 6901; empty is the whole document.' }),
          equals: Type.Optional(Type.Unknown()),
          exists: Type.Optional(Type.Boolean()),
        },
        {
          ...strict,
          description: 'A value of the payload read as JSON.',
          examples: [{ pointer: '/level', equals: 'warn' }],
        },
      ),
    ),
    remote: Type.Optional(
      Type.String({ description: 'Peer: address, address:port or CIDR.', examples: ['127.0.0.0/8'] }),
    ),
  },
  {
    $id: 'Match',
    ...strict,
    description: 'All members together are an "and"; an empty match holds for every message.',
  },
);
