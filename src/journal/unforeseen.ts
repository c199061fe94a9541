/**
 * What is thrown where nothing should be. It is caught where it enters the thread and becomes the answer of the one who
 * asked; here it is logged, with the place in the journal where it happened, and counted.
 */
import { JournalError } from './journal-error.ts';
import { isDamage } from './store/sqlite/storage-fault.ts';

let count = 0;

/** How often that happened in this thread. */
export function unforeseenErrors(): number {
  return count;
}

/** Counts and logs it; what another thread has logged is only counted. */
export function noteUnforeseen(error: unknown): void {
  count++;
  if (error instanceof JournalError) return;
  process.stderr.write(`journal: ${stackOf(error)}\n`);
}

/** The same error with the place in front of its stack. Those that are foreseen stay as they are. */
export function located(error: unknown, position: string): unknown {
  if (error instanceof JournalError || isDamage(error)) return error;
  const { message } = error instanceof Error ? error : new Error(String(error));
  return Object.assign(new Error(message), { stack: `${position}: ${stackOf(error)}` });
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
