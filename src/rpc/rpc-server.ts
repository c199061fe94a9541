/** The serving side of a protocol over a port: has each request carried out and replies once, by a value or an error. */
import type {
  ClientMessage,
  ClientStatement,
  Handlers,
  ReplyMessage,
  RequestMessage,
  RpcProtocol,
} from './protocol.ts';
import { type WireError, wireError } from './wire-error.ts';

export type RpcServerOptions<P extends RpcProtocol<P>> = {
  handlers: Handlers<P>;
  post(message: ReplyMessage, transfer: ArrayBuffer[]): void;
  /** The form in which an error crosses; by default its own code, or `internal`. */
  errorOf?: (error: unknown) => WireError;
  /** What of a reply is handed over rather than copied. */
  transferOf?: (reply: unknown) => ArrayBuffer[];
  /** A request is replied to. */
  served?: (name: keyof P) => void;
};

export class RpcServer<P extends RpcProtocol<P>> {
  readonly #options: Required<RpcServerOptions<P>>;
  readonly #running = new Map<number, AbortController>();

  constructor(options: RpcServerOptions<P>) {
    this.#options = { errorOf: wireError, transferOf: () => [], served: () => {}, ...options };
  }

  /** Takes a message from the port; resolves when all that it asks is replied to. Never rejects. */
  async receive(message: ClientMessage<P>): Promise<void> {
    if (!isBatch(message)) await this.#take(message);
    else await Promise.all(message.map((statement) => this.#take(statement)));
  }

  async #take(statement: ClientStatement<P>): Promise<void> {
    if ('cancel' in statement) this.#running.get(statement.cancel)?.abort();
    else await this.#serve(statement);
  }

  async #serve(message: RequestMessage<P>): Promise<void> {
    const { post, errorOf, transferOf } = this.#options;
    const { id } = message;
    const controller = new AbortController();
    this.#running.set(id, controller);
    try {
      const reply = await this.#execute(message, controller.signal);
      post({ id, reply }, transferOf(reply));
    } catch (error) {
      this.#refuse(id, errorOf(error));
    }
    this.#running.delete(id);
    this.#options.served(message.name);
  }

  /** Who asked would wait for ever for a reply that could not be posted. */
  #refuse(id: number, error: WireError): void {
    const { post } = this.#options;
    try {
      post({ id, error }, []);
    } catch (failure) {
      post({ id, error: wireError(failure) }, []);
    }
  }

  #execute<K extends keyof P>({ name, request }: { name: K; request: P[K]['request'] }, signal: AbortSignal) {
    return this.#options.handlers[name](request, signal);
  }
}

function isBatch<P extends RpcProtocol<P>>(message: ClientMessage<P>): message is readonly ClientStatement<P>[] {
  return Array.isArray(message);
}
