/** What must be so for a rule to decide: a match, and what only rules look at. */
import { Type } from '@sinclair/typebox';
import { type Match, MatchSchema } from './match.ts';
import { strict } from './parts.ts';
import { FIELD_NAME_PATTERN, MOST_FIELDS, STATE_NAME_PATTERN } from './rule-names.ts';

const nthFields = {
  every: Type.Integer({ minimum: 1, description: 'Every so many.', examples: [10] }),
  from: Type.Integer({ minimum: 1, default: 1, description: 'The first of them.', examples: [1] }),
};
/** Which of those that got so far: one number, several, or every so many from one on. Counted from 1. */
export type Nth = number | number[] | { every: number; from?: number };
const NthValue = Type.Unsafe<Nth>({
  type: ['integer', 'array', 'object'],
  minimum: 1,
  items: { type: 'integer', minimum: 1 },
  minItems: 1,
  maxItems: 1000,
  properties: nthFields,
  required: ['every'],
  ...strict,
  description: 'Which of the messages that reached this rule and satisfied the rest of `when`, from 1.',
  examples: [3, [3, 5], { every: 10, from: 1 }],
});

/** What a field must be: a number or text, or a range of numbers. */
export type FieldTest = number | string | { equals?: number | string; min?: number; max?: number };
const FieldTests = Type.Unsafe<Record<string, FieldTest>>({
  type: 'object',
  patternProperties: {
    [FIELD_NAME_PATTERN]: {
      type: ['number', 'string', 'object'],
      description: 'What it must be.',
      examples: [3, { min: 0, max: 99 }],
      properties: {
        equals: { type: ['number', 'string'], description: 'This value.', examples: [3] },
        min: { type: 'number', description: 'At least.', examples: [0] },
        max: { type: 'number', description: 'At most.', examples: [99] },
      },
      ...strict,
      minProperties: 1,
    },
  },
  ...strict,
  maxProperties: MOST_FIELDS,
  description:
    'Fields by name: a value, or a range of numbers. Text for ascii and bcd, hex digits for bytes, where `??` is any byte.',
  examples: [{ fn: 3, reg: { min: 0, max: 99 } }],
});

export type When = Match & { state?: string | string[]; fields?: Record<string, FieldTest>; nth?: Nth };
export const WhenSchema = Type.Unsafe<When>({
  ...Type.Object(
    {
      ...MatchSchema.properties,
      state: Type.Optional(
        Type.Unsafe<string | string[]>({
          type: ['string', 'array'],
          pattern: STATE_NAME_PATTERN,
          items: { type: 'string', pattern: STATE_NAME_PATTERN },
          minItems: 1,
          maxItems: 64,
          description: 'The state must be this, or one of these; any without it.',
          examples: ['start', ['a', 'b']],
        }),
      ),
      fields: Type.Optional(FieldTests),
      nth: Type.Optional(NthValue),
    },
    { ...strict },
  ),
  $id: 'When',
  description: 'What a message must look like for a rule. All members together are an "and"; empty: every message.',
  examples: [{ text: { startsWith: 'USER ' }, state: 'start' }],
});
