/** Errors of the journal's threads on their way to who asked. */
import type { WireError } from '../rpc/wire-error.ts';
import { JournalError, type JournalErrorCode } from './journal-error.ts';
import { isDamage } from './store/sqlite/storage-fault.ts';
import { noteUnforeseen } from './unforeseen.ts';

const DAMAGED = "the journal's file is damaged; a restart makes of it what can be made of it";

/** The form in which an error leaves a thread of the journal. What was not foreseen is noted, and told as `internal`. */
export function journalErrorToWire(error: unknown): WireError {
  if (error instanceof JournalError) {
    if (error.code === 'internal') noteUnforeseen(error);
    return { code: error.code, message: error.message };
  }
  if (isDamage(error)) return { code: 'storage', message: DAMAGED };
  noteUnforeseen(error);
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}

/** The same error again on the other side. */
export function journalErrorOf({ code, message }: WireError): JournalError {
  return new JournalError(code as JournalErrorCode, message);
}
