/**
 * PoolThread: one place in a pool. It keeps its name while the thread in it comes and goes, remembers which bindings are
 * open there, and sees to the replacement when the thread dies.
 */

import type { ReplyOf, RequestOf } from '../rpc/protocol.ts';
import { WorkerError } from '../rpc/wire-error.ts';
import { type ClientOptions, type Death, WorkerClient } from './client.ts';
import type { WorkerCommand, WorkerEvent, WorkerProtocol } from './protocol.ts';

/** A binding that is open in a thread, by what opened it. */
export type OpenBinding = RequestOf<WorkerProtocol, 'open'>;

/** What a pool tells its owner. All are called synchronously, in the order in which things happen. */
export type PoolWatcher = {
  onEvent(thread: PoolThread, event: WorkerEvent): void;
  /** The thread is gone with these bindings; calls to it are rejected from now on. */
  onDeath(thread: PoolThread, bindings: OpenBinding[], death: Death): void;
  /** A new thread is in its place; these bindings may be opened again. */
  onReplaced(thread: PoolThread, bindings: OpenBinding[]): void;
  /** It died too often and stays dead; these bindings have lost their place. */
  onGivenUp(thread: PoolThread, bindings: OpenBinding[]): void;
};

export type ThreadDescription = {
  name: string;
  state: ThreadState;
  engine: 'mmsg' | 'dgram';
  bindings: number;
  /** 0 to 1 since the last look; 0 while no thread runs. */
  eventLoopUtilization: number;
  restarts: number;
};

/** `replacing`: the thread died, its successor is not ready yet. `dead`: it died too often. */
export type ThreadState = 'starting' | 'running' | 'replacing' | 'dead' | 'stopped';

/** So many deaths within so many milliseconds, and the place stays empty. */
const DEATHS = 3;
const WITHIN = 60_000;

export class PoolThread {
  readonly name: string;
  /** As in the chunk header. */
  readonly ordinal: number;
  readonly #options: ClientOptions;
  readonly #watcher: PoolWatcher;
  readonly #bindings = new Map<string, OpenBinding>();
  #client: WorkerClient | null = null;
  #state: ThreadState = 'starting';
  #opening = 0;
  #deaths: number[] = [];
  #restarts = 0;
  /** The thread that is coming up, first or in place of a dead one. */
  #start: Promise<void> = Promise.resolve();

  constructor(options: ClientOptions, watcher: PoolWatcher) {
    this.name = options.name;
    this.ordinal = options.thread;
    this.#options = options;
    this.#watcher = watcher;
  }

  get state(): ThreadState {
    return this.#state;
  }
  get engine(): 'mmsg' | 'dgram' {
    return this.#client?.engine ?? 'dgram';
  }
  /** Bindings open here or about to be. */
  get load(): number {
    return this.#bindings.size + this.#opening;
  }
  get restarts(): number {
    return this.#restarts;
  }

  /** The first thread of the place. Rejects when it can't start. */
  start(): Promise<void> {
    this.#start = this.#launch();
    return this.#start;
  }

  /** Rejects with a WorkerError; with code `worker_unavailable`, at once, while no thread runs. */
  async call<K extends WorkerCommand>(
    name: K,
    request: RequestOf<WorkerProtocol, K>,
  ): Promise<ReplyOf<WorkerProtocol, K>> {
    if (this.#client === null || this.#state !== 'running') {
      throw new WorkerError('worker_unavailable', `worker thread ${this.name} is ${this.#state}`);
    }
    const client = this.#client;
    if (name === 'open') return (await this.#open(client, request as OpenBinding)) as ReplyOf<WorkerProtocol, K>;
    if (name === 'close')
      return (await this.#close(client, request as RequestOf<WorkerProtocol, 'close'>)) as ReplyOf<WorkerProtocol, K>;
    return client.call(name, request);
  }

  async describe(): Promise<ThreadDescription> {
    const { name, engine, restarts } = this;
    const reply = await this.call('describe', null).catch(() => null);
    return {
      name,
      state: this.#state,
      engine,
      bindings: this.#bindings.size,
      eventLoopUtilization: reply?.utilization ?? 0,
      restarts,
    };
  }

  /** Stops the thread for good; a replacement under way too. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    await this.#start.catch(() => {});
    await this.#client?.stop();
    this.#client = null;
    this.#bindings.clear();
  }

  /** Ends the thread as a crash would; it is replaced. For tests and operators. */
  async kill(): Promise<void> {
    await this.#client?.kill();
  }

  async #launch(): Promise<void> {
    const client = await WorkerClient.start(this.#options);
    client.on('event', (event) => this.#watcher.onEvent(this, event));
    client.once('exit', (death) => this.#died(death));
    this.#client = client;
    if (this.#state !== 'stopped') this.#state = 'running';
  }

  async #open(client: WorkerClient, request: OpenBinding): Promise<ReplyOf<WorkerProtocol, 'open'>> {
    this.#opening++;
    try {
      const reply = await client.call('open', request);
      // The port is the real one from now on: that is what a replacement must bind.
      const spec = { ...request.spec, port: reply.address.port };
      if (client === this.#client && client.running) this.#bindings.set(key(spec), { ...request, spec });
      return reply;
    } finally {
      this.#opening--;
    }
  }

  /** Forgotten at once, so that a replacement does not open it again; and once more, if it was only opening. */
  async #close(client: WorkerClient, request: RequestOf<WorkerProtocol, 'close'>): Promise<null> {
    this.#forget(request);
    await client.call('close', request);
    this.#forget(request);
    return null;
  }

  #forget({ listener, incarnation }: RequestOf<WorkerProtocol, 'close'>): void {
    const keys = [...this.#bindings.entries()].filter(([, { spec }]) => spec.listener === listener).map(([at]) => at);
    const closed = incarnation === undefined ? keys.at(-1) : key({ listener, incarnation });
    if (closed !== undefined) this.#bindings.delete(closed);
  }

  #died(death: Death): void {
    this.#client = null;
    if (this.#state === 'stopped') return;
    this.#state = 'replacing';
    const bindings = [...this.#bindings.values()];
    this.#bindings.clear();
    this.#watcher.onDeath(this, bindings, death);
    this.#start = this.#replace(bindings);
  }

  async #replace(bindings: OpenBinding[]): Promise<void> {
    while (!this.#diesTooOften()) {
      try {
        await this.#launch();
        this.#restarts++;
        if (this.#state === 'running') this.#watcher.onReplaced(this, bindings);
        return;
      } catch {
        // It did not come up: that is another death.
        if (this.#state === 'stopped') return;
      }
    }
    this.#state = 'dead';
    this.#watcher.onGivenUp(this, bindings);
  }

  /** Counts a death. */
  #diesTooOften(): boolean {
    const now = performance.now();
    this.#deaths = [...this.#deaths.filter((at) => now - at < WITHIN), now];
    return this.#deaths.length >= DEATHS;
  }
}

function key({ listener, incarnation }: { listener: number; incarnation: number }): string {
  return `${listener} ${incarnation}`;
}
