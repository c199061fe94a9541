/** What the encoders of JSON records share: one writer, and how payloads are shown. */

import type { MissedRange, PayloadMode } from '../../schemas/reads.ts';
import type { JournalListener } from '../journal.ts';
import type { HistoryReader } from '../log/history-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import type { Encoder } from './encoder.ts';
import { writeRecord } from './record-json.ts';

export abstract class JsonRecords implements Encoder {
  protected readonly writer = new ByteWriter();
  readonly #payload: PayloadMode;

  constructor(payload: PayloadMode) {
    this.#payload = payload;
  }

  get length(): number {
    return this.writer.length;
  }

  abstract record(reader: HistoryReader, listener: JournalListener, cursor: () => string): void;
  abstract missed(range: MissedRange, listener: JournalListener | undefined, cursor: string): void;

  take(): Uint8Array<ArrayBuffer> {
    return this.writer.take();
  }

  /** The record at hand as one JSON object. */
  protected writeObject(reader: HistoryReader, listener: JournalListener): void {
    writeRecord(this.writer, reader, listener, this.#payload);
  }
}
