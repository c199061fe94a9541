/** Waits at most: on one listener (those over more than one count together as well), and in all. */
export const WAITS_A_LISTENER = 2000;
export const WAITS_IN_ALL = 10_000;
