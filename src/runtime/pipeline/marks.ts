/** What the record of a message says of the decision on it. */
import { type Draft, FLAG_UNMATCHED } from '../../records/chunk.ts';
import type { Decision } from './behavior.ts';

type Marks = Pick<Draft, 'extras' | 'marks'>;
const NONE: Marks = {};
const UNMATCHED: Marks = { marks: FLAG_UNMATCHED };

export function marksOf({ rule, unmatched }: Decision): Marks {
  if (rule !== undefined) return { extras: { rule } };
  return unmatched === true ? UNMATCHED : NONE;
}
