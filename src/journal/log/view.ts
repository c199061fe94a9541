/** View: what readers need of the journal. The log is one; so is a snapshot that another thread has of its file. */

import type { ReadStore, Spot } from '../store/store.ts';
import type { History } from './history.ts';

export interface View {
  readonly store: ReadStore;
  readonly chunks: { get(spot: Spot): Uint8Array | undefined };
  readonly histories: { get(listener: number): History | undefined };
  /** Records in the newest row, as far as that is known. */
  readonly lastRecords: number;
  /** Part of the cursors over all listeners; see cursor.ts. */
  readonly epoch: string;
}
