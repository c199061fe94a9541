/** Bounds of the contract that threads need too. They load this file alone: with the schemas comes a library that takes as long to load as all of a thread. */

/** Longest frame in bytes where nothing else is asked for. */
export const MAX_FRAME = 65_536;
/** The longest that can be asked for. */
export const LONGEST_MAX_FRAME = 16_777_216;
/** Peers whose state is kept where nothing else is asked for. */
export const DEFAULT_PEERS = 65_536;
