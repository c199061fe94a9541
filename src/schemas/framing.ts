/** How a TCP byte stream is cut into messages, and how payloads are framed on their way out. */
import { type Static, Type } from '@sinclair/typebox';
import { strict, Tagged } from './parts.ts';

const maxFrame = Type.Optional(
  Type.Integer({
    minimum: 1,
    maximum: 16_777_216,
    default: 65_536,
    description: 'Longest frame in bytes; a longer one is cut there.',
    examples: [65_536],
  }),
);

const None = Type.Object(
  { type: Type.Literal('none', { description: 'The kind of framing.' }), maxFrame },
  { ...strict, title: 'none', description: 'One read is one message.' },
);
const Line = Type.Object(
  { type: Type.Literal('line', { description: 'The kind of framing.' }), maxFrame },
  { ...strict, title: 'line', description: 'A message ends at LF or CRLF, which is not part of it.' },
);
const Delimiter = Type.Object(
  {
    type: Type.Literal('delimiter', { description: 'The kind of framing.' }),
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
    maxFrame,
  },
  {
    ...strict,
    title: 'delimiter',
    description: 'A message ends at a sequence of bytes. What goes out gets it appended unless it ends in it.',
  },
);

export const FramingSchema = Tagged([None, Line, Delimiter], {
  $id: 'Framing',
  description: 'How a TCP byte stream is cut into messages, and how payloads are framed on their way out.',
  examples: [{ type: 'line' }],
});
export type Framing = Static<typeof FramingSchema>;
