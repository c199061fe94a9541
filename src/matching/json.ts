/** The test of a value in a payload that is JSON. */
import { sameJson } from '../json/canonical.ts';
import { valueAt } from '../json/value-at.ts';
import type { Match } from '../schemas/match.ts';
import type { Subject } from './subject.ts';
import type { Test } from './test.ts';
import type { Words } from './words.ts';

/** @param path the tokens of the match's pointer */
export function jsonTest(match: NonNullable<Match['json']>, path: readonly string[], words: Words): Test {
  const { pointer } = match;
  const isUnwanted = match.exists === false;
  const wanted = match.equalsText ?? (match.equals === undefined ? undefined : JSON.stringify(match.equals));
  const isWanted = wanted === undefined ? () => true : sameJson(wanted);
  return {
    holds({ payload }) {
      const found = valueAt(payload, path);
      if (found?.exists !== true) return found !== undefined && isUnwanted;
      return !isUnwanted && isWanted(found.text);
    },
    miss: (subject) => ({ why: why(subject), closeness: 0.4 }),
  };

  function why({ payload }: Subject): string {
    const found = valueAt(payload, path);
    if (found === undefined) return words.notJson;
    if (!found.exists) return words.jsonLacks(pointer);
    return isUnwanted ? `JSON has ${pointer}` : words.jsonDiffers(pointer, found.text, wanted!);
  }
}
