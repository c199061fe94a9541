/** Records, chunks, listeners and requests for the journal's tests. */
import { join } from 'node:path';
import type { Test } from 'tap';
import { type Clock, systemClock } from '../../../src/clock/clock.ts';
import { epochOf, type Position } from '../../../src/journal/cursor.ts';
import type { CaptureLimits, JournalListener } from '../../../src/journal/journal.ts';
import { HistoryReader } from '../../../src/journal/log/history-reader.ts';
import { Log } from '../../../src/journal/log/log.ts';
import { QueryRunner } from '../../../src/journal/query/query-runner.ts';
import { Reads } from '../../../src/journal/query/reads.ts';
import { TimeSlicer } from '../../../src/journal/query/time-slicer.ts';
import { Snapshot } from '../../../src/journal/reader/snapshot.ts';
import { SqliteStore } from '../../../src/journal/store/sqlite/sqlite-store.ts';
import { WalResetBarrier } from '../../../src/journal/store/sqlite/wal-reset-barrier.ts';
import { addressBytes } from '../../../src/net/address.ts';
import { type Draft, encodeChunk, KIND_MESSAGE } from '../../../src/records/chunk.ts';
import { listenerId } from '../../../src/records/ids.ts';
import type { Read, ReadResult, Wait } from '../../../src/schemas/reads.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { betweenLooks } from '../../support/waiting.ts';

export const A = 0x1234_5678_9abc;
export const B = 77;

export const ROOMY: CaptureLimits = { maxMessages: 1e6, maxBytes: 1e9, maxAge: null, overflow: 'dropOldest' };

export function listener(number = A, capture: Partial<CaptureLimits> = {}): JournalListener {
  const local = { address: '127.0.0.1', port: 2323 };
  return { number, id: listenerId(number), protocol: 'udp', local, capture: { ...ROOMY, ...capture } };
}

/** A message from 127.0.0.1:5000 with this text, received now. */
export function message(text: string, more: Partial<Draft> = {}): Draft {
  const payload = Buffer.from(text);
  const remote = addressBytes('127.0.0.1');
  return {
    ...{ kind: KIND_MESSAGE, direction: 0, at: now(), size: payload.length },
    ...{ payload, remote, remotePort: 5000, ...more },
  };
}

export function now(): { seconds: number; nanos: number } {
  return instant(Date.now());
}

export function instant(milliseconds: number): { seconds: number; nanos: number } {
  return { seconds: Math.floor(milliseconds / 1000), nanos: (milliseconds % 1000) * 1e6 };
}

export type Origin = { binding?: number; incarnation?: number; thread?: number; ordinal?: number };

export function chunk(drafts: Draft[], number = A, origin: Origin = {}): Uint8Array<ArrayBuffer> {
  const { binding = 0, incarnation = 0, thread = 1, ordinal = 0 } = origin;
  const from = { listener: number, node: 0, thread, binding, incarnation };
  return encodeChunk(from, drafts, 1e6, ordinal) as Uint8Array<ArrayBuffer>;
}

/** Chunks of messages with these texts, one a chunk. */
export function texts(...all: string[]): Uint8Array<ArrayBuffer>[] {
  return all.map((text) => chunk([message(text)]));
}

export function pullOf(more: Partial<Read> = {}): Read {
  return {
    ...{ scope: { listener: A }, after: null, before: null, order: 'asc', limit: 1000, maxBytes: 1e9 },
    ...{ filter: {}, payload: 'full', format: 'json', ...more },
  };
}

export function waitOf(more: Partial<Wait> = {}): Wait {
  return { ...pullOf(), count: 1, timeout: 5000, ...more };
}

/** A cursor as it is given out for a position within a listener. */
export function cursorAt(position: number | string, number = A): string {
  return `${position}~${epochOf(number)}`;
}

export type Item = Record<string, unknown> & { seq?: number; afterSeq?: number; text?: string; kind: string };

/** The items of an answer in JSON form. */
export function itemsOf(pulled: ReadResult): Item[] {
  return JSON.parse(`[${Buffer.from(pulled.body).toString()}]`);
}

export function seqsOf(pulled: ReadResult): number[] {
  return itemsOf(pulled).map((item) => item.seq!);
}

export function textsOf(pulled: ReadResult): string[] {
  return itemsOf(pulled).map((item) => item.text!);
}

/** A log in this thread, and a way to read it as pulls do. */
export function bench(
  maxBytes = 1e9,
  clock: Clock = systemClock,
): { log: Log; pull: (more?: Partial<Read>) => Promise<ReadResult> } {
  const log = new Log(new SqliteStore(null), maxBytes, clock);
  const slices = new TimeSlicer(() => {});
  const pulls = new Reads(log, { slices, commit: () => log.commit(), reader: null });
  let asked = 0;
  return { log, pull: (more) => pulls.read(pullOf(more), `${++asked}`, new AbortController().signal) };
}

/** A journal of one thread; `done` when the test is through with it. */
export type Bench = { log: Log; pull: (more?: Partial<Read>) => Promise<ReadResult>; done: () => unknown };

export function inMemory(): Bench {
  const made = bench();
  return { ...made, done: () => made.log.store.close() };
}

/** Journals one after the other in a file, read by snapshots of it, in slices as short as they come. */
export function inFile(t: Test): () => Bench {
  const file = join(temporaryDirectory(t), 'journal.db');
  const log = new Log(new SqliteStore(file), 1e9);
  const snapshot = new Snapshot(file, new WalResetBarrier());
  t.teardown(async () => {
    snapshot.close();
    await log.store.close();
  });
  const walks = new QueryRunner(snapshot, new TimeSlicer(() => {}, 0), (look) => snapshot.withSnapshot(look));
  const pull = async (more?: Partial<Read>) => {
    log.commit();
    const { result, served } = await walks.run(pullOf(more), new AbortController().signal);
    log.markAllServed(served);
    return result;
  };
  const done = () => {
    for (const history of [...log.histories.values()]) log.forget(history);
    while (log.isReclaiming) log.commit();
  };
  return () => ({ log, pull, done });
}

/** A reader at the first record. */
export function readerOf(draft: Draft, start: Position = { major: 0, minor: 0 }): HistoryReader {
  const reader = new HistoryReader(chunk([draft]), start);
  reader.next();
  return reader;
}

/** Waits until the condition holds. */
export async function until(condition: () => boolean | Promise<boolean>, milliseconds = 5000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error('it did not come about in time');
    await betweenLooks(2);
  }
}
