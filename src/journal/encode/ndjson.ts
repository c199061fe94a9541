/** `ndjson`: one record a line. */
import type { HistoryReader } from '../historyReader.ts';
import type { JournalListener, MissedRange, PayloadMode } from '../journal.ts';
import { ByteWriter } from './byteWriter.ts';
import type { Encoder } from './encoder.ts';
import { missedJson } from './missedJson.ts';
import { writeRecord } from './recordJson.ts';

const LINE_FEED = 0x0a;

export class NdjsonEncoder implements Encoder {
  readonly #writer = new ByteWriter();
  readonly #payload: PayloadMode;

  constructor(payload: PayloadMode) {
    this.#payload = payload;
  }

  get length(): number {
    return this.#writer.length;
  }

  record(reader: HistoryReader, listener: JournalListener): void {
    writeRecord(this.#writer, reader, listener, this.#payload);
    this.#writer.byte(LINE_FEED);
  }

  missed(range: MissedRange, listener: JournalListener): void {
    this.#writer.latin1(`${missedJson(range, listener)}\n`);
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#writer.take();
  }
}
