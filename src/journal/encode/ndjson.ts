/** `ndjson`: one record a line. */
import type { HistoryReader } from '../historyReader.ts';
import type { JournalListener, MissedRange } from '../journal.ts';
import { JsonRecords } from './jsonRecords.ts';
import { missedJson } from './missedJson.ts';

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
