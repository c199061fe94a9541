/** Bounds of the contract that threads need too. They load this file alone: with the schemas comes a library that takes as long to load as all of a thread. */

/** Longest frame in bytes where nothing else is asked for. */
export const MAX_FRAME = 65_536;
