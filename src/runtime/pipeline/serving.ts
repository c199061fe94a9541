/**
 * Serving: what happens to a datagram after it was admitted and recorded: the responder is asked, the reply gate is
 * passed, the answer leaves at once, later, or in turn. Shared by the engines; they bring the way to send.
 */

import type { BindingSpec, LiveSpec } from '../../workers/protocol.ts';
import type { BindingContext } from '../transports/transport.ts';
import { DelayedActions } from './delayed-actions.ts';
import { ReplyPolicy } from './reply-policy.ts';
import { Request } from './request.ts';
import { type Answer, compileResponder, type Responder, type Step } from './responders/responder.ts';
import { SerialQueue } from './serial-queue.ts';

/** Where a datagram came from. */
export type Peer = {
  /** 16 bytes. */
  remote: Uint8Array;
  /** As the engine wants it back for sending. */
  address: string;
  port: number;
};

/** Sends an answer and records it as `out`; `reference` is the ordinal of the message it answers. */
export type SendReply = (payload: Uint8Array, peer: Peer, reference: number) => void;

type AdmittedDatagram = { payload: Uint8Array; peer: Peer; n: number; reference: number };

export class Serving {
  readonly #spec: BindingSpec;
  readonly #context: BindingContext;
  readonly #send: SendReply;
  readonly #request: Request;
  readonly #gate: ReplyPolicy;
  readonly #answers = new DelayedActions();
  readonly #turns: SerialQueue<AdmittedDatagram> | null;
  #responder: Responder;
  #compiledFrom: string;

  constructor(options: { spec: BindingSpec; context: BindingContext; port: number; send: SendReply }) {
    const { spec, context, port, send } = options;
    this.#spec = spec;
    this.#context = context;
    this.#send = send;
    this.#request = new Request({ thread: context.threadName, listener: spec.name ?? spec.id, localPort: port });
    this.#gate = new ReplyPolicy(context.ownPorts, context.counters);
    this.#turns = spec.sequential ? new SerialQueue((request, done) => this.#serveNow(request, done)) : null;
    this.#compiledFrom = JSON.stringify(spec.responder);
    this.#responder = this.#compile(spec, spec.repliesBefore ?? 0);
  }

  /** The responder in force, for engines that answer whole batches themselves. */
  get responder(): Responder {
    return this.#responder;
  }
  get gate(): ReplyPolicy {
    return this.#gate;
  }

  /** A responder that stays the same goes on counting its `times`. */
  update(live: LiveSpec): void {
    const from = JSON.stringify(live.responder);
    if (from === this.#compiledFrom) return;
    this.#compiledFrom = from;
    this.#responder = this.#compile(live, live.repliesBefore ?? this.#context.counters.taken('reply'));
  }

  /** The payload is kept until the answer has left: pass memory that stays. */
  serve(payload: Uint8Array, peer: Peer, n: number, reference: number): void {
    if (this.#turns !== null) {
      if (!this.#turns.enter({ payload, peer, n, reference })) this.#giveUp();
    } else if (this.#responder.silent) this.#finish();
    else this.#serveNow({ payload, peer, n, reference }, NOTHING);
  }

  /** Waits for answers under way, at most so many milliseconds, then gives up the rest. */
  async close(drain: number): Promise<void> {
    await this.#answers.drain(drain);
    this.#turns?.clear();
    this.#answers.cancel();
  }

  #compile(live: LiveSpec, repliesBefore: number): Responder {
    const { counters, internalError } = this.#context;
    return compileResponder(live.responder, { repliesBefore, counters, internalError });
  }

  #serveNow(request: AdmittedDatagram, done: () => void): void {
    try {
      this.#answer(request, done);
    } catch (error) {
      this.#context.internalError(error, request.reference);
      this.#finish(done);
    }
  }

  #answer(request: AdmittedDatagram, done: () => void): void {
    const answer = this.#ask(request);
    const { peer } = request;
    if (answer === null || !this.#gate.allows(peer.remote, peer.port)) this.#finish(done);
    else if (answer instanceof Uint8Array) {
      this.#send(answer, peer, request.reference);
      this.#finish(done);
    } else this.#serveLater(answer, request, done);
  }

  #serveLater(steps: readonly Step[], { peer, reference }: AdmittedDatagram, done: () => void): void {
    const reply = (payload: Uint8Array) => this.#send(payload, peer, reference);
    const ended = (complete: boolean) => (complete ? this.#finish(done) : done());
    if (!this.#answers.run(steps, reply, ended)) this.#giveUp(done);
  }

  #ask({ payload, peer, n, reference }: AdmittedDatagram): Answer {
    const request = this.#request;
    request.payload = payload;
    request.n = n;
    request.ordinal = reference;
    request.remote = peer.remote;
    request.remotePort = peer.port;
    return this.#responder.respond(request);
  }

  /** An answer without a place: counted. */
  #giveUp(done: () => void = NOTHING): void {
    this.#context.counters.add('repliesSuppressed');
    this.#finish(done);
  }

  /** A request's service has ended. */
  #finish(done: () => void = NOTHING): void {
    done();
    if (!this.#context.counters.serve(this.#spec.maxRequests)) return;
    this.#context.recorder.flush();
    this.#context.exhausted();
  }
}

const NOTHING = (): void => {};
