/** The journal as the main thread sees it: starts the journal thread and speaks to it. */
import { type MessagePort, Worker } from 'node:worker_threads';
import type { ReplyMessage, ReplyOf, RequestOf } from '../rpc/protocol.ts';
import { type CallOptions, RpcClient } from '../rpc/rpc-client.ts';
import type {
  HistoryStats,
  JournalStats,
  PayloadOptions,
  Read,
  ReadResult,
  ReadScope,
  Tails,
  Wait,
  WaitResult,
} from '../schemas/reads.ts';
import type { CaptureLimits, JournalListener, MessagePeer, Traffic } from './journal.ts';
import { JournalError, readerGone } from './journal-error.ts';
import type { Journal } from './ports.ts';
import type { JournalCommand, JournalEvent, JournalProtocol, JournalStart } from './protocol.ts';
import { SharedReads } from './shared-reads.ts';
import type { Fsync } from './store/sqlite/wal-sync.ts';
import { journalErrorOf } from './wire-error.ts';

export type JournalOptions = {
  /** Directory that keeps the journal; null keeps it in memory. */
  dataDir: string | null;
  /** Cap on what the journal takes over all listeners, 512 MiB by default. */
  maxBytes?: number;
  /** When what is kept in a directory must be on the disk, `interval` by default. */
  fsync?: Fsync;
  /** Arguments of the thread's own; [] keeps loaders of the main thread out. */
  execArgv?: string[];
  /** The thread died. It is not replaced: a journal that forgot can't be trusted, so the process should end. */
  onDeath?: (error: Error) => void;
  /** Takes what the log should say: what was found damaged. */
  onNotice?: (line: string) => void;
};

const MAX_BYTES = 512 * 1024 * 1024;

/** Starts the journal thread; resolves once it is ready, rejects when it can't open its store. */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { dataDir, maxBytes = MAX_BYTES, fsync = 'interval' } = options;
  const start: JournalStart = { dataDir, maxBytes, fsync };
  const worker = new Worker(new URL('./thread/thread.js', import.meta.url), {
    name: 'journal',
    workerData: start,
    ...(options.execArgv === undefined ? {} : { execArgv: options.execArgv }),
  });
  const { onDeath = () => {}, onNotice = () => {} } = options;
  const journal = new JournalClient(worker, onDeath, onNotice);
  await journal.ready;
  return journal;
}

/** What changes listeners: a create is several of them. */
const GATHERED: ReadonlySet<JournalCommand> = new Set([
  'register',
  'append',
  'saveSpec',
  'saveCounts',
  'histories',
  'complete',
  'forget',
]);

export class JournalClient implements Journal {
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #onDeath: (error: Error) => void;
  readonly #onNotice: (line: string) => void;
  readonly #rpc: RpcClient<JournalProtocol>;
  readonly #reads: SharedReads;
  readonly #tailListeners = new Set<(tails: Tails) => void>();
  #isReady = false;
  #closing = false;
  #dead = false;

  constructor(worker: Worker, onDeath: (error: Error) => void, onNotice: (line: string) => void = () => {}) {
    this.#worker = worker;
    this.#onDeath = onDeath;
    this.#onNotice = onNotice;
    this.#rpc = new RpcClient<JournalProtocol>({
      post: (message, transfer) => worker.postMessage(message, transfer),
      revive: journalErrorOf,
      cancelled: readerGone,
      gathered: GATHERED,
    });
    this.#reads = new SharedReads((request, key, signal) => this.#call('read', { ...request, key }, { signal }));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    worker.on('message', (message: ReplyMessage | JournalEvent) => {
      if (!('ready' in message)) {
        this.#receive(message);
        return;
      }
      this.#isReady = true;
      resolve();
    });
    const die = (error: Error) => {
      reject(error);
      this.#die(error);
    };
    worker.on('error', die);
    worker.on('exit', (code) => die(new Error(`the journal thread ended with code ${code}`)));
  }

  register(listener: JournalListener): Promise<HistoryStats> {
    return this.#call('register', listener);
  }
  async saveSpec(listener: number, spec: string): Promise<void> {
    await this.#call('saveSpec', { listener, spec });
  }
  savedSpecs(): Promise<Map<number, string | null>> {
    return this.#call('savedSpecs', null);
  }
  async saveCounts(counts: ReadonlyMap<number, string>): Promise<void> {
    await this.#call('saveCounts', counts);
  }
  savedCounts(): Promise<Map<number, { counts: string | null; traffic: Traffic }>> {
    return this.#call('savedCounts', null);
  }
  async configure(listener: number, capture: CaptureLimits): Promise<void> {
    await this.#call('configure', { listener, capture });
  }
  async forget(listener: number): Promise<void> {
    await this.#call('forget', { listener });
  }
  async complete(listener: number, completed: boolean): Promise<void> {
    await this.#call('complete', { listener, completed });
  }
  attach(port: MessagePort): void {
    this.#call('attach', port, { transfer: [port] }).catch(() => {});
  }
  async append(chunk: Uint8Array): Promise<void> {
    await this.#call('append', chunk);
  }

  /** Readers that ask the same in one turn share one result. */
  read(request: Read, signal?: AbortSignal): Promise<ReadResult> {
    return this.#reads.read(request, signal);
  }
  async endExport(id: number): Promise<void> {
    await this.#call('endExport', { id });
  }

  wait(request: Wait, signal: AbortSignal): Promise<WaitResult> {
    return this.#call('wait', request, { signal });
  }
  payload(listener: number, seq: number, options: PayloadOptions = {}): Promise<Uint8Array | null | undefined> {
    return this.#call('payload', { listener, seq, ...options });
  }
  peer(listener: number, seq: number): Promise<MessagePeer | undefined> {
    return this.#call('peer', { listener, seq });
  }
  clear(listener: number, before?: number): Promise<number> {
    return this.#call('clear', { listener, before });
  }
  histories(listeners: number[]): Promise<Map<number, HistoryStats>> {
    return this.#call('histories', { listeners });
  }
  accounted(listener: number, binding: number, incarnation: number): Promise<number> {
    return this.#call('accounted', { listener, binding, incarnation });
  }
  seqOf(message: {
    listener: number;
    binding: number;
    incarnation: number;
    ordinal: number;
  }): Promise<number | undefined> {
    return this.#call('seqOf', message);
  }
  end(scope: ReadScope): Promise<string> {
    return this.#call('end', scope);
  }
  stats(): Promise<JournalStats> {
    return this.#call('stats', null);
  }
  onTails(listener: (tails: Tails) => void): () => void {
    this.#tailListeners.add(listener);
    return () => this.#tailListeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#closing || this.#dead) return;
    const exited = new Promise((resolve) => this.#worker.once('exit', resolve));
    const closed = this.#call('close', null);
    this.#closing = true;
    this.#rpc.close(isClosed);
    await closed;
    await exited;
  }

  #call<K extends JournalCommand>(
    name: K,
    request: RequestOf<JournalProtocol, K>,
    options?: CallOptions,
  ): Promise<ReplyOf<JournalProtocol, K>> {
    return this.#rpc.call(name, request, options);
  }

  #receive(message: ReplyMessage | Exclude<JournalEvent, { ready: true }>): void {
    if ('notice' in message) this.#onNotice(message.notice);
    else if ('tails' in message) this.#notifyTails(message.tails);
    else this.#rpc.receive(message);
  }

  #notifyTails(pairs: Float64Array): void {
    const tails = new Map<number, number>();
    for (let i = 0; i < pairs.length; i += 2) tails.set(pairs[i]!, pairs[i + 1]!);
    for (const listener of this.#tailListeners) listener(tails);
  }

  /** No promise outlives the thread. */
  #die(cause: Error): void {
    if (this.#dead) return;
    const expected = this.#closing || !this.#isReady;
    this.#dead = true;
    this.#rpc.end(expected ? isClosed : () => new JournalError('closed', `the journal has died: ${cause.message}`));
    if (!expected) this.#onDeath(cause);
  }
}

function isClosed(): JournalError {
  return new JournalError('closed', 'the journal is closed');
}
