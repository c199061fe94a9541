/** How a pull writes what it finds: one encoder a format, chosen here. */
import type { HistoryReader } from '../historyReader.ts';
import type { JournalListener, MissedRange, PayloadMode, PullFormat } from '../journal.ts';
import { JsonEncoder } from './json.ts';
import { NdjsonEncoder } from './ndjson.ts';
import { SseEncoder } from './sse.ts';

export interface Encoder {
  /** Bytes written so far. */
  readonly length: number;
  /** Writes the record at hand. `cursor` gives the text of its place. */
  record(reader: HistoryReader, listener: JournalListener, cursor: () => string): void;
  /** Writes that messages are no longer there. `cursor` is where the reader goes on. */
  missed(range: MissedRange, listener: JournalListener, cursor: string): void;
  /** The whole of what was written. */
  take(): Uint8Array<ArrayBuffer>;
}

/** Throws an error with code `unsupported` for a format that can't be written yet. */
export function encoderFor(format: PullFormat, payload: PayloadMode): Encoder {
  switch (format) {
    case 'json':
      return new JsonEncoder(payload);
    case 'sse':
      return new SseEncoder(payload);
    case 'ndjson':
      return new NdjsonEncoder(payload);
    case 'pcapng':
      throw Object.assign(new Error('pcapng is not supported yet'), { code: 'unsupported' });
  }
}
