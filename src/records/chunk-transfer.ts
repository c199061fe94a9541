/**
 * How chunks travel from the thread that made them to the journal, and what comes back. MessagePort queues have no limit
 * of their own: the credit is what keeps memory bounded when the journal stalls.
 */

/** One chunk, transferred; it owns the whole of its buffer. */
export type ChunkMessage = Uint8Array;
/** Bytes that are committed and no longer count against the credit. */
export type CreditMessage = number;

/** The journal's end of the way that one maker's chunks take: a port to a thread, or a pipe to a child process. */
export interface ChunkLink {
  /** Called with each chunk that `drain` has not taken before. */
  onChunk(callback: (chunk: ChunkMessage) => void): void;
  onClose(callback: () => void): void;
  /** Takes the next chunk that was posted before this call, without waiting; undefined when there is none. In order. */
  drain(): ChunkMessage | undefined;
  /** Tells the maker what is committed. */
  credit(bytes: CreditMessage): void;
  close(): void;
}
