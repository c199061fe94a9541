/** `ndjson`: one record a line. */

import type { MissedRange } from '../../schemas/reads.ts';
import type { JournalListener } from '../journal.ts';
import type { HistoryReader } from '../log/history-reader.ts';
import { JsonRecords } from './json-records.ts';
import { missedJson } from './missed-json.ts';

const LINE_FEED = 0x0a;

export class NdjsonEncoder extends JsonRecords {
  record(reader: HistoryReader, listener: JournalListener): void {
    this.writeObject(reader, listener);
    this.writer.byte(LINE_FEED);
  }

  missed(range: MissedRange, listener: JournalListener | undefined): void {
    this.writer.latin1(`${missedJson(range, listener)}\n`);
  }
}
