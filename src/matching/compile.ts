/** Compiles a Match into a Test. All members together are an "and"; the first that fails gives the reason. */
import { parsePointer } from '../json/pointer.ts';
import type { Match } from '../schemas/match.ts';
import { containsTest, endsWithTest, equalsTest, type Search, startsWithTest } from './bytes.ts';
import { ignoreCaseTest } from './ignore-case.ts';
import { jsonTest } from './json.ts';
import { allOf, anyOf, not } from './logic.ts';
import { fieldTest, sizeTest } from './numbers.ts';
import { hexPattern, textPattern } from './pattern.ts';
import { parsePeer } from './peer.ts';
import { compileRegex, type RegexView, regexTest } from './regex.ts';
import { remoteTest } from './remote.ts';
import { MatchError, type Test } from './test.ts';
import { MATCH_WORDS } from './words.ts';

/**
 * Throws MatchError, which names the member, for a pattern, pointer or address that can't be read.
 * @param search a quicker way to look for bytes, where there is one
 */
export function compileMatch(match: Match, search?: Search): Test {
  return compile(match, '', search);
}

/** @param pointer where the match stands in the whole */
function compile(match: Match, pointer: string, search: Search | undefined): Test {
  const inner = (each: Match, name: string) => compile(each, `${pointer}/${name}`, search);
  const tests = [...contentTests(match, pointer, search)];
  match.all?.forEach((each, i) => {
    tests.push(inner(each, `all/${i}`));
  });
  if (match.any !== undefined) tests.push(anyOf(match.any.map((each, i) => inner(each, `any/${i}`))));
  if (match.not !== undefined) tests.push(not(inner(match.not, 'not')));
  return allOf(tests);
}

function* contentTests(match: Match, pointer: string, search: Search | undefined): Generator<Test> {
  const { text, hex, size, field, json, remote } = match;
  if (text !== undefined) yield* textTests(text, `${pointer}/text`, search);
  if (hex !== undefined) yield* bytesTests(hex, HEX, `${pointer}/hex`, search);
  if (text?.regex !== undefined) yield readRegex(text, `${pointer}/text/regex`);
  if (hex?.regex !== undefined) yield readRegex(hex, `${pointer}/hex/regex`, 'bytes');
  if (size !== undefined) yield sizeTest(typeof size === 'number' ? { equals: size } : size, `${pointer}/size`);
  if (field !== undefined) yield fieldTest(field, `${pointer}/field`);
  if (json !== undefined) {
    const path = read(() => parsePointer(json.pointer), `${pointer}/json/pointer`);
    yield jsonTest(json, path, MATCH_WORDS);
  }
  if (remote !== undefined)
    yield remoteTest(
      read(() => parsePeer(remote), `${pointer}/remote`),
      remote,
      MATCH_WORDS,
    );
}

type BytesMatch = { equals?: string; startsWith?: string; endsWith?: string; contains?: string };
/** How bytes are written in a match, and what is said of payloads that lack them. */
type Notation = { parse: typeof hexPattern; lacks: typeof MATCH_WORDS.lacksBytes };

const HEX: Notation = { parse: hexPattern, lacks: MATCH_WORDS.lacksBytes };
const TEXT: Notation = {
  parse: textPattern,
  lacks: (_payload, { bytes }) => MATCH_WORDS.lacksText(bytes.toString()),
};

const WHOLE_TESTS = { equals: equalsTest, startsWith: startsWithTest, endsWith: endsWithTest };

function* bytesTests(
  match: BytesMatch,
  { parse, lacks }: Notation,
  pointer: string,
  search: Search | undefined,
): Generator<Test> {
  const pattern = (name: keyof BytesMatch) => read(() => parse(match[name]!), `${pointer}/${name}`);
  for (const name of ['equals', 'startsWith', 'endsWith'] as const) {
    if (match[name] !== undefined) yield WHOLE_TESTS[name](pattern(name));
  }
  if (match.contains === undefined) return;
  const wanted = pattern('contains');
  yield containsTest(wanted, (payload) => lacks(payload, wanted), search);
}

type RegexMatch = { regex?: string; ignoreCase?: boolean };

function readRegex(match: RegexMatch, pointer: string, view: RegexView = 'text'): Test {
  const holds = read(() => compileRegex(regexSource(match), view), pointer);
  return regexTest(match.regex!, holds, view);
}

const TEXT_TESTS = ['equals', 'startsWith', 'endsWith', 'contains', 'regex'] as const;

/** With ignoreCase as the flag that RE2 has for it. */
export function regexSource({ regex = '', ignoreCase = false }: RegexMatch): string {
  return ignoreCase ? `(?i)${regex}` : regex;
}

function* textTests(match: NonNullable<Match['text']>, pointer: string, search: Search | undefined): Generator<Test> {
  if (match.ignoreCase !== undefined && !TEXT_TESTS.some((name) => match[name] !== undefined))
    throw new MatchError(`${pointer}/ignoreCase`, `needs one of ${TEXT_TESTS.join(', ')}`);
  if (match.ignoreCase !== true) {
    yield* bytesTests(match, TEXT, pointer, search);
    return;
  }
  for (const name of ['equals', 'startsWith', 'endsWith', 'contains'] as const) {
    const text = match[name];
    if (text !== undefined) yield read(() => ignoreCaseTest(name, text), `${pointer}/${name}`);
  }
}

function read<T>(parse: () => T, pointer: string): T {
  try {
    return parse();
  } catch (error) {
    throw new MatchError(pointer, error instanceof Error ? error.message : String(error));
  }
}
