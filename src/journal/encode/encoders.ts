/** How a read writes what it finds: one encoder a format, chosen here. */
import type { PayloadMode, Read, ReadFormat } from '../../schemas/reads.ts';
import { JournalError } from '../journal-error.ts';
import type { Encoder } from './encoder.ts';
import { JsonEncoder, NdjsonEncoder, SseEncoder } from './json-encoders.ts';
import type { RunningExports } from './pcapng-exports.ts';

/** The encoder of a read. A pcapng export goes on with the one it began with; throws JournalError `export_gone` when that is gone. */
export function encoderOf(request: Read, exports: RunningExports): Encoder {
  if (request.format !== 'pcapng') return encoderFor(request.format, request.payload);
  const writer = request.export && exports.writer(request.export.id, request.export);
  if (writer === undefined) throw new JournalError('export_gone', 'the export has ended');
  return writer;
}

/** Throws JournalError `unsupported` for pcapng, which is more than one result: see `encoderOf`. */
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
