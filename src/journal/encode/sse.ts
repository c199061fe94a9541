/** `sse`: one event a record, its data one line of JSON, its id the cursor at which a reader would go on. */
import { KINDS } from '../chunk.ts';
import type { HistoryReader } from '../historyReader.ts';
import type { JournalListener, MissedRange, PayloadMode } from '../journal.ts';
import { ByteWriter } from './byteWriter.ts';
import type { Encoder } from './encoder.ts';
import { missedJson } from './missedJson.ts';
import { writeRecord } from './recordJson.ts';

/** Up to the id, by kind. */
const OPENINGS = KINDS.map((kind) => Buffer.from(`event: ${kind}\nid: `));
const DATA = Buffer.from('\ndata: ');
const END = Buffer.from('\n\n');

export class SseEncoder implements Encoder {
  readonly #writer = new ByteWriter();
  readonly #payload: PayloadMode;

  constructor(payload: PayloadMode) {
    this.#payload = payload;
  }

  get length(): number {
    return this.#writer.length;
  }

  record(reader: HistoryReader, listener: JournalListener, cursor: () => string): void {
    const writer = this.#writer;
    writer.bytes(OPENINGS[reader.kind]!);
    writer.latin1(cursor());
    writer.bytes(DATA);
    writeRecord(writer, reader, listener, this.#payload);
    writer.bytes(END);
  }

  missed(range: MissedRange, listener: JournalListener, cursor: string): void {
    this.#writer.latin1(`event: gap\nid: ${cursor}\ndata: ${missedJson(range, listener)}\n\n`);
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#writer.take();
  }
}
