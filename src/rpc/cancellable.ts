/** Answers that whoever asked may walk away from. */
import { JournalError } from '../journal/journal-error.ts';

/** Settles with the promise, or rejects with `aborted` as soon as the signal says so, and calls `leave` then. */
export function cancellable<T>(promise: Promise<T>, signal: AbortSignal, leave: () => void): Promise<T> {
  const { promise: settled, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = () => {
    leave();
    reject(goneError());
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  return settled;
}

export function goneError(): JournalError {
  return new JournalError('aborted', 'the reader has gone');
}
