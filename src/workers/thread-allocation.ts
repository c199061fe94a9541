/**
 * Crew: the threads one listener runs on, taken from the shared pool or a pool of its own. This is all that the
 * listeners see of worker threads.
 */
import type { ReplyOf, RequestOf } from '../rpc/protocol.ts';
import type { WorkerCommand, WorkerEvent, WorkerProtocol } from './protocol.ts';

/** One place in a pool. It keeps its name and number when the thread in it is replaced. */
export type ListenerThread = {
  readonly name: string;
  /** As in the chunk header. */
  readonly ordinal: number;
  /** How it reads UDP. */
  readonly engine: 'mmsg' | 'dgram';
  /** `running`, or why it takes no commands. */
  readonly state: string;
  /** How often the thread in this place was replaced. */
  readonly restarts: number;
  /** Rejects with an Error that carries the `code` of a WireError, at once when the thread is or goes down. */
  call<K extends WorkerCommand>(name: K, request: RequestOf<WorkerProtocol, K>): Promise<ReplyOf<WorkerProtocol, K>>;
};

export type ThreadAllocation = {
  readonly threads: readonly ListenerThread[];
  /** Joins the threads when they were the listener's own. */
  release(): Promise<void>;
};

/** What becomes of threads: gone, replaced, or given up for good after too many deaths. */
export type ThreadWatcher = {
  down(thread: ListenerThread, death: { code: number; error: Error | null }): void;
  up(thread: ListenerThread): void;
  abandoned(thread: ListenerThread): void;
  event(thread: ListenerThread, event: WorkerEvent): void;
};

export interface AllocationSource {
  /** Rejects with `unprocessable` when the shared pool is too small, `limit_reached` beyond --max-threads. */
  acquire(listenerId: string, wanted: { threads: number; pool: 'shared' | 'dedicated' }): Promise<ThreadAllocation>;
  watch(watcher: Partial<ThreadWatcher>): void;
}
