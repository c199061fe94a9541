/** `json`: records joined by commas; the caller puts brackets around them. */

import type { JournalListener } from '../journal.ts';
import type { HistoryReader } from '../log/history-reader.ts';
import { JsonRecords } from './json-records.ts';

const COMMA = 0x2c;

export class JsonEncoder extends JsonRecords {
  record(reader: HistoryReader, listener: JournalListener): void {
    if (this.length > 0) this.writer.byte(COMMA);
    this.writeObject(reader, listener);
  }

  /** A page tells it beside its items. */
  missed(): void {}
}
