/**
 * Timers for times that people ask for: a platform's own take 2^31 - 1 milliseconds (24.8 days) at most, and what is longer
 * they let go off at once. These are as long as asked. Portable.
 */

/** The longest that a timer of the platform takes, in milliseconds. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** Calls back once, after so many milliseconds. Answers how to call it off. `longest` is what one timer may take. */
export function after(milliseconds: number, callback: () => void, longest = LONGEST_TIMER): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const arm = (left: number) => {
    if (left <= longest) timer = setTimeout(callback, left);
    else timer = setTimeout(() => arm(left - longest), longest);
  };
  arm(milliseconds);
  return () => clearTimeout(timer);
}

/** Resolves after so many milliseconds, or at once when it is called off. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      signal.removeEventListener('abort', end);
      cancel();
      resolve();
    };
    const cancel = after(milliseconds, end);
    signal.addEventListener('abort', end);
  });
}
