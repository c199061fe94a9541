/** The thread side of the pool in the test's own thread, with transports of the test's choice: no thread is started. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { ReplyMessage, ReplyOf, RequestOf } from '../../../src/rpc/protocol.ts';
import { RpcClient } from '../../../src/rpc/rpc-client.ts';
import { RpcServer } from '../../../src/rpc/rpc-server.ts';
import { WorkerError } from '../../../src/rpc/wire-error.ts';
import { CreditedLink } from '../../../src/runtime/chunk-link.ts';
import { InternalErrors } from '../../../src/runtime/internal-errors.ts';
import { Transmissions } from '../../../src/runtime/transmit/transmissions.ts';
import type { TransportRegistry } from '../../../src/runtime/transports/transports.ts';
import { WorkerCommands } from '../../../src/runtime/worker-commands.ts';
import type { WorkerEvent, WorkerProtocol } from '../../../src/workers/protocol.ts';

export type LocalOptions = {
  transports: TransportRegistry;
  ownPorts: SharedArrayBuffer;
  credit: number;
  attachJournal(port: MessagePort): void;
  onEvent(event: WorkerEvent): void;
};

export class LocalThread {
  readonly name: string;
  readonly #journal: CreditedLink;
  readonly #client: RpcClient<WorkerProtocol>;

  constructor(n: number, { transports, ownPorts, credit, attachJournal, onEvent: post }: LocalOptions) {
    this.name = `shared-${n}`;
    const { port1, port2 } = new MessageChannel();
    attachJournal(port2);
    this.#journal = new CreditedLink(port1, credit);
    const handlers = new WorkerCommands({
      start: { name: this.name, thread: n, journal: port1, ownPorts, credit, engine: 'dgram' },
      journal: this.#journal,
      engine: 'dgram',
      transports,
      transmissions: new Transmissions({ thread: this.name, report: post }),
      internalErrors: new InternalErrors(post),
      post,
    });
    const reply = (message: ReplyMessage) => this.#client.receive(message);
    const server = new RpcServer<WorkerProtocol>({ handlers, post: reply });
    this.#client = new RpcClient({
      post: (message) => void server.receive(message),
      revive: ({ code, message }) => new WorkerError(code, message),
      cancelled: () => new WorkerError('cancelled', 'cancelled'),
    });
  }

  call<K extends keyof WorkerProtocol>(
    name: K,
    request: RequestOf<WorkerProtocol, K>,
  ): Promise<ReplyOf<WorkerProtocol, K>> {
    return this.#client.call(name, request);
  }

  async close(): Promise<void> {
    await this.call('stop', null);
    this.#journal.close();
  }
}

/** As many as asked for, in the place of a Pool. */
export function localPool(size: number, options: LocalOptions) {
  const threads = Array.from({ length: size }, (_, i) => new LocalThread(i + 1, options));
  return { threads, close: async () => void (await Promise.all(threads.map((thread) => thread.close()))) };
}
