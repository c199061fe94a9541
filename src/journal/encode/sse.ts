/** `sse`: one event a record, its data one line of JSON, its id the cursor at which a reader would go on. */
import { KINDS } from '../../records/chunk.ts';
import type { MissedRange } from '../../schemas/reads.ts';
import type { JournalListener } from '../journal.ts';
import type { HistoryReader } from '../log/history-reader.ts';
import { JsonRecords } from './json-records.ts';
import { missedJson } from './missed-json.ts';

/** Up to the id, by kind. */
const OPENINGS = KINDS.map((kind) => Buffer.from(`event: ${kind}\nid: `));
const DATA = Buffer.from('\ndata: ');
const END = Buffer.from('\n\n');

export class SseEncoder extends JsonRecords {
  record(reader: HistoryReader, listener: JournalListener, cursor: () => string): void {
    this.writer.bytes(OPENINGS[reader.kind]!);
    this.writer.latin1(cursor());
    this.writer.bytes(DATA);
    this.writeObject(reader, listener);
    this.writer.bytes(END);
  }

  missed(range: MissedRange, listener: JournalListener | undefined, cursor: string): void {
    this.writer.latin1(`event: gap\nid: ${cursor}\ndata: ${missedJson(range, listener)}\n\n`);
  }
}
