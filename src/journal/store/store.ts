/**
 * Store: the half of the journal that keeps chunks and finds them again. It knows rows and their notes, nothing of
 * bounds, filters or encodings; those stand above it, so another engine can take its place. Writes gather in one
 * transaction until `commit`.
 */

import type { ChunkSummary } from '../../records/chunk-summary.ts';
import type { Position } from '../cursor.ts';
import type { HistoryState } from './history-state.ts';

/** A chunk to be stored, numbered and sealed: its place in its listener's history, and the notes on what is in it. */
export type Entry = {
  listener: number;
  /** Place of the record before the chunk's first, and of its last. */
  start: Position;
  end: Position;
  summary: ChunkSummary;
  /** Thread as in the chunk header. */
  thread: number;
  /** Sums over the listener's chunks before this one. */
  bytesBefore: number;
  incomingBefore: number;
  chunk: Uint8Array;
};

/** Where a chunk is, in the journal and in its listener's history. */
export type Spot = Pick<Row, 'row' | 'listener' | 'start' | 'end'>;

/** What a stored chunk says about itself without its bytes. */
export type Row = {
  /** Place in the journal, rising, never used twice. */
  row: number;
  listener: number;
  start: Position;
  end: Position;
  bytes: number;
  bytesBefore: number;
  incomingBefore: number;
};

/** What a chunk's notes must allow for a reader to look inside. A chunk that fails surely holds no match. */
export type Conditions = {
  /** Microseconds since 1970: since inclusive, until exclusive. */
  since: number;
  until: number;
  /** Some bit of each must be there; see ChunkSummary.kinds. */
  kinds: number;
  directions: number;
  /** Kinds that the conditions below do not bind. */
  exempt: number;
  minSize: number;
  maxSize: number;
  addresses: number;
  endpoints: number;
  thread: number | null;
};

/** Which chunks a reader walks: those of one listener, or all (null). */
export type ScanRange = number | null;

/** Chunks in a row from a place on, in either direction. */
export type ChunkRange = {
  listener: ScanRange;
  order: 'asc' | 'desc';
  /**
   * Upward: within a listener those that end beyond it, else those whose row is its `major` or above. Downward: within a
   * listener those that end at or before it, else those whose row is its `major` or below.
   */
  from: Position;
  limit: number;
};

/** The oldest chunks, of one listener or of all (null): no more than `limit`, and none that ends beyond `to`. */
export type TrimRange = {
  listener: ScanRange;
  /** A place in the history of the listener; over all listeners its `major` is a row. */
  to: Position;
  limit: number;
};

/** A chunk on a reader's way; `fits` is what the conditions say. */
export type FoundRow = { row: number; listener: number; start: Position; end: Position; fits: boolean };

/** What readers need of a store. */
export interface ReadStore {
  readonly engine: 'memory' | 'file';
  /** The highest row ever used. */
  readonly lastRow: number;
  /** The chunks of a range, in its order, and whether each fits the conditions. Without conditions all do. */
  chunks(range: ChunkRange, conditions: Conditions | null): FoundRow[];
  /** The bytes of a chunk. */
  data(row: number): Uint8Array | undefined;
  /** The oldest row of a listener that ends beyond the place, and holds more than that many cumulative bytes, and is not all older. */
  first(listener: number, beyond: Position, bytes: number, micros: number): Row | undefined;
  /** The oldest rows of all. */
  oldest(limit: number): Row[];
}

/** Note that holds the epoch of the journal's cursors. */
export const EPOCH_NOTE = 'epoch';

export interface Store extends ReadStore {
  /** The newest commits of an earlier process are lost: the log that held them is damaged. */
  readonly isLogDamaged: boolean;
  /** Chunks stored, what they take with their rows, and what a row takes beside its chunk. */
  readonly rows: number;
  readonly bytes: number;
  readonly rowBytes: number;
  /** States of the histories of an earlier process. */
  load(): HistoryState[];
  save(state: HistoryState): void;
  /** Keeps a text with a listener whose state is saved; only where it outlives the process. */
  saveSpec(listener: number, spec: string): void;
  savedSpecs(): Map<number, string | null>;
  /**
   * Stores chunks in consecutive rows, in this order, and returns the first of these. Their seqs they have already: each
   * listener counts for itself, and what numbers them stands above.
   */
  append(chunks: readonly Entry[]): number;
  /** `synced`: it must also be on the disk when this answers. */
  commit(synced: boolean): void;
  /** Takes back what has gathered. Only where that is possible: in a file. */
  rollback(): void;
  /** Notes about the journal as a whole. */
  note(key: string): string | undefined;
  setNote(key: string, value: string | null): void;
  /** Stores a chunk in the place of another one, with its own notes on what is in it. False when the row can't be written. */
  replace(row: number, data: Uint8Array): boolean;
  /** Frees the chunks of a range; returns how many those were. */
  trim(range: TrimRange): number;
  /** Forgets the state of a listener; its rows go by `trim`. */
  forget(listener: number): void;
  /** Bytes of the file and of its write-ahead log; 0 in memory. */
  readonly disk: { file: number; log: number };
  /** Gives some free pages back to the disk, when many are free. */
  shrink(): void;
  /**
   * Works off the write-ahead log, so that it takes no room. False when somebody else is at it, or reads from it, for
   * longer than so many milliseconds; throws when the disk is too full.
   */
  checkpoint(timeoutMs?: number): boolean;
  /** Listeners that have rows but no state: what a forget had not yet freed when the process ended. */
  orphans(): number[];
  /** Resolves when nothing has the file open any more. Nothing may be asked of it after the call. */
  close(): Promise<void>;
}

/** Everything fits. */
export const ANYTHING: Conditions = {
  since: Number.MIN_SAFE_INTEGER,
  until: Number.MAX_SAFE_INTEGER,
  kinds: 0xff,
  directions: 0,
  exempt: 0xff,
  minSize: 0,
  maxSize: Number.MAX_SAFE_INTEGER,
  addresses: 0,
  endpoints: 0,
  thread: null,
};
