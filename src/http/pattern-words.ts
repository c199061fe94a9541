/** What is said of text that does not have the form its schema wants. */
import { HEX_BYTE_PATTERN } from '../schemas/framing.ts';
import { LABEL_KEY_PATTERN, NAME_PATTERN, REF_PATTERN } from '../schemas/listener.ts';
import { POINTER_PATTERN } from '../schemas/match.ts';
import { FIELD_NAME_PATTERN, RULE_NAME_PATTERN, STATE_NAME_PATTERN } from '../schemas/rule-names.ts';
import {
  BYTES_PATTERN,
  DURATION_PATTERN,
  PORTS_PATTERN,
  QUERY_DURATION_PATTERN,
  WHOLE_PATTERN,
} from '../schemas/units.ts';

const SHORT_NAME = 'must be 1 to 63 letters, digits, `.`, `_` or `-`, and begin with a letter or digit';
const NAME =
  "must be 1 to 63 letters, digits, `.`, `_` or `-`, begin with a letter or digit, and not have an id's form";
const WORDS: Readonly<Record<string, string>> = {
  [DURATION_PATTERN]: 'must be a duration such as "500ms", "5s", "2m", "1h", or a whole number of milliseconds',
  [QUERY_DURATION_PATTERN]: 'must be a duration such as 500ms, 5s, 2m, 1h, or a whole number of milliseconds',
  [BYTES_PATTERN]: 'must be a size such as 65536, "64KiB", "1MiB", "1GiB"',
  [WHOLE_PATTERN]: 'must be a whole number',
  [PORTS_PATTERN]: 'must be a range of ports such as 20000-20999',
  [NAME_PATTERN]: NAME,
  [REF_PATTERN]: NAME,
  [RULE_NAME_PATTERN]: `${SHORT_NAME}; test and from-messages are taken`,
  [STATE_NAME_PATTERN]: SHORT_NAME,
  [HEX_BYTE_PATTERN]: 'must be a byte as two hex digits, e.g. "0b"',
  [POINTER_PATTERN]: 'must be empty or begin with /, e.g. /level',
};
/** Of members whose names are free. */
const KEYS: Readonly<Record<string, string>> = {
  [LABEL_KEY_PATTERN]: 'is no name of a label: 1 to 63 letters, digits, `.`, `_`, `/` or `-`',
  [FIELD_NAME_PATTERN]: 'is no name of a field: 1 to 32 letters, digits or `_`, and no digit at the start',
};

/** @param example of text that has the form */
export function patternWords(pattern: string, example?: unknown): string {
  const shown = example === undefined ? '' : `, e.g. ${JSON.stringify(example)}`;
  return WORDS[pattern] ?? choiceWords(pattern) ?? `must match ${pattern}${shown}`;
}

/** @param patterns of the names that are allowed */
export function keyWords(patterns: readonly string[]): string {
  return patterns.map((pattern) => KEYS[pattern]).find((words) => words !== undefined) ?? 'is not a valid key';
}

/** Of a pattern that is nothing but a choice of words. */
function choiceWords(pattern: string): string | undefined {
  const [, words] = /^\^\((\w+(?:\|\w+)*)\)\$$/.exec(pattern) ?? [];
  return words === undefined ? undefined : `must be one of ${words.split('|').join(', ')}`;
}
