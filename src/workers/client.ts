/**
 * Client: the main side of one worker thread. Commands go out typed and come back as promises; none of them outlives the
 * thread: when it exits, what is pending is rejected, and from then on every call is, at once.
 */
import { EventEmitter } from 'node:events';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { ReplyMessage, ReplyOf, RequestOf } from '../rpc/protocol.ts';
import { RpcClient } from '../rpc/rpc-client.ts';
import { WorkerError } from '../rpc/wire-error.ts';
import type { WorkerCommand, WorkerEvent, WorkerProtocol, WorkerStart } from './protocol.ts';

export type ClientOptions = Omit<WorkerStart, 'journal'> & {
  /** Takes the far end of the thread's journal port. */
  attachJournal(port: MessagePort): void;
};

/** Why a thread ended: what it threw, or its exit code. */
export type Death = { code: number; error: Error | null };

/** Milliseconds a thread may take to end by itself. */
const STOP_GRACE = 1500;

export class WorkerClient extends EventEmitter<{ event: [WorkerEvent]; exit: [Death] }> {
  readonly name: string;
  readonly #worker: Worker;
  readonly #rpc: RpcClient<WorkerProtocol>;
  readonly #exited: Promise<void>;
  #engine: 'mmsg' | 'dgram' = 'dgram';
  #error: Error | null = null;
  #ended = false;

  /** Starts a thread; resolves when it takes commands. Rejects with code `worker_unavailable` when it can't start. */
  static async start(options: ClientOptions): Promise<WorkerClient> {
    const client = new WorkerClient(options);
    await new Promise<void>((resolve, reject) => {
      const onExit = ({ error }: Death) => reject(error ?? client.#gone());
      client.once('exit', onExit);
      client.once('event', () => {
        client.off('exit', onExit);
        resolve();
      });
    });
    return client;
  }

  private constructor({ attachJournal, ...start }: ClientOptions) {
    super();
    this.name = start.name;
    const { port1, port2 } = new MessageChannel();
    const workerData: WorkerStart = { ...start, journal: port1 };
    // No execArgv: loaders and test runners of the main thread have no business in there.
    this.#worker = new Worker(new URL('../runtime/worker.js', import.meta.url), {
      name: start.name,
      workerData,
      transferList: [port1],
      execArgv: [],
    });
    attachJournal(port2);
    this.#rpc = new RpcClient<WorkerProtocol>({
      post: (message, transfer) => this.#worker.postMessage(message, transfer),
      revive: ({ code, message }) => new WorkerError(code, message),
      cancelled: () => new WorkerError('aborted', 'the call was cancelled'),
    });
    this.#worker.on('message', (message: ReplyMessage | WorkerEvent) => this.#receive(message));
    this.#worker.on('error', (error) => {
      this.#error = error as Error;
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        this.#end({ code, error: this.#error });
        resolve();
      });
    });
  }

  /** Which UDP engine the thread runs. */
  get engine(): 'mmsg' | 'dgram' {
    return this.#engine;
  }

  /** Whether the thread is there. */
  get running(): boolean {
    return !this.#ended;
  }

  /** Rejects with a WorkerError: the thread's own, or `worker_unavailable` when it ended or ends before it replied. */
  call<K extends WorkerCommand>(name: K, request: RequestOf<WorkerProtocol, K>): Promise<ReplyOf<WorkerProtocol, K>> {
    return this.#rpc.call(name, request);
  }

  /** Closes everything in the thread and joins it; one that does not end in time is terminated. */
  async stop(): Promise<void> {
    // Its bindings are closed; that the thread may die meanwhile comes to the same.
    const stopped = this.call('stop', null).catch(() => {});
    const timer = setTimeout(() => this.kill(), STOP_GRACE);
    await stopped;
    await this.#exited;
    clearTimeout(timer);
  }

  /** Ends the thread as a crash would. */
  async kill(): Promise<void> {
    await this.#worker.terminate();
    await this.#exited;
  }

  #receive(message: ReplyMessage | WorkerEvent): void {
    if ('event' in message) {
      if (message.event === 'ready') this.#engine = message.engine;
      this.emit('event', message);
      return;
    }
    this.#rpc.receive(message);
  }

  #end(death: Death): void {
    this.#ended = true;
    this.#rpc.end(() => this.#gone());
    this.emit('exit', death);
  }

  #gone(): WorkerError {
    return new WorkerError('worker_unavailable', `worker thread ${this.name} is not running`);
  }
}
