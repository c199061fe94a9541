/** The thread side of the pool in the test's own thread, with transports of the test's choice: no thread is started. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { WorkerError } from '../../../src/rpc/wire-error.ts';
import { JournalPort } from '../../../src/runtime/chunk-link.ts';
import { Transmissions } from '../../../src/runtime/transmit/transmissions.ts';
import type { TransportRegistry } from '../../../src/runtime/transports/transports.ts';
import { WorkerCommands } from '../../../src/runtime/worker-commands.ts';
import { InternalErrors } from '../../../src/workers/internal-errors.ts';
import type {
  CommandMessage,
  CommandName,
  ReplyMessage,
  ReplyOf,
  RequestOf,
  WorkerEvent,
} from '../../../src/workers/protocol.ts';

export type LocalOptions = {
  transports: TransportRegistry;
  ownPorts: SharedArrayBuffer;
  credit: number;
  attachJournal(port: MessagePort): void;
  onEvent(event: WorkerEvent): void;
};

export class LocalThread {
  readonly name: string;
  readonly #journal: JournalPort;
  readonly #commands: WorkerCommands;
  readonly #pending = new Map<number, (message: ReplyMessage) => void>();
  #lastId = 0;

  constructor(n: number, { transports, ownPorts, credit, attachJournal, onEvent }: LocalOptions) {
    this.name = `shared-${n}`;
    const { port1, port2 } = new MessageChannel();
    attachJournal(port2);
    this.#journal = new JournalPort(port1, credit);
    const post = (message: ReplyMessage | WorkerEvent) => {
      if ('event' in message) onEvent(message);
      else this.#pending.get(message.id)?.(message);
    };
    this.#commands = new WorkerCommands({
      start: { name: this.name, thread: n, journal: port1, ownPorts, credit, engine: 'dgram' },
      journal: this.#journal,
      engine: 'dgram',
      transports,
      transmissions: new Transmissions({ thread: this.name, report: post }),
      internalErrors: new InternalErrors(post),
      post,
    });
  }

  async call<K extends CommandName>(name: K, request: RequestOf<K>): Promise<ReplyOf<K>> {
    const id = ++this.#lastId;
    const reply = new Promise<ReplyMessage>((resolve) => this.#pending.set(id, resolve));
    await this.#commands.handle({ id, name, request } as CommandMessage);
    const message = await reply;
    this.#pending.delete(id);
    if ('error' in message) throw new WorkerError(message.error.code, message.error.message);
    return message.reply as ReplyOf<K>;
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
