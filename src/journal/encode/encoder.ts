import type { MissedRange } from '../../schemas/reads.ts';
import type { JournalListener } from '../journal.ts';
import type { HistoryReader } from '../log/history-reader.ts';

/** Writes records in one format. */
export interface Encoder {
  /** Bytes written so far. */
  readonly length: number;
  /** Writes the record at hand. `cursor` gives the text of its position. */
  record(reader: HistoryReader, listener: JournalListener, cursor: () => string): void;
  /** Writes that messages are no longer there. `cursor` is where the reader goes on; without a listener it tells of all. */
  missed(range: MissedRange, listener: JournalListener | undefined, cursor: string): void;
  /** The whole of what was written. */
  take(): Uint8Array<ArrayBuffer>;
}
