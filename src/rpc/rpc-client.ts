/**
 * The asking side of a protocol over a port. Requests go out typed and come back as promises. None outlives the other
 * side: when that has ended, what is pending is rejected, and every later call is, at once.
 */
import type { Transferable } from 'node:worker_threads';
import { cancellable } from './cancellable.ts';
import type { ClientMessage, ReplyMessage, ReplyOf, RequestMessage, RequestOf, RpcProtocol } from './protocol.ts';
import type { WireError } from './wire-error.ts';

export type RpcClientOptions<P extends RpcProtocol<P>> = {
  post(message: ClientMessage<P>, transfer: readonly Transferable[]): void;
  /** The error that a reply of the other side stands for. */
  revive(error: WireError): Error;
  /** What a cancelled call is rejected with. */
  cancelled(): Error;
};
export type CallOptions = { signal?: AbortSignal | undefined; transfer?: readonly Transferable[] };

type Pending = { resolve(reply: unknown): void; reject(error: Error): void };

export class RpcClient<P extends RpcProtocol<P>> {
  readonly #options: RpcClientOptions<P>;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  /** Makes the error of calls that come too late. */
  #refusal: (() => Error) | undefined;

  constructor(options: RpcClientOptions<P>) {
    this.#options = options;
  }

  /** Rejects with the other side's error, the refusal once it has closed or ended, or `cancelled` when aborted. */
  call<K extends keyof P>(
    name: K,
    request: RequestOf<P, K>,
    { signal, transfer = [] }: CallOptions = {},
  ): Promise<ReplyOf<P, K>> {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal());
    if (signal?.aborted === true) return Promise.reject(this.#options.cancelled());
    const { promise, resolve, reject } = Promise.withResolvers<ReplyOf<P, K>>();
    const id = ++this.#lastId;
    this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject });
    this.#send({ id, name, request } as RequestMessage<P>, transfer);
    return signal === undefined ? promise : cancellable(promise, signal, () => this.#cancel(id));
  }

  /** Takes a reply from the port. One that nobody waits for any more is dropped. */
  receive(message: ReplyMessage): void {
    const pending = this.#take(message.id);
    if ('error' in message) pending?.reject(this.#options.revive(message.error));
    else pending?.resolve(message.reply);
  }

  /** Refuses calls from now on; those under way still get their reply. */
  close(refusal: () => Error): void {
    this.#refusal ??= refusal;
  }

  /** The other side has ended: no reply comes any more. */
  end(refusal: () => Error): void {
    this.#refusal = refusal;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(refusal());
  }

  /** What can't be posted is an error of this one call. */
  #send(message: RequestMessage<P>, transfer: readonly Transferable[]): void {
    try {
      this.#options.post(message, transfer);
    } catch (error) {
      this.#take(message.id)?.reject(error as Error);
    }
  }

  #cancel(id: number): Error {
    if (this.#take(id) !== undefined) this.#options.post({ cancel: id }, []);
    return this.#options.cancelled();
  }

  /** A call is settled once. */
  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }
}
