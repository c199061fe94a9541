/** What the notes of a chunk must say for a filter to find anything in it, so that chunks are passed unread. */
import { KIND_MESSAGE } from '../../records/chunk.ts';
import { addressBits, type ChunkSummary, endpointBits, HAS_IN, HAS_OUT } from '../../records/chunk-summary.ts';
import { threadOf } from '../../records/ids.ts';
import type { MessageFilter, RemoteFilter } from '../../schemas/reads.ts';
import { ANYTHING, type Conditions } from '../store/store.ts';
import { WITH_PAYLOAD } from './record-tests.ts';

const WHOLE_ADDRESS = 128;
const NOTED = ['direction', 'since', 'until', 'minSize', 'maxSize', 'thread', 'remote'] as const;

/** Null when they would hold for nearly every chunk. */
export function conditionsOf(filter: MessageFilter, kinds: number): Conditions | null {
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

/** Networks leave no trace in the notes, only whole addresses do. */
function remoteConditions(filter: RemoteFilter | undefined): Pick<Conditions, 'addresses' | 'endpoints'> {
  if (filter === undefined || filter.prefix < WHOLE_ADDRESS) return { addresses: 0, endpoints: 0 };
  const view = new DataView(filter.bytes.buffer, filter.bytes.byteOffset);
  return {
    addresses: addressBits(view, 0) >>> 0,
    endpoints: filter.port === undefined ? 0 : endpointBits(view, 0, filter.port) >>> 0,
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
