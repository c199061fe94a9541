/** How a byte stream is cut into messages, and how payloads are framed on their way out. One codec, both ways. */
import { type Static, Type } from '@sinclair/typebox';
import { LONGEST_MAX_FRAME, MAX_FRAME } from './limits.ts';
import { ByteSize, Duration, OneOf, strict, Tagged } from './parts.ts';

const common = {
  maxFrame: Type.Optional(
    ByteSize({
      minimum: 1,
      maximum: LONGEST_MAX_FRAME,
      default: MAX_FRAME,
      description:
        'Longest frame in bytes. Line, delimiter and none cut a longer one there; for others it is an error.',
      examples: ['64KiB', MAX_FRAME],
    }),
  ),
  onError: Type.Optional(
    OneOf(['fin', 'rst', 'raw'], {
      default: 'fin',
      description: 'What follows bytes that are no frame: the connection ends, or the rest is read as it comes.',
      examples: ['fin'],
    }),
  ),
};

/** A byte in hex. */
export const HEX_BYTE_PATTERN = '^[0-9a-fA-F]{2}$';

const type = <T extends string>(name: T) => Type.Literal(name, { description: 'The kind of framing.' });
const describe = (title: string, description: string) => ({ ...strict, title, description });
const hexByte = (description: string, example: string, byDefault?: string) =>
  Type.Optional(
    Type.Unsafe<string>({
      type: 'string',
      pattern: HEX_BYTE_PATTERN,
      ...(byDefault === undefined ? {} : { default: byDefault }),
      description,
      examples: [example],
    }),
  );

const None = Type.Object({ type: type('none'), ...common }, describe('none', 'One read is one message.'));

const Line = Type.Object(
  {
    type: type('line'),
    eol: Type.Optional(
      OneOf(['\n', '\r\n'], {
        default: '\n',
        description: 'Appended to what goes out without an end; echo and upper repeat the end of the request.',
        examples: ['\r\n'],
      }),
    ),
    body: Type.Optional(
      Type.Unsafe<{ regex: string; adjust?: number } | null>({
        type: ['object', 'null'],
        properties: {
          regex: Type.String({
            minLength: 1,
            maxLength: 1000,
            description: 'RE2; its first group is the number of bytes that follow the line.',
            examples: ['^set \\S+ \\d+ \\d+ (\\d+)'],
          }),
          adjust: Type.Integer({
            minimum: -65_536,
            maximum: 65_536,
            default: 0,
            description: 'Bytes more than that.',
            examples: [2],
          }),
        },
        required: ['regex'],
        ...strict,
        default: null,
        description: 'Lines that are followed by a body: line and body are one message.',
        examples: [{ regex: '^set \\S+ \\d+ \\d+ (\\d+)', adjust: 2 }],
      }),
    ),
    ...common,
  },
  describe('line', 'A message ends at LF or CRLF, which is not part of it.'),
);

const Delimiter = Type.Object(
  {
    type: type('delimiter'),
    text: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 1024,
        description: 'The delimiter as UTF-8 text.',
        examples: ['\r\n.\r\n'],
      }),
    ),
    hex: Type.Optional(
      Type.String({
        minLength: 2,
        maxLength: 4096,
        description: 'The delimiter in hex digits. Exactly one of text and hex.',
        examples: ['0d 0a 2e 0d 0a'],
      }),
    ),
    keep: Type.Optional(
      Type.Boolean({ default: false, description: 'The delimiter stays part of the message.', examples: [false] }),
    ),
    ...common,
  },
  describe('delimiter', 'A message ends at a sequence of bytes. What goes out gets it appended unless it ends in it.'),
);

const Fixed = Type.Object(
  {
    type: type('fixed'),
    size: Type.Integer({ minimum: 1, maximum: 16_777_216, description: 'Bytes of a message.', examples: [80] }),
    pad: Type.Optional(
      Type.Unsafe<string | null>({
        type: ['string', 'null'],
        pattern: HEX_BYTE_PATTERN,
        default: null,
        description: 'What is too short is filled up with this byte, in hex; null: a wrong size is an error.',
        examples: ['20'],
      }),
    ),
    ...common,
  },
  describe('fixed', 'Every message has the same size.'),
);

/** Of a length field in bytes, or LEB128. */
export const LENGTH_SIZES = [1, 2, 3, 4, 8, 'varint'] as const;
const Length = Type.Object(
  {
    type: type('length'),
    offset: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 65_535, default: 0, description: 'Where it stands.', examples: [0] }),
    ),
    size: Type.Optional(
      Type.Unsafe<(typeof LENGTH_SIZES)[number]>({
        enum: [...LENGTH_SIZES],
        default: 4,
        description: 'Bytes of the length field, or `varint` (LEB128).',
        examples: [2],
      }),
    ),
    endian: Type.Optional(
      OneOf(['big', 'little'], { default: 'big', description: 'Its byte order.', examples: ['big'] }),
    ),
    adjust: Type.Optional(
      Type.Integer({
        minimum: -16_777_216,
        maximum: 16_777_216,
        default: 0,
        description: 'A frame has offset + size + value + adjust bytes; a length of the whole frame: -(offset + size).',
        examples: [0],
      }),
    ),
    strip: Type.Optional(
      Type.Boolean({
        description: 'The length field is no part of the message. Only, and by default, where offset is 0.',
        examples: [true],
      }),
    ),
    ...common,
  },
  describe('length', 'A length field says where a message ends.'),
);

const OctetCounting = Type.Object(
  { type: type('octetCounting'), ...common },
  describe(
    'octetCounting',
    'Syslog over TCP, RFC 6587: `11 Hola server`; a frame that starts with no digit is a line.',
  ),
);
const Netstring = Type.Object(
  { type: type('netstring'), ...common },
  describe('netstring', 'Netstrings: `11:Hola server,`.'),
);
const ContentLength = Type.Object(
  {
    type: type('contentLength'),
    strip: Type.Optional(
      Type.Boolean({
        default: true,
        description: 'The header is no part of the message; false keeps it, and sends payloads as they are (HTTP/1.1).',
        examples: [true],
      }),
    ),
    ...common,
  },
  describe('contentLength', 'A header block with `Content-Length: n`, then so many bytes: LSP, DAP, HTTP/1.1.'),
);
const StxEtx = Type.Object(
  {
    type: type('stxEtx'),
    start: hexByte('The byte before a message, in hex.', '02', '02'),
    end: hexByte('The byte behind it, in hex.', '03', '03'),
    escape: Type.Optional(
      Type.Unsafe<string | null>({
        type: ['string', 'null'],
        pattern: HEX_BYTE_PATTERN,
        default: null,
        description: 'The byte that stands before a start, end or escape byte inside a message, in hex.',
        examples: ['10'],
      }),
    ),
    ...common,
  },
  describe('stxEtx', 'A message stands between a start and an end byte.'),
);
const Mllp = Type.Object({ type: type('mllp'), ...common }, describe('mllp', 'HL7 over MLLP: 0b, the message, 1c 0d.'));
const Slip = Type.Object({ type: type('slip'), ...common }, describe('slip', 'SLIP, RFC 1055.'));
const Cobs = Type.Object(
  { type: type('cobs'), ...common },
  describe('cobs', 'Consistent Overhead Byte Stuffing: a message ends at 00.'),
);
const Resp = Type.Object(
  { type: type('resp'), ...common },
  describe('resp', 'Whole values of the Redis protocol, RESP2 and RESP3; sent as they are.'),
);
const Idle = Type.Object(
  {
    type: type('idle'),
    gap: Type.Optional(Duration({ default: '20ms', description: 'Silence that ends a message.', examples: ['20ms'] })),
    ...common,
  },
  describe('idle', 'A message ends when nothing more comes for a while. Sent as it is.'),
);
const UntilClose = Type.Object(
  { type: type('untilClose'), ...common },
  describe('untilClose', 'A message is all that comes until the peer ends. Sent as it is.'),
);

export const FramingSchema = Tagged(
  [
    None,
    Line,
    Delimiter,
    Fixed,
    Length,
    OctetCounting,
    Netstring,
    ContentLength,
    StxEtx,
    Mllp,
    Slip,
    Cobs,
    Resp,
    Idle,
    UntilClose,
  ],
  {
    $id: 'Framing',
    description: 'How a byte stream is cut into messages, and how payloads are framed on their way out.',
    examples: [{ type: 'line' }],
  },
);
export type Framing = Static<typeof FramingSchema>;
