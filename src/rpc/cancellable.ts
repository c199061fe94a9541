/** Settles with the promise, or rejects with the reason `cancel` returns as soon as the signal is aborted. */
export function cancellable<T>(promise: Promise<T>, signal: AbortSignal, cancel: () => Error): Promise<T> {
  const { promise: settled, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = () => reject(cancel());
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  return settled;
}
