/** Verifications: what must, or must not, have arrived, and what was found. */
import { type Static, Type } from '@sinclair/typebox';
import { MatchSchema } from './match.ts';
import { Duration, OneOf, Ref, strict } from './parts.ts';

const maybe = Type.Optional;
const amount = (description: string) =>
  maybe(Type.Integer({ minimum: 0, maximum: 100_000, description, examples: [1] }));

export const VerificationSchema = Type.Object(
  {
    after: maybe(
      Type.Unsafe<number | string>({
        type: ['integer', 'string'],
        minimum: 0,
        default: 0,
        description: 'Only messages after this cursor.',
        examples: [0],
      }),
    ),
    direction: maybe(
      OneOf(['in', 'out'], { default: 'in', description: 'Messages from or to the network.', examples: ['in'] }),
    ),
    match: maybe(Ref(MatchSchema)),
    unmatched: maybe(
      Type.Boolean({ description: 'Only messages that no rule matched; false: only the others.', examples: [true] }),
    ),
    count: maybe(
      Type.Object(
        {
          exactly: amount('So many, no more, no fewer.'),
          atLeast: amount('So many or more.'),
          atMost: amount('So many or fewer.'),
        },
        {
          ...strict,
          minProperties: 1,
          maxProperties: 1,
          description: 'How many must match; at least 1 when absent.',
          examples: [{ atLeast: 1 }],
        },
      ),
    ),
    inOrder: maybe(
      Type.Array(Ref(MatchSchema), {
        minItems: 1,
        maxItems: 100,
        description: 'A message for each of these, in this order.',
      }),
    ),
    maxInterval: maybe(Duration({ description: 'Longest time between two messages of inOrder.', examples: ['100ms'] })),
    within: maybe(Duration({ default: '0ms', description: 'How long to wait for it.', examples: ['2s'] })),
    quietFor: maybe(
      Duration({ default: '0ms', description: 'After that, no further match for so long.', examples: ['100ms'] }),
    ),
    orFail: maybe(
      Type.Boolean({
        default: false,
        description: 'Answer 409 when it did not pass, so that `curl -f` fails.',
        examples: [false],
      }),
    ),
  },
  {
    $id: 'Verification',
    ...strict,
    description: 'What must, or must not, have arrived.',
    examples: [{ match: { text: { startsWith: 'Hola' } }, count: { atLeast: 1 }, within: '2s' }],
  },
);
export type VerificationRequest = Static<typeof VerificationSchema>;

const DiffSchema = Type.Object(
  {
    offset: Type.Integer({ description: 'Where in the payload.', examples: [0] }),
    expected: Type.String({ description: 'Expected bytes.', examples: ['48 6f 6c 61'] }),
    actual: Type.String({ description: 'Bytes that came.', examples: ['68 6f 6c 61'] }),
  },
  { description: 'Expected and actual bytes as hex digits.' },
);

export const VerdictSchema = Type.Object(
  {
    passed: Type.Boolean({ description: 'It holds.', examples: [true] }),
    matched: Type.Integer({ description: 'Messages that matched.', examples: [1] }),
    seqs: Type.Array(Type.Integer(), { description: 'Their numbers.', examples: [[1]] }),
    explanation: Type.String({
      description: 'In words, for a log.',
      examples: ['1 message matched, as expected: seq 1.'],
    }),
    nearMisses: Type.Array(
      Type.Object({
        seq: Type.Integer({ description: 'The message.', examples: [2] }),
        why: Type.String({ description: 'Why it does not match.', examples: ['byte 0: expected 48, was 68'] }),
        diff: maybe(DiffSchema),
      }),
      { description: 'What came closest, and why it did not match.' },
    ),
  },
  { $id: 'Verdict', description: 'What was found.' },
);
export type Verdict = Static<typeof VerdictSchema>;
