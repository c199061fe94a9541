import type { ReadScope } from '../../schemas/reads.ts';

/** The home of readers over more than one listener. */
export const ALL = 0;

/** The number of the listener, or ALL. */
export function homeOf(scope: ReadScope): number {
  return 'listener' in scope ? scope.listener : ALL;
}
