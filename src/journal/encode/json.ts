/** `json`: records joined by commas; the caller puts brackets around them. */
import type { HistoryReader } from '../historyReader.ts';
import type { JournalListener, PayloadMode } from '../journal.ts';
import { ByteWriter } from './byteWriter.ts';
import type { Encoder } from './encoder.ts';
import { writeRecord } from './recordJson.ts';

const COMMA = 0x2c;

export class JsonEncoder implements Encoder {
  readonly #writer = new ByteWriter();
  readonly #payload: PayloadMode;

  constructor(payload: PayloadMode) {
    this.#payload = payload;
  }

  get length(): number {
    return this.#writer.length;
  }

  record(reader: HistoryReader, listener: JournalListener): void {
    if (this.#writer.length > 0) this.#writer.byte(COMMA);
    writeRecord(this.#writer, reader, listener, this.#payload);
  }

  /** A page tells it beside its items. */
  missed(): void {}

  take(): Uint8Array<ArrayBuffer> {
    return this.#writer.take();
  }
}
