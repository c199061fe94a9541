/**
 * Timers for times that people ask for: a platform's own take 2^31 - 1 milliseconds (24.8 days) at most, and what is longer
 * they let go off at once. These are as long as asked. Portable.
 */

/** The longest that a timer of the platform takes, in milliseconds. */
export const LONGEST_TIMER = 2 ** 31 - 1;

type Options = {
  /** It does not keep the process. */
  background?: boolean;
  /** The longest that one timer of the platform may take. */
  longest?: number;
};

/** Calls back once, after so many milliseconds. Returns how to call it off. */
export function after(
  milliseconds: number,
  callback: () => void,
  { background = false, longest = LONGEST_TIMER }: Options = {},
): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const arm = (left: number) => {
    if (left <= longest) timer = setTimeout(callback, left);
    else timer = setTimeout(() => arm(left - longest), longest);
    if (background) timer.unref?.();
  };
  arm(milliseconds);
  return () => clearTimeout(timer);
}

/** Calls back every so many milliseconds, at most LONGEST_TIMER. Returns how to call it off. */
export function every(
  milliseconds: number,
  callback: () => void,
  { background = false }: Pick<Options, 'background'> = {},
): () => void {
  const timer = setInterval(callback, milliseconds);
  if (background) timer.unref?.();
  return () => clearInterval(timer);
}
