/** View: what readers need of the journal. The log is one; so is a snapshot that another thread has of its file. */

import { JournalError } from '../journal-error.ts';
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

/** The history of a listener. Throws JournalError `unknown_listener`. */
export function historyOf({ histories }: Pick<View, 'histories'>, listener: number): History {
  const history = histories.get(listener);
  if (history === undefined) throw new JournalError('unknown_listener', 'the journal knows no such listener');
  return history;
}
