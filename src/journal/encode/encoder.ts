/** How a pull writes what it finds: one encoder a format, chosen here. */

import type { MissedRange, PayloadMode, Read, ReadFormat } from '../../schemas/reads.ts';
import type { JournalListener } from '../journal.ts';
import { JournalError } from '../journal-error.ts';
import type { HistoryReader } from '../log/history-reader.ts';
import { JsonEncoder } from './json.ts';
import { NdjsonEncoder } from './ndjson.ts';
import type { RunningExports } from './pcapng-exports.ts';
import { SseEncoder } from './sse.ts';

export interface Encoder {
  /** Bytes written so far. */
  readonly length: number;
  /** Writes the record at hand. `cursor` gives the text of its place. */
  record(reader: HistoryReader, listener: JournalListener, cursor: () => string): void;
  /** Writes that messages are no longer there. `cursor` is where the reader goes on; without a listener it tells of all. */
  missed(range: MissedRange, listener: JournalListener | undefined, cursor: string): void;
  /** The whole of what was written. */
  take(): Uint8Array<ArrayBuffer>;
}

/** The encoder of a pull. A pcapng export goes on with the one it began with; throws JournalError `export_gone` when that is gone. */
export function encoderOf(request: Read, exports: RunningExports): Encoder {
  if (request.format !== 'pcapng') return encoderFor(request.format, request.payload);
  const writer = request.export && exports.writer(request.export.id, request.export);
  if (writer === undefined) throw new JournalError('export_gone', 'the export has ended');
  return writer;
}

/** Throws JournalError `unsupported` for pcapng, which is more than one answer: see `encoderOf`. */
export function encoderFor(format: ReadFormat, payload: PayloadMode): Encoder {
  switch (format) {
    case 'json':
      return new JsonEncoder(payload);
    case 'sse':
      return new SseEncoder(payload);
    case 'ndjson':
      return new NdjsonEncoder(payload);
    case 'pcapng':
      throw new JournalError('unsupported', 'pcapng is for exports');
  }
}
