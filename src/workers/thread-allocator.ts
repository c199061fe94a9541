/**
 * ThreadAllocator: all worker threads of the process. One shared pool, and a pool of its own for each listener that asks.
 * Listeners and sends see no more of threads than the types here.
 */
import type { WorkersView } from '../domain.ts';
import { ProblemError } from '../errors.ts';
import type { ReplyOf, RequestOf } from '../rpc/protocol.ts';
import { Pool, type PoolEnvironment } from './pool.ts';
import type { PoolWatcher } from './pool-thread.ts';
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

export type ThreadAllocatorOptions = {
  /** Threads of the shared pool. */
  threads: number;
  /** Threads of all pools. */
  maxThreads: number;
  environment: PoolEnvironment;
};

export class ThreadAllocator implements AllocationSource {
  readonly #options: ThreadAllocatorOptions;
  readonly #watchers: Partial<ThreadWatcher>[] = [];
  readonly #dedicated = new Map<Pool, string>();
  #shared!: Pool;
  #threadsInUse: number;
  #turn = 0;

  /** Resolves when the shared pool is ready. */
  static async start(options: ThreadAllocatorOptions): Promise<ThreadAllocator> {
    const allocator = new ThreadAllocator(options);
    const { environment, threads: size } = options;
    allocator.#shared = await Pool.shared({ size, environment, watcher: allocator.#watcher });
    return allocator;
  }

  private constructor(options: ThreadAllocatorOptions) {
    this.#options = options;
    this.#threadsInUse = options.threads;
  }

  watch(watcher: Partial<ThreadWatcher>): void {
    this.#watchers.push(watcher);
  }

  async acquire(
    listenerId: string,
    wanted: { threads: number; pool: 'shared' | 'dedicated' },
  ): Promise<ThreadAllocation> {
    if (wanted.pool === 'dedicated') return this.#acquireDedicated(listenerId, wanted.threads);
    return { threads: this.choose(wanted.threads), release: async () => {} };
  }

  /** So many of the least busy threads of the shared pool. */
  choose(count: number): ListenerThread[] {
    const size = this.#shared.threads.length;
    if (count > size) {
      throw new ProblemError(
        'unprocessable',
        `the shared pool has ${size} threads, not ${count}; take "pool": "dedicated", or start the service with --threads ${count}`,
      );
    }
    try {
      return this.#shared.choose(count);
    } catch (error) {
      throw new ProblemError('worker_unavailable', (error as Error).message);
    }
  }

  /** A running thread of the shared pool, in turn. */
  next(): ListenerThread {
    const running = this.#shared.threads.filter(({ state }) => state === 'running');
    if (running.length === 0) throw new ProblemError('worker_unavailable', 'no worker thread is running');
    return running[this.#turn++ % running.length]!;
  }

  async view(): Promise<WorkersView> {
    const pools = [{ name: 'shared', kind: 'shared' as const, pool: this.#shared }];
    const dedicated = [...this.#dedicated].map(([pool, name]) => ({ name, kind: 'dedicated' as const, pool }));
    const views = [...pools, ...dedicated].map(async ({ name, kind, pool }) => ({
      name,
      kind,
      threads: (await pool.describe()).map(({ state, ...rest }) => ({ ...rest, state: shownState(state) })),
    }));
    const { maxThreads } = this.#options;
    return { pools: await Promise.all(views), maxThreads, threadsInUse: this.#threadsInUse };
  }

  /** Stops and joins all threads. */
  async close(): Promise<void> {
    await Promise.all([this.#shared, ...this.#dedicated.keys()].map((pool) => pool.close()));
  }

  async #acquireDedicated(listenerId: string, size: number): Promise<ThreadAllocation> {
    const { maxThreads, environment } = this.#options;
    if (this.#threadsInUse + size > maxThreads) {
      const free = maxThreads - this.#threadsInUse;
      const more = `start the service with more, e.g. --max-threads ${Math.min(1024, this.#threadsInUse + size)}`;
      const detail = `${size} more threads are too many: ${free} of ${maxThreads} are free; delete a listener that has its own, or ${more}`;
      throw new ProblemError('limit_reached', detail);
    }
    this.#threadsInUse += size;
    try {
      const pool = await Pool.dedicated(listenerId, { size, environment, watcher: this.#watcher });
      this.#dedicated.set(pool, listenerId);
      return { threads: pool.threads, release: () => this.#release(pool) };
    } catch (error) {
      this.#threadsInUse -= size;
      throw new ProblemError('worker_unavailable', (error as Error).message);
    }
  }

  async #release(pool: Pool): Promise<void> {
    await pool.close();
    if (this.#dedicated.delete(pool)) this.#threadsInUse -= pool.threads.length;
  }

  readonly #watcher: PoolWatcher = {
    onEvent: (thread, event) => this.#notify((watcher) => watcher.event?.(thread, event)),
    onDeath: (thread, _bindings, death) => this.#notify((watcher) => watcher.down?.(thread, death)),
    onReplaced: (thread) => this.#notify((watcher) => watcher.up?.(thread)),
    onGivenUp: (thread) => this.#notify((watcher) => watcher.abandoned?.(thread)),
  };

  #notify(what: (watcher: Partial<ThreadWatcher>) => void): void {
    for (const watcher of this.#watchers) what(watcher);
  }
}

function shownState(state: string): 'running' | 'replacing' | 'dead' {
  if (state === 'running' || state === 'dead') return state;
  return 'replacing';
}
