/** What a store keeps of a listener's history beside its chunks. */
import type { Position } from '../cursor.ts';
import type { JournalListener, Traffic } from '../journal.ts';

/** The part of a history that outlives the process when the store is a file. */
export type HistoryState = Traffic & {
  listener: JournalListener;
  floor: Position;
  tail: Position;
  /** Messages ever appended that were cut, and bytes of chunks. */
  truncated: number;
  appendedBytes: number;
  /** Messages that went by the bounds, and by request. */
  evicted: number;
  cleared: number;
  /** Seq up to which messages went by request rather than by the bounds. */
  clearedTo: number;
  /** The highest seq ever served, and the `in` messages up to it. */
  served: number;
  servedIncoming: number;
  /** The highest number that may be used before a later one is synced to disk; 0 where nothing outlives the process. */
  reserved: number;
  /** Numbers passed over after a loss of power, oldest first. */
  holes: SequenceGap[];
  /** What the main thread counted beside the history, in its own words. */
  counts: string | null;
};

/** Numbers beyond `from` up to `to` that no message has. */
export type SequenceGap = { from: number; to: number };
