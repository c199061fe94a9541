/** How a TCP byte stream is cut into messages. */
import { type Static, Type } from '@sinclair/typebox';
import { OneOf, strict } from './parts.ts';

export const FramingSchema = Type.Object(
  {
    type: OneOf(['none', 'line'], {
      default: 'none',
      description: '`none`: one read is one message. `line`: a message ends at LF or CRLF, which is not part of it.',
      examples: ['line'],
    }),
    maxFrame: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 16_777_216,
        default: 65_536,
        description: 'Longest frame in bytes; a longer one is cut there.',
        examples: [65_536],
      }),
    ),
  },
  { $id: 'Framing', ...strict, description: 'How a TCP byte stream is cut into messages.' },
);
export type Framing = Static<typeof FramingSchema>;
