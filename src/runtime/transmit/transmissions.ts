/** Transmissions under way in this thread: started, watched and called off by id. */

import type { Protocol, SendOrder, SendOutcome, WorkerEvent } from '../../workers/protocol.ts';
import type { SendControl } from '../transport.ts';
import { throwAwaySender, transmitDatagrams } from './datagrams.ts';
import { transmitStreams } from './streams.ts';

/** Milliseconds between two progress events of one transmission. */
const REPORT_EVERY = 200;

type Run = { control: SendControl; thread: string };
type Sender<O extends SendOrder> = (order: O, run: Run) => Promise<SendOutcome>;

/** What carries out the orders of a protocol: a new one is a line here. */
const SENDERS: { readonly [P in Protocol]: Sender<Extract<SendOrder, { protocol: P }>> } = {
  udp: (order, run) => transmitDatagrams(order, () => throwAwaySender(order), run),
  tcp: transmitStreams,
};

type Options = { thread: string; report(event: WorkerEvent): void };

export class Transmissions {
  readonly #options: Options;
  readonly #running = new Map<string, AbortController>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** From a throw-away socket. */
  send(order: SendOrder): Promise<SendOutcome> {
    const { thread } = this.#options;
    return this.run(order, (control) => senderOf(order)(order, { control, thread }));
  }

  /** Any other way to carry out an order. */
  async run(order: SendOrder, execute: (control: SendControl) => Promise<SendOutcome>): Promise<SendOutcome> {
    const abort = new AbortController();
    const reporter = new Reporter((done) => this.#options.report({ event: 'progress', send: order.id, ...done }));
    this.#running.set(order.id, abort);
    try {
      return await execute({ signal: abort.signal, report: (done) => reporter.note(done) });
    } finally {
      reporter.stop();
      this.#running.delete(order.id);
    }
  }

  /** Whether it was under way. It ends with the state `cancelled`. */
  cancel(id: string): boolean {
    this.#running.get(id)?.abort();
    return this.#running.has(id);
  }

  cancelAll(): void {
    for (const abort of this.#running.values()) abort.abort();
  }
}

/** The key and the type of the order belong together, which the compiler can't follow. */
function senderOf(order: SendOrder): Sender<SendOrder> {
  return SENDERS[order.protocol] as Sender<SendOrder>;
}

type Progress = Parameters<SendControl['report']>[0];

/** Reports the newest progress now and then; the last one before a long pause too. */
class Reporter {
  readonly #post: (done: Progress) => void;
  #next = performance.now() + REPORT_EVERY;
  #newest: Progress | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(post: (done: Progress) => void) {
    this.#post = post;
  }

  note(done: Progress): void {
    this.#newest = done;
    const early = this.#next - performance.now();
    if (early <= 0) this.#report();
    else this.#timer ??= setTimeout(() => this.#report(), early);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #report(): void {
    this.stop();
    this.#next = performance.now() + REPORT_EVERY;
    if (this.#newest !== null) this.#post(this.#newest);
    this.#newest = null;
  }
}
