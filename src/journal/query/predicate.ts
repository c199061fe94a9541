import { type ChunkReader, KIND_CONNECTION, KIND_DROP, KIND_MESSAGE, KINDS } from '../../records/chunk.ts';
import { type ChunkSummary, HAS_IN, HAS_OUT } from '../../records/chunk-summary.ts';
import { connectionId, threadName, threadOf } from '../../records/ids.ts';
import type { ByteDiff } from '../../schemas/match.ts';
import type { MessageFilter } from '../../schemas/reads.ts';
import { ANYTHING, type Conditions } from '../store/store.ts';
import { containsBytes } from './bytes.ts';
import { hexTest, longestRun, parsePattern } from './hex.ts';
import { jsonTest } from './json.ts';
import { matchTest } from './match.ts';
import { regexTest } from './regex.ts';
import { remoteConditions, remoteTest } from './remote.ts';

/** One thing a filter asks of a record. */
export type Test = {
  /** Bit set of the kinds it is asked of; records of other kinds pass. */
  kinds: number;
  matches(reader: ChunkReader): boolean;
  /** Why the record at hand does not match, in words. */
  why(reader: ChunkReader): string;
  /** Expected and actual bytes, where there are such. */
  diff?(reader: ChunkReader): ByteDiff | undefined;
  /** 0 (nothing alike) to 1 (all but), where it can be told. */
  closeness?(reader: ChunkReader): number;
};

export type Predicate = {
  /** Bit set of the kinds wanted. */
  kinds: number;
  tests: readonly Test[];
  /** Null when they would hold for nearly every chunk. */
  conditions: Conditions | null;
  /** Bytes that every matching payload contains, where the filter says so. */
  literal: Uint8Array | undefined;
  /** One record may take long enough to look at the clock after it. */
  slow: boolean;
  matches(reader: ChunkReader): boolean;
};

const ALL_KINDS = (1 << KINDS.length) - 1;
const WITH_PAYLOAD = (1 << KIND_MESSAGE) | (1 << KIND_DROP);
const WITH_PEER = WITH_PAYLOAD | (1 << KIND_CONNECTION);

/** Throws JournalError `filter_invalid`. */
export function compileFilter(filter: MessageFilter): Predicate {
  const kinds = filter.kinds ?? 1 << KIND_MESSAGE;
  const tests = [...cheapTests(filter), ...payloadTests(filter)];
  const literal = literalOf(filter);
  const slow = filter.regex !== undefined || filter.json !== undefined || filter.match !== undefined;
  const conditions = conditionsOf(filter, kinds);
  return { kinds, tests, conditions, literal, slow, matches: matcher(kinds, tests) };
}

function matcher(kinds: number, tests: readonly Test[]): (reader: ChunkReader) => boolean {
  if (tests.length === 0) return (reader) => ((kinds >>> reader.kind) & 1) !== 0;
  return (reader) => {
    const { kind } = reader;
    if (((kinds >>> kind) & 1) === 0) return false;
    for (const test of tests) if (((test.kinds >>> kind) & 1) !== 0 && !test.matches(reader)) return false;
    return true;
  };
}

function* cheapTests(filter: MessageFilter): Generator<Test> {
  const { direction, since, until, minSize, maxSize, connection, thread, remote } = filter;
  if (direction !== undefined) yield directionTest(direction);
  if (minSize !== undefined)
    yield sizeTest(
      (size) => size >= minSize,
      (size) => `size ${size} is below ${minSize}`,
    );
  if (maxSize !== undefined)
    yield sizeTest(
      (size) => size <= maxSize,
      (size) => `size ${size} is above ${maxSize}`,
    );
  if (since !== undefined) yield timeTest((at) => at >= since, 'is older than `since`');
  if (until !== undefined) yield timeTest((at) => at < until, 'is not older than `until`');
  if (connection !== undefined) yield connectionTest(connection);
  if (thread !== undefined) yield threadTest(thread);
  if (remote !== undefined) yield { kinds: WITH_PEER, ...remoteTest(remote) };
}

function* payloadTests(filter: MessageFilter): Generator<Test> {
  const { rule, text, hex, regex, json, match } = filter;
  if (rule !== undefined) yield ruleTest(rule);
  if (text !== undefined) yield textTest(text);
  if (hex !== undefined) yield { kinds: WITH_PAYLOAD, ...hexTest(hex) };
  if (json !== undefined) yield { kinds: WITH_PAYLOAD, ...jsonTest(json.pointer, json.text) };
  if (regex !== undefined) yield { kinds: WITH_PAYLOAD, ...regexTest(regex) };
  if (match !== undefined) yield { kinds: WITH_PAYLOAD, ...matchTest(match) };
}

function directionTest(wanted: 'in' | 'out'): Test {
  const code = wanted === 'in' ? 0 : 1;
  return {
    kinds: WITH_PAYLOAD,
    matches: (reader) => reader.direction === code,
    why: () => `direction is ${wanted === 'in' ? 'out' : 'in'}`,
  };
}

function sizeTest(fits: (size: number) => boolean, why: (size: number) => string): Test {
  return { kinds: WITH_PAYLOAD, matches: (reader) => fits(reader.size), why: (reader) => why(reader.size) };
}

function timeTest(fits: (micros: number) => boolean, why: string): Test {
  return { kinds: ALL_KINDS, matches: (reader) => fits(reader.micros), why: () => why };
}

function connectionTest(wanted: number): Test {
  return {
    kinds: WITH_PEER,
    matches: (reader) => reader.connection === wanted,
    why: ({ connection }) =>
      connection === undefined ? 'belongs to no connection' : `connection is ${connectionId(connection)}`,
  };
}

function threadTest(name: string): Test {
  return {
    kinds: ALL_KINDS,
    matches: (reader) => threadName(reader.thread, reader.listener) === name,
    why: (reader) => `thread is ${threadName(reader.thread, reader.listener)}`,
  };
}

function ruleTest(wanted: string): Test {
  return {
    kinds: WITH_PAYLOAD,
    matches: (reader) => reader.hasExtras && reader.extras.rule === wanted,
    why: ({ extras: { rule } }) => (rule === undefined ? 'no rule matched it' : `rule is ${rule}`),
  };
}

function textTest(text: string): Test {
  const matches = containsBytes(Buffer.from(text));
  return { kinds: WITH_PAYLOAD, matches, why: () => `text does not contain ${JSON.stringify(text)}` };
}

const NOTED = ['direction', 'since', 'until', 'minSize', 'maxSize', 'thread', 'remote'] as const;

function conditionsOf(filter: MessageFilter, kinds: number): Conditions | null {
  const isNoted = NOTED.some((name) => filter[name] !== undefined);
  if (!isNoted && (kinds & (1 << KIND_MESSAGE)) !== 0) return null;
  return {
    ...ANYTHING,
    kinds,
    exempt: kinds & ~WITH_PAYLOAD,
    directions: filter.direction === 'in' ? HAS_IN : filter.direction === 'out' ? HAS_OUT : HAS_IN | HAS_OUT,
    since: filter.since ?? ANYTHING.since,
    until: filter.until ?? ANYTHING.until,
    minSize: filter.minSize ?? 0,
    maxSize: filter.maxSize ?? ANYTHING.maxSize,
    thread: filter.thread === undefined ? null : threadOf(filter.thread),
    ...remoteConditions(filter.remote),
  };
}

/** The same question as the store asks of its rows, of a chunk at hand. */
export function mayMatch(c: Conditions | null, summary: ChunkSummary, thread: number): boolean {
  if (c === null) return true;
  if (summary.stop < c.since || summary.start >= c.until || (summary.kinds & c.kinds) === 0) return false;
  if (c.thread !== null && c.thread !== thread) return false;
  if ((summary.kinds & c.exempt) !== 0) return true;
  if ((summary.kinds & c.directions) === 0 || summary.largest < c.minSize || summary.smallest > c.maxSize) return false;
  return (
    (summary.addresses & c.addresses) >>> 0 === c.addresses && (summary.endpoints & c.endpoints) >>> 0 === c.endpoints
  );
}

function literalOf({ text, hex, kinds }: MessageFilter): Uint8Array | undefined {
  if (((kinds ?? 1) & ~WITH_PAYLOAD) !== 0) return undefined;
  const literals = [
    text === undefined ? [] : Buffer.from(text),
    hex === undefined ? [] : longestRun(parsePattern(hex)).bytes,
  ];
  const longest = literals.reduce((a, b) => (b.length > a.length ? b : a));
  return longest.length === 0 ? undefined : Uint8Array.from(longest);
}
