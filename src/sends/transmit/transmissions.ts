/** Transmissions under way in this thread: started, watched and called off by id. */
import type { SendControl } from '../../transports/transport.ts';
import type { SendOrder, SendOutcome, WorkerEvent } from '../../workers/protocol.ts';
import { throwAwayOutlet, transmitDatagrams } from './datagrams.ts';
import { transmitStreams } from './streams.ts';

/** Milliseconds between two progress events of one transmission. */
const REPORT_EVERY = 200;

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
    return this.run(order, (control) =>
      order.protocol === 'tcp'
        ? transmitStreams(order, { control, thread })
        : transmitDatagrams(order, () => throwAwayOutlet(order), { control, thread }),
    );
  }

  /** Any other way to carry out an order. */
  async run(order: SendOrder, carryOut: (control: SendControl) => Promise<SendOutcome>): Promise<SendOutcome> {
    const abort = new AbortController();
    this.#running.set(order.id, abort);
    try {
      return await carryOut({ signal: abort.signal, report: this.#reporter(order.id) });
    } finally {
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

  #reporter(send: string): SendControl['report'] {
    let next = performance.now() + REPORT_EVERY;
    return (done) => {
      if (performance.now() < next) return;
      next = performance.now() + REPORT_EVERY;
      this.#options.report({ event: 'progress', send, ...done });
    };
  }
}
