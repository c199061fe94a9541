/**
 * What the main thread and the journal thread say to each other, types only: commands as requests of rpc/, and what the
 * journal says unasked. Chunks of the workers take another way: ports of their own, handed over by `attach`.
 */
import type { MessagePort } from 'node:worker_threads';
import type {
  HistoryStats,
  JournalStats,
  PayloadOptions,
  Read,
  ReadResult,
  ReadScope,
  Wait,
  WaitResult,
} from '../schemas/reads.ts';
import type { CaptureLimits, JournalListener, MessagePeer, Traffic } from './journal.ts';
import type { Fsync } from './store/sqlite/wal-sync.ts';

/** What the thread is told when it starts, as workerData. */
export type JournalStart = { dataDir: string | null; maxBytes: number; fsync: Fsync };

/** Commands of the main thread. */
export type JournalProtocol = {
  register: { request: JournalListener; reply: HistoryStats };
  saveSpec: { request: { listener: number; spec: string }; reply: null };
  savedSpecs: { request: null; reply: Map<number, string | null> };
  saveCounts: { request: ReadonlyMap<number, string>; reply: null };
  savedCounts: { request: null; reply: Map<number, { counts: string | null; traffic: Traffic }> };
  configure: { request: { listener: number; capture: CaptureLimits }; reply: null };
  forget: { request: { listener: number }; reply: null };
  complete: { request: { listener: number; completed: boolean }; reply: null };
  attach: { request: MessagePort; reply: null };
  append: { request: Uint8Array; reply: null };
  /** `key` is the request in text: those alike may share a result. */
  read: { request: Read & { key: string }; reply: ReadResult };
  endExport: { request: { id: number }; reply: null };
  wait: { request: Wait; reply: WaitResult };
  payload: { request: { listener: number; seq: number } & PayloadOptions; reply: Uint8Array | null | undefined };
  peer: { request: { listener: number; seq: number }; reply: MessagePeer | undefined };
  clear: { request: { listener: number; before: number | undefined }; reply: number };
  histories: { request: { listeners: number[] }; reply: Map<number, HistoryStats> };
  accounted: { request: { listener: number; binding: number; incarnation: number }; reply: number };
  seqOf: {
    request: { listener: number; binding: number; incarnation: number; ordinal: number };
    reply: number | undefined;
  };
  end: { request: ReadScope; reply: string };
  stats: { request: null; reply: JournalStats };
  close: { request: null; reply: null };
};
export type JournalCommand = keyof JournalProtocol;

/** Journal to main, unasked. `tails` are pairs of listener number and lastSeq; `told` is a line for the log. */
export type JournalEvent = { tails: Float64Array } | { notice: string } | { ready: true };
