/**
 * Answers of one binding. Those known at once go out batch by batch through sendmmsg and are recorded after what they
 * answer; those that take time or wait their turn go through Serving and leave one by one.
 */

import type { BindingSpec, LiveSpec } from '../../../workers/protocol.ts';
import { COLUMN } from '../../counters.ts';
import { Exchange } from '../../pipeline/request.ts';
import { type Peer, Serving } from '../../pipeline/serving.ts';
import { type Refusals, repliesRefused } from '../refusals.ts';
import type { BindingContext } from '../transport.ts';
import type { Station } from './mmsg.ts';
import { EMSGSIZE } from './native/layout.ts';
import { errnoName } from './native/libc.ts';
import { OUTBOX_SLOTS } from './native/send-batch.ts';
import { MAX_DATAGRAM } from './native/sockaddr.ts';

/** An admitted datagram: slot i of the arena, and 16 bytes of address that are good only during the call. */
export type Request = { i: number; size: number; number: number; ordinal: number; remote: Uint8Array; port: number };

type NativePeer = Peer & { name: Uint8Array };
type Options = { station: Station; spec: BindingSpec; context: BindingContext; fd: number; port: number };

export class MmsgReplies {
  readonly #station: Station;
  readonly #context: BindingContext;
  readonly #fd: number;
  readonly #row: Float64Array;
  readonly #serving: Serving;
  readonly #exchange: Exchange;
  readonly #refusals: Refusals;
  readonly #maxRequests: number | null;
  readonly #sequential: boolean;
  /** For each slot of the outbox, the message answered. */
  readonly #answered = new Uint32Array(OUTBOX_SLOTS);
  readonly #lastAllowed = new Uint8Array(16);
  #lastPort = -1;
  #keep: number;
  #immediate: boolean;
  #served = 0;

  constructor({ station, spec, context, fd, port }: Options) {
    this.#station = station;
    this.#context = context;
    this.#fd = fd;
    this.#refusals = repliesRefused(context);
    this.#row = context.counters.row;
    this.#maxRequests = spec.maxRequests;
    this.#sequential = spec.sequential;
    this.#keep = spec.maxPayload;
    this.#exchange = new Exchange({ thread: context.threadName, listener: spec.name ?? spec.id, localPort: port });
    this.#serving = new Serving({ spec, context, port, send: (...reply) => this.#send(...reply) });
    this.#immediate = answersAtOnce(spec);
  }

  /** Nothing will be answered. */
  get silent(): boolean {
    return this.#serving.responder.silent;
  }

  update(live: LiveSpec): void {
    this.#keep = live.maxPayload;
    this.#immediate = answersAtOnce(live);
    this.#serving.update(live);
  }

  /** Within a pass: the answer goes into the outbox, or to those that take time. */
  serve(request: Request): void {
    if (this.silent) this.#served++;
    else if (this.#immediate && !this.#sequential) this.#answer(request);
    else this.#hand(request);
  }

  /** Sends what a batch called for and records it; answers how many left. */
  leave(): number {
    const { outbox } = this.#station;
    const total = outbox.count;
    const sent = total === 0 ? 0 : outbox.flush(this.#fd);
    if (total > 0) this.#record(total);
    for (; this.#served > 0; this.#served--) this.#finish();
    return sent;
  }

  /** Waits for answers under way, at most so many milliseconds, then gives up the rest. */
  async close(drain: number): Promise<void> {
    await this.#serving.close(drain);
    this.#refusals.close();
  }

  #answer({ i, size, number, ordinal, remote, port }: Request): void {
    const { arena } = this.#station;
    const exchange = this.#exchange;
    const start = arena.payloadOffset(i);
    exchange.payload = arena.payloads.subarray(start, start + size);
    exchange.n = number;
    exchange.ordinal = ordinal;
    exchange.remote = remote;
    exchange.remotePort = port;
    const answer = this.#serving.responder.respond(exchange);
    this.#served++;
    if (!(answer instanceof Uint8Array) || !this.#allows(remote, port)) return;
    if (this.#fits(answer)) {
      const { outbox } = this.#station;
      if (outbox.isFull) this.leave();
      this.#answered[outbox.count] = ordinal;
      outbox.reply(answer, arena, i);
    }
  }

  /** The gate's word on a stranger that was answered last holds for its next request. */
  #allows(remote: Uint8Array, port: number): boolean {
    const last = this.#lastAllowed;
    if (port === this.#lastPort && same(remote, last)) return true;
    if (!this.#serving.gate.allows(remote, port)) return false;
    this.#lastPort = this.#context.ownPorts[port] === 0 ? port : -1;
    last.set(remote);
    return true;
  }

  /** What is answered later needs memory of its own. */
  #hand({ i, size, number, ordinal, remote, port }: Request): void {
    const { arena } = this.#station;
    const start = arena.payloadOffset(i);
    const name = arena.nameOffset(i);
    const peer: NativePeer = { remote: remote.slice(), address: '', port, name: arena.names.slice(name, name + 28) };
    this.#serving.serve(arena.payloads.slice(start, start + size), peer, number, ordinal);
  }

  /** Serving's way to send, within a pass or outside of one. */
  #send(payload: Uint8Array, peer: Peer, reference: number): void {
    if (!this.#fits(payload)) return;
    const { outbox, writer } = this.#station;
    const inPass = writer.isOpen;
    if (!inPass) writer.open(this.#context.recorder);
    if (outbox.isFull) this.leave();
    this.#answered[outbox.count] = reference;
    outbox.push(payload, (peer as NativePeer).name);
    if (inPass) return;
    this.leave();
    writer.close();
  }

  #fits(payload: Uint8Array): boolean {
    if (payload.length <= MAX_DATAGRAM) return true;
    this.#refusals.note(errnoName(-EMSGSIZE));
    return false;
  }

  #record(total: number): void {
    const { outbox, writer, clock } = this.#station;
    const at = clock.read();
    const row = this.#row;
    for (let i = 0; i < total; i++) {
      if (outbox.results[i] !== 1) {
        this.#refusals.note(errnoName(outbox.results[i]!));
        continue;
      }
      const size = outbox.size(i);
      row[COLUMN.sent]!++;
      row[COLUMN.sentBytes]! += size;
      writer.outgoing(outbox, i, size, this.#keep, at, this.#answered[i]!);
    }
  }

  #finish(): void {
    if (this.#context.counters.serve(this.#maxRequests)) this.#context.exhausted();
  }
}

/** Whether a responder's answers never take steps. */
function answersAtOnce({ responder }: LiveSpec): boolean {
  if (responder.type === 'echo' || responder.type === 'upper') return true;
  return responder.type === 'reply' && responder.delay === undefined;
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  for (let i = 0; i < 16; i++) if (one[i] !== other[i]) return false;
  return true;
}
