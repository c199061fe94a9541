/**
 * Journal: the append-only, numbered, bounded log of all listeners, as the main thread sees it. Two halves stand behind
 * it so that a cluster can keep the second elsewhere: the Sequencer (gives seq, one series a listener) and the Store
 * (append, read, trim). Worker threads hand chunks straight to the journal thread over a port of their own; the main
 * thread only pulls encoded bytes. Nothing is shown before it is committed.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Messages } from '../domain.ts';
import type { HistoryStats } from '../schemas/reads.ts';
import type { GapReason } from '../schemas/records.ts';

/** What the journal must know of a listener to number, bound and describe its records. */
export type JournalListener = {
  /** The listener's number; its id in text is `l_…`. */
  number: number;
  id: string;
  /** Shown in captures. */
  name?: string | null;
  protocol: 'udp' | 'tcp';
  /** The bound address, shown as `local`. */
  local: { address: string; port: number };
  /** What ended each incoming TCP message on the wire and is not part of it; captures show it again. */
  terminator?: string;
  capture: CaptureLimits;
};

/** Bounds of one listener's history; null is unbounded. `maxMessages` 0 counts and keeps nothing. */
export type CaptureLimits = {
  maxMessages: number;
  /** Bytes of chunks, records included. */
  maxBytes: number;
  /** Milliseconds. */
  maxAge: number | null;
  overflow: 'dropOldest' | 'dropNewest';
};

/** Reasons of gap records that tell of messages which peers sent and no history got. */
export const LOSSES = ['kernel', 'overload', 'paused', 'closed', 'lost'] as const satisfies GapReason[];

/** A listener's traffic as far as the journal itself knows it: stored in one commit with the records it comes from. */
export type Traffic = Pick<HistoryStats, 'captured' | 'full'> & {
  /** Sizes on the wire of the `in` messages. */
  incomingBytes: number;
  /** `out` messages, and their sizes on the wire. */
  outgoing: number;
  outgoingBytes: number;
  /** Sums of what gap records told. */
  dropped: Record<(typeof LOSSES)[number], number>;
};

/**
 * Journal: what the main thread asks of the log. Everything the HTTP face may ask is the part `Messages` of the domain;
 * the rest is for those who own listeners and threads.
 */
export interface Journal extends Messages {
  /** Makes a listener known, or changes what is known. Answers once it is stored. A listener's history is kept over calls. */
  register(listener: JournalListener): Promise<HistoryStats>;
  /** Keeps a text with a listener, for `savedSpecs` after a restart. Nothing where nothing outlives the process. */
  saveSpec(listener: number, spec: string): Promise<void>;
  /** What an earlier process saved, by listener; null where it ended before it saved anything. */
  savedSpecs(): Promise<Map<number, string | null>>;
  /** Keeps with each listener a text that says what was counted of it beside its history. One commit. */
  saveCounts(counts: ReadonlyMap<number, string>): Promise<void>;
  /** What an earlier process saved so, null where it didn't come to it, with what is known for certain. */
  savedCounts(): Promise<Map<number, { counts: string | null; traffic: Traffic }>>;
  /** New bounds; a smaller one evicts before the answer. */
  configure(listener: number, capture: CaptureLimits): Promise<void>;
  /** Drops a listener and all its records; waits on it answer `gone`. */
  forget(listener: number): Promise<void>;
  /** A listener serves no more: its waits answer at once with what there is, and so do later ones. */
  complete(listener: number, completed: boolean): Promise<void>;
  /** Takes over the far end of a worker's port. Messages on it: see workers/protocol.ts, ChunkMessage and CreditMessage. */
  attach(port: MessagePort): void;
  /** Appends records made by the main thread (listener, gap, problem). */
  append(chunk: Uint8Array): Promise<void>;
  /** Where an answer to a message must go, undefined when it isn't there. */
  peer(listener: number, seq: number): Promise<MessagePeer | undefined>;
  /** `in` messages appended from one binding incarnation, after its port is empty: what a dead thread had handed over. */
  accounted(listener: number, binding: number, incarnation: number): Promise<number>;
  /** The seq of a message that a thread knows by its own number, after the ports are empty; undefined when it was not kept. */
  seqOf(message: {
    listener: number;
    binding: number;
    incarnation: number;
    ordinal: number;
  }): Promise<number | undefined>;
  /** Commits what is there and ends the thread. */
  close(): Promise<void>;
}

export type MessagePeer = {
  direction: 'in' | 'out';
  remote: { address: string; port: number };
  connection: number | undefined;
  thread: string;
};
