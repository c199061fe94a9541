/** The serving side of a protocol over a port: has each request carried out and replies once, by a value or an error. */
import type { ClientMessage, Handlers, ReplyMessage, RequestMessage, RpcProtocol } from './protocol.ts';
import { type WireError, wireError } from './wire-error.ts';

export type RpcServerOptions<P extends RpcProtocol<P>> = {
  handlers: Handlers<P>;
  post(message: ReplyMessage, transfer: ArrayBuffer[]): void;
  /** The form in which an error crosses; by default its own code, or `internal`. */
  errorOf?: (error: unknown) => WireError;
  /** What of a reply is handed over rather than copied. */
  transferOf?: (reply: unknown) => ArrayBuffer[];
};

export class RpcServer<P extends RpcProtocol<P>> {
  readonly #options: Required<RpcServerOptions<P>>;
  readonly #running = new Map<number, AbortController>();

  constructor(options: RpcServerOptions<P>) {
    this.#options = { errorOf: wireError, transferOf: () => [], ...options };
  }

  /** Takes a message from the port; resolves when it is replied to. Never rejects. */
  async receive(message: ClientMessage<P>): Promise<void> {
    if ('cancel' in message) this.#running.get(message.cancel)?.abort();
    else await this.#serve(message);
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
      post({ id, error: errorOf(error) }, []);
    }
    this.#running.delete(id);
  }

  #execute<K extends keyof P>({ name, request }: { name: K; request: P[K]['request'] }, signal: AbortSignal) {
    return this.#options.handlers[name](request, signal);
  }
}
