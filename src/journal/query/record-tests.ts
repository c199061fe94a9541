/** What a filter asks of records: tests of matching/ for certain kinds of record, and what only records have. */
import type { Miss, Test } from '../../matching/test.ts';
import { type ChunkReader, KIND_CONNECTION, KIND_DROP, KIND_MESSAGE, KINDS } from '../../records/chunk.ts';
import { connectionId, threadName } from '../../records/ids.ts';

/** `kinds`: bit set of the kinds it is asked of; records of other kinds pass. */
export type RecordTest = Test<ChunkReader> & { readonly kinds: number };

export const ALL_KINDS = (1 << KINDS.length) - 1;
export const WITH_PAYLOAD = (1 << KIND_MESSAGE) | (1 << KIND_DROP);
export const WITH_PEER = WITH_PAYLOAD | (1 << KIND_CONNECTION);

/** A test that is one of several members of a filter: how near a record comes to it is not compared. */
export function ungraded(kinds: number, { holds, miss }: Test): RecordTest {
  return { kinds, holds, miss: (reader) => flat(miss(reader).why) };
}

export function directionTest(wanted: 'in' | 'out'): RecordTest {
  const code = wanted === 'in' ? 0 : 1;
  const other = flat(`direction is ${wanted === 'in' ? 'out' : 'in'}`);
  return { kinds: WITH_PAYLOAD, holds: (reader) => reader.direction === code, miss: () => other };
}

/** @param since microseconds since 1970 */
export function sinceTest(since: number): RecordTest {
  const older = flat('is older than `since`');
  return { kinds: ALL_KINDS, holds: ({ micros }) => micros >= since, miss: () => older };
}

/** @param until microseconds since 1970 */
export function untilTest(until: number): RecordTest {
  const late = flat('is not older than `until`');
  return { kinds: ALL_KINDS, holds: ({ micros }) => micros < until, miss: () => late };
}

export function connectionTest(wanted: number): RecordTest {
  return {
    kinds: WITH_PEER,
    holds: ({ connection }) => connection === wanted,
    miss: ({ connection }) =>
      flat(connection === undefined ? 'belongs to no connection' : `connection is ${connectionId(connection)}`),
  };
}

export function threadTest(name: string): RecordTest {
  return {
    kinds: ALL_KINDS,
    holds: ({ thread, listener }) => threadName(thread, listener) === name,
    miss: ({ thread, listener }) => flat(`thread is ${threadName(thread, listener)}`),
  };
}

export function ruleTest(wanted: string): RecordTest {
  return {
    kinds: WITH_PAYLOAD,
    holds: (reader) => reader.hasExtras && reader.extras.rule === wanted,
    miss: ({ extras: { rule } }) => flat(rule === undefined ? 'no rule matched it' : `rule is ${rule}`),
  };
}

export function unmatchedTest(wanted: boolean): RecordTest {
  const other = flat(wanted ? 'no rule missed it' : 'no rule matched it');
  return { kinds: WITH_PAYLOAD, holds: ({ isUnmatched }) => isUnmatched === wanted, miss: () => other };
}

function flat(why: string): Miss {
  return { why, closeness: 0 };
}
