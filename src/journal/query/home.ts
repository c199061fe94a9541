/** Which readers belong together: those of one listener, and those over more than one. They share turns, and a cap. */
import type { Scope } from '../journal.ts';

/** The home of readers over more than one listener. */
export const ALL = 0;

/** The number of the listener, or ALL. */
export function homeOf(scope: Scope): number {
  return 'listener' in scope ? scope.listener : ALL;
}
