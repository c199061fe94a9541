/** What the record of a message says of the decision on it. */
import { type Draft, type Extras, FLAG_UNMATCHED } from '../../records/chunk.ts';
import type { Decision } from './behavior.ts';
import type { SendMeta } from './link.ts';
import type { Request } from './request.ts';

type Marks = Pick<Draft, 'extras' | 'marks'>;
const NONE: Marks = {};
const UNMATCHED: Marks = { marks: FLAG_UNMATCHED };

export function marksOf({ rule, unmatched }: Decision, { draw }: Pick<Request, 'draw'>): Marks {
  if (rule !== undefined) return { extras: ruleExtras(rule, draw) };
  return unmatched === true ? UNMATCHED : NONE;
}

/** The rule that decided, and what it drew. */
export function ruleExtras(rule: string, draw: Request['draw']): Extras {
  return draw === null ? { rule } : { rule, draw: JSON.stringify(draw) };
}

/** What the record of something that is sent says of its cause. */
export function aboutReply({ answers, rule = '' }: Readonly<SendMeta>): Pick<Draft, 'reference' | 'extras'> {
  const reference = answers < 0 ? {} : { reference: answers };
  return rule === '' ? reference : { ...reference, extras: { rule } };
}
