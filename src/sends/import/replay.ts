/** A file of messages as the parts of a send. */
import { ProblemError } from '../../errors.ts';
import type { SendPart } from '../../workers/protocol.ts';
import { ImportError, type Imported } from './item.ts';
import { readImport } from './read.ts';
import { type SequenceOptions, toSequence } from './sequence.ts';

/** Throws a 400 for a file that can't be read, 422 for one that holds nothing to send. */
export function replayParts(file: Uint8Array, options: SequenceOptions): SendPart[] {
  const { items, skipped } = read(file);
  const parts = toSequence(
    items.filter(({ truncated }) => !truncated),
    options,
  );
  if (parts.length > 0) return parts;
  const cut = items.filter(({ truncated }) => truncated).length;
  const left = `${skipped} other packets and ${cut} cut messages were passed over`;
  throw new ProblemError('unprocessable', `the file holds no message to send; ${left}`);
}

function read(file: Uint8Array): Imported {
  try {
    return readImport(file);
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    const detail = `the file can't be read ${error.message}`;
    throw new ProblemError('validation_failed', detail, { errors: [{ in: 'body', pointer: '', detail }] });
  }
}
