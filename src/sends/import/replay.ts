/** A file of messages as the parts of a send, and an account of what is sent and what not. */
import { invalidParameter, ProblemError } from '../../errors.ts';
import { ImportError, type Imported } from '../../pcap/import-item.ts';
import type { ImportView } from '../../schemas/send.ts';
import { LONGEST_DURATION } from '../../schemas/units.ts';
import type { SendPart } from '../../workers/protocol.ts';
import { accountOf, passedOverText } from './account.ts';
import { readImport } from './read.ts';
import { isWanted, type SequenceOptions, toSequence } from './sequence.ts';
import { unpacked } from './unpack.ts';

/** The file as it is sent to one place: a datagram has a size at most. */
export type Replay = { parts: SendPart[]; account: ImportView };

/** Throws a 400 for a file that can't be read, 413 for one that is too large unpacked. */
export async function readReplay(file: Uint8Array): Promise<Imported> {
  try {
    const { bytes, isCut } = await unpacked(file);
    const imported = readImport(bytes);
    return { ...imported, cutAt: imported.cutAt ?? (isCut ? bytes.length : null) };
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    const detail = `the file can't be read ${error.message}`;
    throw new ProblemError('validation_failed', detail, { errors: [{ in: 'body', pointer: '', detail }] });
  }
}

/** `largest`: bytes of a payload at most. Throws 422 for what holds nothing to send. */
export function toReplay(imported: Imported, options: SequenceOptions, largest: number): Replay {
  const { items } = imported;
  const whole = items.filter(({ truncated }) => !truncated);
  const chosen = whole.filter(({ direction }) => isWanted(direction, options.direction));
  const sendable = chosen.filter(({ payload }) => payload.length <= largest);
  const account = accountOf(imported, {
    messages: sendable.length,
    snapped: items.length - whole.length,
    otherDirection: whole.length - chosen.length,
    oversized: chosen.length - sendable.length,
  });
  if (sendable.length === 0) throw nothingToSend(account);
  return { parts: withinReason(toSequence(sendable, options)), account };
}

function withinReason(parts: SendPart[]): SendPart[] {
  if (parts.every((part) => !('delay' in part) || part.delay <= LONGEST_DURATION)) return parts;
  throw invalidParameter('scale', 'makes a pause of more than 36500d, the longest there is: take a smaller one, or 0');
}

function nothingToSend(account: ImportView): ProblemError {
  return new ProblemError('unprocessable', `the file holds no message to send${passedOverText(account)}`, {
    extra: { import: account },
  });
}
