/**
 * Sends: transmissions on demand. Each runs in a worker thread, from a throw-away socket or from a listener's own, and is
 * a resource that can be asked for again; the newest 1,000 are kept.
 */
import { type Clock, systemClock } from '../clock/clock.ts';
import type { ReplayRequest, Sends as SendsFace } from '../domain.ts';
import { invalidParameter, ProblemError } from '../errors.ts';
import type { Listener } from '../listeners/listener.ts';
import { outOfDescriptors } from '../listeners/sockets/os-problems.ts';
import { unfilled } from '../runtime/pipeline/responders/warnings.ts';
import type { SendRequest, SendView } from '../schemas/send.ts';
import type { Descriptors } from '../workers/descriptors.ts';
import type { SendOutcome, WorkerEvent } from '../workers/protocol.ts';
import type { ListenerThread, ThreadWatcher } from '../workers/thread-allocator.ts';
import { impossibility } from './failures.ts';
import { IdempotencyKeys } from './idempotency.ts';
import { type Replay, readReplay, toReplay } from './import/replay.ts';
import { notListening, type OrderContext, type PreparedSend, prepareSend } from './order.ts';
import { Send, type SendOptions } from './send.ts';

export type SendsOptions = OrderContext & {
  /** A running thread of the shared pool; throws `worker_unavailable`. */
  thread(): ListenerThread;
  watch(watcher: Pick<ThreadWatcher, 'event'>): void;
  /** Absent: nobody counts them. */
  descriptors?: Descriptors;
  /** The platform's by default. */
  clock?: Clock;
};

type Answer = { status: 201 | 202; send: SendView };
type SentByRule = Extract<WorkerEvent, { event: 'sent' }>;
type Running = { thread: ListenerThread; ended: Promise<void> };

/** Sends that are kept, and that may run at a time. */
const KEPT = 1000;
const RUNNING = 256;

export class Sends implements SendsFace {
  readonly #options: SendsOptions;
  /** Oldest first. */
  readonly #sends = new Map<string, Send>();
  readonly #running = new Map<string, Running>();
  readonly #keys = new IdempotencyKeys<Answer>();
  readonly #callbacks = new Set<(send: SendView) => void>();
  #created = 0;
  #sent = 0;
  #errors = 0;

  constructor(options: SendsOptions) {
    this.#options = options;
    options.watch({
      event: (_thread, event) => {
        if (event.event === 'progress') this.#advance(event);
        if (event.event === 'sent') this.#noteSent(event);
      },
    });
  }

  async create(
    request: SendRequest,
    { idempotencyKey }: { idempotencyKey?: string } = {},
  ): Promise<Answer & { replayed: boolean }> {
    const { outcome, replayed } = await this.#keys.once(idempotencyKey, request, async () => {
      const outcome = await this.#create(request);
      const warnings = warningsOf(request);
      return warnings.length === 0 ? outcome : { ...outcome, send: { ...outcome.send, warnings } };
    });
    return { ...outcome, replayed };
  }

  async replay(file: Uint8Array, { scale, direction, ...request }: ReplayRequest): Promise<Answer> {
    const imported = await readReplay(file);
    const options = direction === undefined ? { scale } : { scale, direction };
    return this.#create(request, (largest) => toReplay(imported, options, largest));
  }

  get(id: string): SendView {
    return this.#find(id).view();
  }

  list({ limit, cursor }: { limit: number; cursor?: string }): { items: SendView[]; next: string | null } {
    if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) {
      throw invalidParameter('cursor', 'must be the `next` of an earlier page');
    }
    const before = cursor === undefined ? Number.POSITIVE_INFINITY : Number(cursor);
    const older = [...this.#sends.values()].reverse().filter(({ number }) => number < before);
    const shown = older.slice(0, limit);
    return {
      items: shown.map((send) => send.view()),
      next: older.length > limit ? String(shown.at(-1)!.number) : null,
    };
  }

  /** Calls it off and returns how far it came; one that has ended stays as it is. */
  async cancel(id: string): Promise<SendView> {
    const send = this.#find(id);
    const running = this.#running.get(id);
    if (running !== undefined) {
      await running.thread.call('cancelSend', { id }).catch(() => {});
      await running.ended;
    }
    return send.view();
  }

  /** Calls off what runs and forgets everything. */
  async clear(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.cancel(id)));
    this.#sends.clear();
    this.#keys.clear();
  }

  totals(): { created: number; running: number; sent: number; errors: number } {
    return { created: this.#created, running: this.#running.size, sent: this.#sent, errors: this.#errors };
  }

  onProgress(callback: (send: SendView) => void): () => void {
    this.#callbacks.add(callback);
    return () => this.#callbacks.delete(callback);
  }

  async #create(request: SendRequest, replayed?: (largest: number) => Replay): Promise<Answer> {
    const prepared = await prepareSend(request, this.#options, replayed);
    if (this.#running.size >= RUNNING) throw new ProblemError('limit_reached', `${RUNNING} sends are running`);
    this.#reserve(prepared);
    const thread = this.#threadFor(prepared);
    const send = this.#keep(prepared);
    const outcome = this.#run(send, thread, prepared.from);
    if (prepared.isLong) return { status: 202, send: send.view() };
    const impossible = await outcome;
    if (impossible !== null) {
      this.#sends.delete(send.id);
      throw impossible;
    }
    return { status: 201, send: send.view() };
  }

  /** Carries a send out. Never rejects; returns why the request was impossible, if it was. */
  async #run(send: Send, thread: ListenerThread, from: Listener | null): Promise<Error | null> {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    this.#running.set(send.id, { thread, ended });
    try {
      const outcome = await dispatched(send, thread, from);
      send.finish(outcome);
      this.#sent += outcome.sent;
      this.#errors += outcome.errors;
      return impossibility(send.order, outcome);
    } catch (error) {
      const { code = 'internal', message } = error as Error & { code?: string };
      send.fail({ code, message });
      return code === 'not_listening' ? new ProblemError('not_listening', message) : null;
    } finally {
      this.#running.delete(send.id);
      resolve();
      this.#notify(send);
    }
  }

  /** A rule sent it, and it has ended. */
  #noteSent({ order, outcome, ...by }: SentByRule): void {
    const send = this.#keep({ order, account: undefined, by });
    send.finish(outcome);
    this.#sent += outcome.sent;
    this.#errors += outcome.errors;
    this.#notify(send);
  }

  /** Descriptors for sockets of its own. */
  #reserve({ from, order }: PreparedSend): void {
    const { descriptors } = this.#options;
    const wanted = from === null ? (order.protocol === 'tcp' ? order.tcp.connections : 1) : 0;
    if (descriptors?.take(wanted) === false) throw outOfDescriptors(descriptors);
  }

  #advance({ send: id, sent, bytes, errors, progress }: { send: string } & Parameters<Send['advance']>[0]): void {
    const send = this.#sends.get(id);
    if (send === undefined || !send.isRunning) return;
    send.advance({ sent, bytes, errors, progress });
    this.#notify(send);
  }

  #notify(send: Send): void {
    if (this.#callbacks.size === 0 || !this.#sends.has(send.id)) return;
    const view = send.view();
    for (const callback of this.#callbacks) callback(view);
  }

  #threadFor({ from }: PreparedSend): ListenerThread {
    if (from === null) return this.#options.thread();
    if (!from.isOpen) throw notListening(from);
    const binding = from.bindings.find(({ down }) => !down);
    if (binding === undefined) throw new ProblemError('worker_unavailable', 'the listener has no running thread now');
    return binding.thread;
  }

  /** The oldest that has ended gives way. */
  #keep({ order, account, by }: Pick<PreparedSend, 'order' | 'account'> & Pick<SendOptions, 'by'>): Send {
    const send = new Send(order, ++this.#created, { account, by, clock: this.#options.clock ?? systemClock });
    this.#sends.set(send.id, send);
    if (this.#sends.size <= KEPT) return send;
    for (const old of this.#sends.values()) {
      if (old.isRunning) continue;
      this.#sends.delete(old.id);
      break;
    }
    return send;
  }

  #find(id: string): Send {
    const send = this.#sends.get(id);
    if (send === undefined) throw new ProblemError('not_found', `there is no send ${id}`);
    return send;
  }
}

/** Of its payload, or of those of its sequence. */
function warningsOf({ sequence, template = false, ...payload }: SendRequest): string[] {
  if (sequence === undefined) return unfilled('', { ...payload, template });
  return sequence.flatMap((part, i) => unfilled(`/sequence/${i}`, { ...part, template }));
}

function dispatched(send: Send, thread: ListenerThread, from: Listener | null): Promise<SendOutcome> {
  const { order } = send;
  // A listener's own socket sends datagrams only, see senderOf.
  if (from === null || order.protocol !== 'udp') return thread.call('send', order);
  return thread.call('sendFrom', { listener: from.number, order });
}
