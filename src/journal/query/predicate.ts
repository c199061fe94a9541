/** Compiles a filter to tests of matching/, and to what lets chunks be passed unread. */
import { parsePointer } from '../../json/pointer.ts';
import { containsTest } from '../../matching/bytes.ts';
import { compileMatch } from '../../matching/compile.ts';
import { jsonTest } from '../../matching/json.ts';
import { sizeTest } from '../../matching/numbers.ts';
import { type BytePattern, hexPattern, literalPattern } from '../../matching/pattern.ts';
import { compileRegex, regexTest } from '../../matching/regex.ts';
import { remoteTest } from '../../matching/remote.ts';
import { MatchError, type Test } from '../../matching/test.ts';
import { FILTER_WORDS } from '../../matching/words.ts';
import { type ChunkReader, KIND_MESSAGE } from '../../records/chunk.ts';
import type { MessageFilter } from '../../schemas/reads.ts';
import { JournalError } from '../journal-error.ts';
import type { Conditions } from '../store/store.ts';
import { searchChunk } from './chunk-search.ts';
import { conditionsOf } from './conditions.ts';
import {
  connectionTest,
  directionTest,
  type RecordTest,
  ruleTest,
  sinceTest,
  threadTest,
  ungraded,
  unmatchedTest,
  untilTest,
  WITH_PAYLOAD,
  WITH_PEER,
} from './record-tests.ts';

export type Predicate = {
  /** Bit set of the kinds wanted. */
  kinds: number;
  tests: readonly RecordTest[];
  /** Null when they would hold for nearly every chunk. */
  conditions: Conditions | null;
  /** Bytes that every matching payload contains, where the filter says so. */
  literal: Uint8Array | undefined;
  /** One record may take long enough to look at the clock after it. */
  slow: boolean;
  matches(reader: ChunkReader): boolean;
};

/** Throws JournalError `filter_invalid`. */
export function compileFilter(filter: MessageFilter): Predicate {
  const kinds = filter.kinds ?? 1 << KIND_MESSAGE;
  const patterns = patternsOf(filter);
  const tests = [...cheapTests(filter), ...contentTests(filter, patterns)];
  const literal = literalOf(kinds, patterns);
  const slow = filter.regex !== undefined || filter.json !== undefined || filter.match !== undefined;
  const conditions = conditionsOf(filter, kinds);
  return { kinds, tests, conditions, literal, slow, matches: matcher(kinds, tests) };
}

function matcher(kinds: number, tests: readonly RecordTest[]): (reader: ChunkReader) => boolean {
  if (tests.length === 0) return (reader) => ((kinds >>> reader.kind) & 1) !== 0;
  return (reader) => {
    const { kind } = reader;
    if (((kinds >>> kind) & 1) === 0) return false;
    for (const test of tests) if (((test.kinds >>> kind) & 1) !== 0 && !test.holds(reader)) return false;
    return true;
  };
}

function* cheapTests(filter: MessageFilter): Generator<RecordTest> {
  const { direction, since, until, minSize, maxSize, connection, thread, remote, unmatched } = filter;
  if (direction !== undefined) yield directionTest(direction);
  if (minSize !== undefined) yield ungraded(WITH_PAYLOAD, sizeTest({ min: minSize }));
  if (maxSize !== undefined) yield ungraded(WITH_PAYLOAD, sizeTest({ max: maxSize }));
  if (since !== undefined) yield sinceTest(since);
  if (until !== undefined) yield untilTest(until);
  if (connection !== undefined) yield connectionTest(connection);
  if (thread !== undefined) yield threadTest(thread);
  if (unmatched !== undefined) yield unmatchedTest(unmatched);
  if (remote !== undefined) yield ungraded(WITH_PEER, remoteTest(remote, '', FILTER_WORDS));
}

type Patterns = { text: BytePattern | undefined; hex: BytePattern | undefined };

function patternsOf({ text, hex }: MessageFilter): Patterns {
  return {
    text: text === undefined ? undefined : literalPattern(Buffer.from(text)),
    hex: hex === undefined ? undefined : read('hex', () => hexPattern(hex)),
  };
}

function* contentTests(filter: MessageFilter, patterns: Patterns): Generator<RecordTest> {
  const { rule, match } = filter;
  if (rule !== undefined) yield ruleTest(rule);
  for (const test of payloadTests(filter, patterns)) yield ungraded(WITH_PAYLOAD, test);
  if (match !== undefined) yield { kinds: WITH_PAYLOAD, ...readMatch(match) };
}

function* payloadTests({ text, json, regex }: MessageFilter, patterns: Patterns): Generator<Test> {
  const { hex } = patterns;
  if (text !== undefined) yield containsTest(patterns.text!, () => FILTER_WORDS.lacksText(text), searchChunk);
  if (hex !== undefined) yield containsTest(hex, (payload) => FILTER_WORDS.lacksBytes(payload, hex), searchChunk);
  if (json !== undefined) {
    const { pointer, text: equalsText } = json;
    yield jsonTest({ pointer, equalsText }, readPointer(pointer), FILTER_WORDS);
  }
  if (regex !== undefined)
    yield regexTest(
      regex,
      read('regex', () => compileRegex(regex)),
    );
}

function readPointer(pointer: string): string[] {
  try {
    return parsePointer(pointer);
  } catch {
    throw new JournalError('filter_invalid', 'json: starts with a JSON pointer, e.g. /id=4');
  }
}

function readMatch(match: NonNullable<MessageFilter['match']>): Test {
  try {
    return compileMatch(match, searchChunk);
  } catch (error) {
    if (!(error instanceof MatchError)) throw error;
    throw new JournalError('filter_invalid', `match${error.pointer}: ${error.message}`);
  }
}

function read<T>(member: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new JournalError('filter_invalid', `${member}: ${(error as Error).message}`);
  }
}

function literalOf(kinds: number, { text, hex }: Patterns): Uint8Array | undefined {
  if ((kinds & ~WITH_PAYLOAD) !== 0) return undefined;
  const [inText, inHex] = [text, hex].map((pattern) => pattern?.run.bytes ?? new Uint8Array());
  const longest = inHex!.length > inText!.length ? inHex! : inText!;
  return longest.length === 0 ? undefined : longest;
}
