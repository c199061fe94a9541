/** What a rule drew by `choose`, as messages and trials show it. */
import { type Static, Type } from '@sinclair/typebox';

export const DrawSchema = Type.Object(
  {
    index: Type.Integer({ description: 'How many were drawn before it.', examples: [0] }),
    value: Type.Number({ description: 'What the seed gave, from 0 to below 1.', examples: [0.42] }),
    choice: Type.Integer({ description: 'Place of what was chosen, from 0.', examples: [1] }),
  },
  { description: 'What the rule drew by `choose`.' },
);
export type Draw = Static<typeof DrawSchema>;
