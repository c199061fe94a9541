/** What a message must look like: the `when` of rules and the `match` of verifications. */
import { Type } from '@sinclair/typebox';
import { OneOf, SOURCE_TEXT, strict } from './parts.ts';

/** RFC 6901, as far as a pattern tells. */
export const POINTER_PATTERN = '^(/.*)?$';

const optionalText = (description: string, example: string) =>
  Type.Optional(Type.String({ maxLength: 65_536, description, examples: [example] }));

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

const bytesTest = (examples: { whole: string; first: string; last: string; inside: string }) => ({
  equals: optionalText('The whole payload.', examples.whole),
  startsWith: optionalText('Its first bytes.', examples.first),
  endsWith: optionalText('Its last bytes.', examples.last),
  contains: optionalText('Anywhere in it.', examples.inside),
});
const textTest = bytesTest({ whole: 'Hola server', first: 'Hola', last: 'server', inside: 'la se' });
const hexTest = bytesTest({ whole: '48 6f 6c 61', first: '48 ??', last: '6c 61', inside: '6f 6c' });

const numberTest = {
  equals: Type.Optional(Type.Number({ description: 'This number.', examples: [443] })),
  min: Type.Optional(Type.Number({ description: 'At least.', examples: [1] })),
  max: Type.Optional(Type.Number({ description: 'At most.', examples: [1500] })),
};

type Bytes = { equals?: string; startsWith?: string; endsWith?: string; contains?: string };
type NumberRange = { equals?: number; min?: number; max?: number };
/** See MatchSchema; written out because it holds itself. */
export type Match = {
  all?: Match[];
  any?: Match[];
  not?: Match;
  text?: Bytes & { regex?: string; ignoreCase?: boolean };
  hex?: Bytes & { regex?: string };
  size?: number | NumberRange;
  field?: { at: number; as: FieldType; mask?: number } & NumberRange;
  /** `equalsText` stands in place of `equals` where that came as text: see http/source-text.ts. */
  json?: { pointer: string; equals?: unknown; equalsText?: string; exists?: boolean };
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
        {
          ...textTest,
          regex: optionalText('RE2 syntax, linear time.', '^H.la'),
          ignoreCase: Type.Optional(
            Type.Boolean({
              default: false,
              description: 'ASCII letters of either case are alike; of a regex all letters, as by its flag (?i).',
              examples: [true],
            }),
          ),
        },
        { ...strict, minProperties: 1, description: 'The payload as UTF-8 text, case-sensitive.' },
      ),
    ),
    hex: Type.Optional(
      Type.Object(
        { ...hexTest, regex: optionalText('RE2 syntax over bytes, one character each.', '^\\x01.') },
        {
          ...strict,
          minProperties: 1,
          description: 'The payload as hex digits; `??` is any byte.',
        },
      ),
    ),
    size: Type.Optional(
      Type.Unsafe<number | NumberRange>({
        type: ['integer', 'object'],
        minimum: 0,
        properties: numberTest,
        ...strict,
        minProperties: 1,
        description: 'Bytes on the wire: so many, or a range.',
        examples: [11, { min: 1, max: 1500 }],
      }),
    ),
    field: Type.Optional(
      Type.Object(
        {
          at: Type.Integer({
            minimum: -65_536,
            maximum: 65_535,
            description: 'Offset in bytes; negative from the end.',
            examples: [2],
          }),
          as: OneOf(FIELD_TYPES, { description: 'Type and byte order.', examples: ['u16be'] }),
          mask: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 0xffff_ffff,
              description: 'Of a number without sign up to 32 bits: these bits, shifted to the lowest of them.',
              examples: [240],
            }),
          ),
          ...numberTest,
        },
        { ...strict, description: 'A number inside the payload.', examples: [{ at: 2, as: 'u16be', equals: 443 }] },
      ),
    ),
    json: Type.Optional(
      Type.Object(
        {
          pointer: Type.String({
            pattern: POINTER_PATTERN,
            description: 'RFC 6901; empty is the whole document.',
            examples: ['/level'],
          }),
          equals: Type.Optional(
            Type.Unknown({
              description: 'This value: numbers to the last digit, members of objects in any order.',
              examples: ['warn'],
              [SOURCE_TEXT]: 'equalsText',
            }),
          ),
          exists: Type.Optional(Type.Boolean({ description: 'Whether there is one.', examples: [true] })),
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
    examples: [{ text: { startsWith: 'Hola' } }],
  },
);

/** Expected and actual bytes as hex digits, from `offset` of the payload on. */
export type ByteDiff = { offset: number; expected: string; actual: string };
