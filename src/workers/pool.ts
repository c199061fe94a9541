/**
 * Pool: a fixed set of worker threads in named places. A thread that dies is reported and replaced, and keeps its place
 * and name; one that dies three times within a minute stays dead. The pool knows threads, not listeners: the registry is
 * told which bindings went down, and opens them again on the replacement.
 */
import { availableParallelism } from 'node:os';
import type { MessagePort } from 'node:worker_threads';
import { THREAD_DEDICATED } from '../records/chunk.ts';
import { WorkerError } from '../rpc/wire-error.ts';
import { PoolThread, type PoolWatcher, type ThreadDescription } from './pool-thread.ts';
import type { WorkerStart } from './protocol.ts';

/** Bytes of chunks a worker may have uncommitted. */
export const WORKER_CREDIT = 16 * 1024 * 1024;

/** What all threads of the process share. */
export type PoolEnvironment = {
  attachJournal(port: MessagePort): void;
  /** One byte a UDP port, see WorkerStart.ownPorts. */
  ownPorts: SharedArrayBuffer;
  descriptors?: WorkerStart['descriptors'];
  engine: WorkerStart['engine'];
  /** Bytes; WORKER_CREDIT by default. */
  credit?: number;
};

export type PoolOptions = {
  size: number;
  /** Name and ordinal (as in the chunk header) of the place, counted from 1. */
  place(n: number): { name: string; ordinal: number };
  environment: PoolEnvironment;
  watcher: PoolWatcher;
};

/** Threads of the shared pool where nothing else is asked for. */
export function defaultThreads(): number {
  return Math.max(2, Math.min(4, availableParallelism()));
}

export class Pool {
  readonly threads: readonly PoolThread[];

  /** `shared-1` to `shared-<size>`. */
  static shared(options: Omit<PoolOptions, 'place'>): Promise<Pool> {
    return Pool.start({ ...options, place: (n) => ({ name: `shared-${n}`, ordinal: n }) });
  }

  /** A listener's own threads, `<listenerId>-1` and on. */
  static dedicated(listenerId: string, options: Omit<PoolOptions, 'place'>): Promise<Pool> {
    return Pool.start({ ...options, place: (n) => ({ name: `${listenerId}-${n}`, ordinal: THREAD_DEDICATED | n }) });
  }

  /** Resolves when every thread is ready. When one can't start the others are stopped and it rejects. */
  static async start(options: PoolOptions): Promise<Pool> {
    const pool = new Pool(options);
    try {
      await Promise.all(pool.threads.map((thread) => thread.start()));
      return pool;
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  private constructor({ size, place, environment, watcher }: PoolOptions) {
    const { credit = WORKER_CREDIT, ...rest } = environment;
    this.threads = Array.from({ length: size }, (_, i) => {
      const { name, ordinal } = place(i + 1);
      return new PoolThread({ ...rest, credit, name, thread: ordinal }, watcher);
    });
  }

  /**
   * The least busy running threads, so many distinct ones. Throws code `worker_unavailable` when fewer run; that the
   * pool has fewer places at all is for the caller to know.
   */
  choose(count: number): PoolThread[] {
    const running = this.threads.filter((thread) => thread.state === 'running');
    if (running.length < count) {
      throw new WorkerError('worker_unavailable', `${running.length} of ${this.threads.length} worker threads run`);
    }
    return running.sort((a, b) => a.load - b.load).slice(0, count);
  }

  describe(): Promise<ThreadDescription[]> {
    return Promise.all(this.threads.map((thread) => thread.describe()));
  }

  /** Stops and joins all threads. */
  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.stop()));
  }
}
