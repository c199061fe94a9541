/**
 * Store: the half of the journal that keeps chunks and finds them again. It knows rows and their notes, nothing of
 * bounds, filters or encodings; those stand above it, so another engine can take its place. Writes gather in one
 * transaction until `commit`.
 */

import type { ChunkSummary } from '../../records/chunk-summary.ts';
import type { Position } from '../cursor.ts';
import type { HistoryState } from './history-state.ts';

/** A chunk as it is stored: its place in the journal and in its listener's history, and the notes on what is in it. */
export type Entry = {
  /** Place in the journal, rising, never used twice. */
  row: number;
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
};

/** Where a chunk is, in the journal and in its listener's history. */
export type Spot = Pick<Entry, 'row' | 'listener' | 'start' | 'end'>;

/** What a stored chunk says about itself without its bytes. */
export type Row = {
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

/** A chunk on a reader's way; `fits` is what the conditions say. */
export type FoundRow = { row: number; listener: number; start: Position; end: Position; fits: boolean };

/** What readers need of a store. */
export interface ReadStore {
  readonly engine: 'memory' | 'file';
  /** The highest row ever used. */
  readonly lastRow: number;
  /**
   * Chunks upward: within a listener those that end beyond `from`, else those whose row is `from.major` or above. Without
   * conditions all fit.
   */
  up(reach: ScanRange, from: Position, conditions: Conditions | null, limit: number): FoundRow[];
  /** Chunks downward: within a listener those that end at or before `from`, else those whose row is `from.major` or below. */
  down(reach: ScanRange, from: Position, conditions: Conditions | null, limit: number): FoundRow[];
  /** The chunk of a listener in which the place lies, or the first one beyond it. */
  holding(listener: number, position: Position): FoundRow | undefined;
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
  /** Chunks stored, and what they take, rows included. */
  readonly rows: number;
  readonly bytes: number;
  /** States of the histories of an earlier process. */
  load(): HistoryState[];
  save(state: HistoryState): void;
  /** Keeps a text with a listener whose state is saved; only where it outlives the process. */
  saveSpec(listener: number, spec: string): void;
  savedSpecs(): Map<number, string | null>;
  insert(entry: Entry, data: Uint8Array): void;
  /** `synced`: it must also be on the disk when this answers. */
  commit(synced: boolean): void;
  /** Takes back what has gathered. Only where that is possible: in a file. */
  rollback(): void;
  /** Notes about the journal as a whole. */
  note(key: string): string | undefined;
  setNote(key: string, value: string | null): void;
  /** Stores a chunk in the place of another one, with its own notes on what is in it. False when the row can't be written. */
  replace(row: number, data: Uint8Array): boolean;
  /** Frees at most `limit` rows of a listener that end at or before the place; returns how many it freed. */
  trim(listener: number, to: Position, limit: number): number;
  remove(row: Row): void;
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
