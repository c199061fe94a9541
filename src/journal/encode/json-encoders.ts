/** The encoders that write records as JSON: `json`, `ndjson` and `sse`. */
import { KINDS } from '../../records/chunk.ts';
import { type MissedRange, PAGE_MARGIN, type PayloadMode } from '../../schemas/reads.ts';
import type { JournalListener } from '../journal.ts';
import type { HistoryReader } from '../log/history-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import type { Encoder } from './encoder.ts';
import { writeRecord } from './record-json.ts';

const COMMA = 0x2c;
const LINE_FEED = 0x0a;
/** An SSE event up to its id, by kind. */
const EVENT_OPENINGS = KINDS.map((kind) => Buffer.from(`event: ${kind}\nid: `));
const EVENT_DATA = Buffer.from('\ndata: ');
const EVENT_END = Buffer.from('\n\n');

/** One writer, and how payloads are shown. */
abstract class JsonRecordEncoder implements Encoder {
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

/** `json`: records joined by commas; the caller puts brackets around them. */
export class JsonEncoder extends JsonRecordEncoder {
  record(reader: HistoryReader, listener: JournalListener): void {
    if (this.length > 0) this.writer.byte(COMMA);
    this.writeObject(reader, listener);
  }

  /** A page tells it beside its items. */
  missed(): void {}

  override take(): Uint8Array<ArrayBuffer> {
    return this.writer.take(PAGE_MARGIN);
  }
}

/** `ndjson`: one record a line. */
export class NdjsonEncoder extends JsonRecordEncoder {
  record(reader: HistoryReader, listener: JournalListener): void {
    this.writeObject(reader, listener);
    this.writer.byte(LINE_FEED);
  }

  missed(range: MissedRange, listener: JournalListener | undefined): void {
    this.writer.latin1(`${missedJson(range, listener)}\n`);
  }
}

/** `sse`: one event a record, its data one line of JSON, its id the cursor at which a reader would go on. */
export class SseEncoder extends JsonRecordEncoder {
  record(reader: HistoryReader, listener: JournalListener, cursor: () => string): void {
    this.writer.bytes(EVENT_OPENINGS[reader.kind]!);
    this.writer.latin1(cursor());
    this.writer.bytes(EVENT_DATA);
    this.writeObject(reader, listener);
    this.writer.bytes(EVENT_END);
  }

  missed(range: MissedRange, listener: JournalListener | undefined, cursor: string): void {
    this.writer.latin1(`event: gap\nid: ${cursor}\ndata: ${missedJson(range, listener)}\n\n`);
  }
}

/** Messages that a reader came too late for, as the JSON of a gap record. It isn't stored, so it has no time; without a listener it tells of all of them. */
function missedJson({ reason, dropped, fromSeq, toSeq }: MissedRange, listener?: JournalListener): string {
  const position = listener && { afterSeq: (fromSeq ?? 1) - 1, listenerId: listener.id };
  return JSON.stringify({ ...position, kind: 'gap', reason, dropped, fromSeq, toSeq });
}
