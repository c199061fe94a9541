/** What the journal thread and its reader say to each other, types only. Each walk is answered under its id. */

import type { Read } from '../../schemas/reads.ts';
import type { Position } from '../cursor.ts';
import type { JournalWireError } from '../protocol.ts';
import type { QueryResult } from '../query/query-runner.ts';
import type { WalResetBarrierCells } from '../store/sqlite/wal-reset-barrier.ts';
import type { Spot } from '../store/store.ts';

/** What the thread is told at its start beside its file: the cells of the gate it goes through. */
export type ReaderStart = { barrier: WalResetBarrierCells };

/** `goal` is the end of what was committed, and synced where it must be, when the walk was asked for. */
export type WalkOrder = { id: number; request: Read; goal: Position };

/** Journal to reader. `leave` takes back a walk. */
export type ToReader = WalkOrder | { leave: number } | { endExport: number } | 'end';

/** Reader to journal. A chunk that was found damaged comes unasked. */
export type FromReader =
  | { id: number; walked: QueryResult }
  | { id: number; error: JournalWireError }
  | { damaged: Spot };
