/**
 * The journal as the main thread sees it: the append-only, numbered, bounded log of all listeners, in ports of which each
 * user takes those it needs. Two halves stand behind them so that a cluster can keep the second elsewhere: the Sequencer
 * (gives seq, one series a listener) and the Store (append, read, trim). Worker threads hand chunks straight to the journal
 * thread over a port of their own; the main thread only reads encoded bytes. Nothing is shown before it is committed.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Messages } from '../domain.ts';
import type { HistoryStats, JournalStats } from '../schemas/reads.ts';
import type { CaptureLimits, JournalListener, MessagePeer, RecordedMessage, Traffic } from './journal.ts';

/** Takes records. */
export interface JournalWriter {
  /** Takes over the far end of a worker's port. Messages on it: see records/chunk-transfer.ts. */
  attach(port: MessagePort): void;
  /** Appends records made by the main thread (listener, gap, problem), after all that the ports hold. */
  append(chunk: Uint8Array): Promise<void>;
}

/** Shows records: all that the HTTP face may ask. */
export type JournalReader = Messages;

/** Finds single messages, after the ports are empty. */
export interface MessageLookup {
  /** Where a reply to a message must go, undefined when it isn't there. */
  peer(listener: number, seq: number): Promise<MessagePeer | undefined>;
  /** `in` messages appended from one binding incarnation: what a dead thread had handed over. */
  accounted(listener: number, binding: number, incarnation: number): Promise<number>;
  /** The seq of a message, undefined when it was not kept. */
  seqOf(message: RecordedMessage): Promise<number | undefined>;
}

/** The listeners whose records the journal keeps, and what outlives the process beside them. */
export interface ListenerCatalog {
  /**
   * Makes a listener known, or changes what is known. Resolves once it is stored. A listener's history is kept over calls.
   */
  register(listener: JournalListener): Promise<HistoryStats>;
  /** Keeps a text with a listener, for `savedSpecs` after a restart. Nothing where nothing outlives the process. */
  saveSpec(listener: number, spec: string): Promise<void>;
  /** What an earlier process saved, by listener; null where it ended before it saved anything. */
  savedSpecs(): Promise<Map<number, string | null>>;
  /** Keeps with each listener a text that says what was counted of it beside its history. One commit. */
  saveCounts(counts: ReadonlyMap<number, string>): Promise<void>;
  /** What an earlier process saved so, null where it didn't come to it, with what is known for certain. */
  savedCounts(): Promise<Map<number, { counts: string | null; traffic: Traffic }>>;
  /** New bounds; a smaller one evicts before it resolves. */
  configure(listener: number, capture: CaptureLimits): Promise<void>;
  /** Drops a listener and all its records; waits on it end as `gone`. */
  forget(listener: number): Promise<void>;
  /** A listener serves no more: its waits end at once with what there is, and so do later ones. */
  complete(listener: number, completed: boolean): Promise<void>;
}

/** For those who run the process. */
export interface JournalAdmin {
  stats(): Promise<JournalStats>;
  /** Commits what is there and ends the thread. */
  close(): Promise<void>;
}

/** The whole of it. */
export interface Journal extends JournalWriter, JournalReader, MessageLookup, ListenerCatalog, JournalAdmin {}
