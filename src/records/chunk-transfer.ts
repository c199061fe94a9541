/**
 * How chunks travel from the thread that made them to the journal, and what comes back. MessagePort queues have no limit
 * of their own: the credit is what keeps memory bounded when the journal stalls.
 */

/** One chunk, transferred; it owns the whole of its buffer. */
export type ChunkMessage = Uint8Array;
/** Bytes that are committed and no longer count against the credit. */
export type CreditMessage = number;
