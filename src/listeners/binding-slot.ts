import type { BindingCounters } from '../runtime/counters.ts';
import type { PreparedSocket } from '../runtime/transport.ts';
import type { ListenerThread } from '../workers/thread-allocator.ts';

/** A listener's socket inside one thread. */
export type BindingSlot = {
  readonly index: number;
  /** What it counts. */
  readonly row: BindingCounters;
  readonly thread: ListenerThread;
  /** Counts replacements of its thread. */
  incarnation: number;
  /** The socket, where main opened it. */
  socket: PreparedSocket | null;
  /** The one that is to relieve it as soon as there is a thread to tell. */
  successor: PreparedSocket | null;
  /** Messages read and not dropped before this incarnation began. */
  baseline: number;
  /** Its thread is gone and not yet replaced. */
  down: boolean;
};
