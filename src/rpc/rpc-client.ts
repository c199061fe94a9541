/**
 * The asking side of a protocol over a port. Requests go out typed and come back as promises. Commands that nobody is in a
 * hurry for wait for the end of the turn and cross as one message, for each message wakes the other thread. No request
 * outlives the other side: when that has ended, what is pending is rejected, and every later call is, at once.
 */
import type { Transferable } from 'node:worker_threads';
import { cancellable } from './cancellable.ts';
import type {
  ClientMessage,
  ClientStatement,
  ReplyMessage,
  ReplyOf,
  RequestMessage,
  RequestOf,
  RpcProtocol,
} from './protocol.ts';
import type { WireError } from './wire-error.ts';

export type RpcClientOptions<P extends RpcProtocol<P>> = {
  post(message: ClientMessage<P>, transfer: readonly Transferable[]): void;
  /** The error that a reply of the other side stands for. */
  revive(error: WireError): Error;
  /** What a cancelled call is rejected with. */
  cancelled(): Error;
  /** Commands that are gathered over a turn of the loop. The next one that is not takes them along. */
  gathered?: ReadonlySet<keyof P>;
};
export type CallOptions = { signal?: AbortSignal | undefined; transfer?: readonly Transferable[] };

/** What is said in this turn, and what of it is handed over rather than copied. */
type Statement<P extends RpcProtocol<P>> = { said: ClientStatement<P>; transfer: readonly Transferable[] };

type Pending = { resolve(reply: unknown): void; reject(error: Error): void };

export class RpcClient<P extends RpcProtocol<P>> {
  readonly #options: RpcClientOptions<P>;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #turn: Statement<P>[] = [];
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
    this.#say({ id, name, request } as RequestMessage<P>, transfer, this.#options.gathered?.has(name));
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

  #say(said: ClientStatement<P>, transfer: readonly Transferable[], isGathered = false): void {
    this.#turn.push({ said, transfer });
    if (!isGathered) this.#postTurn();
    else if (this.#turn.length === 1) process.nextTick(this.#postTurn);
  }

  readonly #postTurn = (): void => {
    const turn = this.#turn;
    this.#turn = [];
    if (turn.length <= 1) {
      if (turn.length === 1) this.#post(turn[0]!);
      return;
    }
    try {
      const transfer = turn.flatMap((statement) => statement.transfer);
      this.#options.post(
        turn.map(({ said }) => said),
        transfer,
      );
    } catch {
      for (const statement of turn) this.#post(statement);
    }
  };

  /** What can't be posted is an error of this one call. */
  #post({ said, transfer }: Statement<P>): void {
    try {
      this.#options.post(said, transfer);
    } catch (error) {
      if ('id' in said) this.#take(said.id)?.reject(error as Error);
    }
  }

  #cancel(id: number): Error {
    if (this.#take(id) !== undefined) this.#say({ cancel: id }, []);
    return this.#options.cancelled();
  }

  /** A call is settled once. */
  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }
}
