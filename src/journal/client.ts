/** The journal as the main thread sees it: starts the journal thread and speaks to it. */
import { type MessagePort, type Transferable, Worker } from 'node:worker_threads';
import { cancellable } from '../rpc/cancellable.ts';
import type { HistoryStats, JournalStats, Read, ReadResult, Scope, Tails, Wait, WaitResult } from '../schemas/reads.ts';
import type { CaptureLimits, Journal, JournalListener, MessagePeer, Traffic } from './journal.ts';
import { JournalError, readerGone } from './journal-error.ts';
import type { FromJournal, JournalCommand, JournalStart, ReplyOf, RequestOf, ToJournal } from './protocol.ts';
import type { Fsync } from './store/sqlite/wal-sync.ts';

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
  onTold?: (line: string) => void;
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
  const { onDeath = () => {}, onTold = () => {} } = options;
  const journal = new JournalClient(worker, onDeath, onTold);
  await journal.ready;
  return journal;
}

type Pending = { resolve: (reply: never) => void; reject: (error: Error) => void };
/** A pull that more than one reader asked for in the same turn. */
type SharedPull = { promise: Promise<ReadResult>; readers: number; leave: () => void };

export class JournalClient implements Journal {
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #onDeath: (error: Error) => void;
  readonly #onTold: (line: string) => void;
  readonly #pending = new Map<number, Pending>();
  readonly #headListeners = new Set<(tails: Tails) => void>();
  readonly #pulls = new Map<string, SharedPull>();
  #lastId = 0;
  #isReady = false;
  #closing = false;
  #dead: Error | undefined;

  constructor(worker: Worker, onDeath: (error: Error) => void, onTold: (line: string) => void = () => {}) {
    this.#worker = worker;
    this.#onDeath = onDeath;
    this.#onTold = onTold;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    worker.on('message', (message: FromJournal) => {
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

  /** Readers that ask the same in one turn get one answer; it is asked for at the end of the turn, so it misses nothing. */
  read(request: Read, signal?: AbortSignal): Promise<ReadResult> {
    const key = keyOf(request);
    let shared = this.#pulls.get(key);
    if (shared === undefined) {
      shared = this.#sharePull(request, key);
      this.#pulls.set(key, shared);
    }
    const pull = shared;
    pull.readers++;
    if (signal === undefined) return pull.promise;
    return cancellable(pull.promise, signal, () => {
      if (--pull.readers === 0) pull.leave();
      return readerGone();
    });
  }

  async endExport(id: number): Promise<void> {
    await this.#call('endExport', { id });
  }

  wait(request: Wait, signal: AbortSignal): Promise<WaitResult> {
    const id = this.#nextId();
    return cancellable(this.#call('wait', request, { id }), signal, () => {
      this.#post({ leave: id });
      return readerGone();
    });
  }
  payload(listener: number, seq: number, peek = false): Promise<Uint8Array | undefined> {
    return this.#call('payload', { listener, seq, peek });
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
  end(scope: Scope): Promise<string> {
    return this.#call('end', scope);
  }
  stats(): Promise<JournalStats> {
    return this.#call('stats', null);
  }
  onTails(listener: (tails: Tails) => void): () => void {
    this.#headListeners.add(listener);
    return () => this.#headListeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#closing || this.#dead !== undefined) return;
    const exited = new Promise((resolve) => this.#worker.once('exit', resolve));
    const closed = this.#call('close', null);
    this.#closing = true;
    await closed;
    await exited;
  }

  #sharePull(request: Read, key: string): SharedPull {
    const id = this.#nextId();
    const { promise, resolve, reject } = Promise.withResolvers<ReadResult>();
    let left = false;
    const leave = () => {
      left = true;
      this.#post({ leave: id });
    };
    queueMicrotask(() => {
      this.#pulls.delete(key);
      if (left) reject(readerGone());
      else resolve(this.#call('pull', { ...request, key }, { id }));
    });
    promise.catch(() => {});
    return { promise, readers: 0, leave };
  }

  #call<K extends JournalCommand>(
    name: K,
    request: RequestOf<K>,
    { id = this.#nextId(), transfer = [] }: { id?: number; transfer?: Transferable[] } = {},
  ): Promise<ReplyOf<K>> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    if (this.#closing) return Promise.reject(new JournalError('closed', 'the journal is closed'));
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#post({ id, name, request } as ToJournal, transfer);
    });
  }

  #nextId(): number {
    return ++this.#lastId;
  }

  #post(message: ToJournal, transfer: Transferable[] = []): void {
    if (this.#dead === undefined) this.#worker.postMessage(message, transfer);
  }

  #receive(message: Exclude<FromJournal, { ready: true }>): void {
    if ('told' in message) {
      this.#onTold(message.told);
      return;
    }
    if ('tails' in message) {
      this.#tellHeads(message.tails);
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if ('error' in message) pending?.reject(new JournalError(message.error.code, message.error.message));
    else pending?.resolve(message.reply as never);
  }

  #tellHeads(pairs: Float64Array): void {
    const tails = new Map<number, number>();
    for (let i = 0; i < pairs.length; i += 2) tails.set(pairs[i]!, pairs[i + 1]!);
    for (const listener of this.#headListeners) listener(tails);
  }

  /** No promise outlives the thread. */
  #die(cause: Error): void {
    if (this.#dead !== undefined) return;
    const expected = this.#closing || !this.#isReady;
    this.#dead = new JournalError(
      'closed',
      expected ? 'the journal is closed' : `the journal has died: ${cause.message}`,
    );
    for (const { reject } of this.#pending.values()) reject(this.#dead);
    this.#pending.clear();
    if (!expected) this.#onDeath(cause);
  }
}

function keyOf(request: Read): string {
  const { remote } = request.filter;
  if (remote === undefined) return JSON.stringify(request);
  return JSON.stringify({ ...request, filter: { ...request.filter, remote: { ...remote, bytes: [...remote.bytes] } } });
}
