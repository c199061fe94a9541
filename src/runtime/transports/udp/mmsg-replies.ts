/**
 * Answers of one binding. Those known at once go out batch by batch through sendmmsg and are recorded after what they
 * answer; those that take time or wait their turn go through Serving and leave one by one.
 */

import type { BindingSpec, LiveSpec } from '../../../workers/protocol.ts';
import { COLUMN } from '../../counters.ts';
import { Request } from '../../pipeline/request.ts';
import { type Peer, Serving } from '../../pipeline/serving.ts';
import { type Refusals, repliesRefused } from '../refusals.ts';
import type { BindingContext } from '../transport.ts';
import type { ThreadResources } from './mmsg.ts';
import { EMSGSIZE } from './native/layout.ts';
import { errnoName } from './native/libc.ts';
import { OUTBOX_SLOTS } from './native/send-batch.ts';
import { MAX_DATAGRAM } from './native/sockaddr.ts';

/** An admitted datagram: slot i of the arena, and 16 bytes of address that are good only during the call. */
export type AdmittedDatagram = {
  i: number;
  size: number;
  number: number;
  ordinal: number;
  remote: Uint8Array;
  port: number;
};

type NativePeer = Peer & { name: Uint8Array };
type Options = { resources: ThreadResources; spec: BindingSpec; context: BindingContext; fd: number; port: number };

export class MmsgReplies {
  readonly #resources: ThreadResources;
  readonly #context: BindingContext;
  readonly #fd: number;
  readonly #row: Float64Array;
  readonly #serving: Serving;
  readonly #request: Request;
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

  constructor({ resources, spec, context, fd, port }: Options) {
    this.#resources = resources;
    this.#context = context;
    this.#fd = fd;
    this.#refusals = repliesRefused(context);
    this.#row = context.counters.row;
    this.#maxRequests = spec.maxRequests;
    this.#sequential = spec.sequential;
    this.#keep = spec.maxPayload;
    this.#request = new Request({ thread: context.threadName, listener: spec.name ?? spec.id, localPort: port });
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
  serve(request: AdmittedDatagram): void {
    if (this.silent) this.#served++;
    else if (this.#immediate && !this.#sequential) this.#answer(request);
    else this.#hand(request);
  }

  /** Sends what a batch called for and records it; answers how many left. */
  leave(): number {
    const { batch } = this.#resources;
    const total = batch.count;
    const sent = total === 0 ? 0 : batch.flush(this.#fd);
    if (total > 0) this.#record(total);
    for (; this.#served > 0; this.#served--) this.#finish();
    return sent;
  }

  /** Waits for answers under way, at most so many milliseconds, then gives up the rest. */
  async close(drain: number): Promise<void> {
    await this.#serving.close(drain);
    this.#refusals.close();
  }

  #answer({ i, size, number, ordinal, remote, port }: AdmittedDatagram): void {
    const { arena } = this.#resources;
    const request = this.#request;
    const start = arena.payloadOffset(i);
    request.payload = arena.payloads.subarray(start, start + size);
    request.n = number;
    request.ordinal = ordinal;
    request.remote = remote;
    request.remotePort = port;
    const answer = this.#serving.responder.respond(request);
    this.#served++;
    if (!(answer instanceof Uint8Array) || !this.#allows(remote, port)) return;
    if (this.#fits(answer)) {
      const { batch } = this.#resources;
      if (batch.isFull) this.leave();
      this.#answered[batch.count] = ordinal;
      batch.reply(answer, arena, i);
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
  #hand({ i, size, number, ordinal, remote, port }: AdmittedDatagram): void {
    const { arena } = this.#resources;
    const start = arena.payloadOffset(i);
    const name = arena.nameOffset(i);
    const peer: NativePeer = { remote: remote.slice(), address: '', port, name: arena.names.slice(name, name + 28) };
    this.#serving.serve(arena.payloads.slice(start, start + size), peer, number, ordinal);
  }

  /** Serving's way to send, within a pass or outside of one. */
  #send(payload: Uint8Array, peer: Peer, reference: number): void {
    if (!this.#fits(payload)) return;
    const { batch, writer } = this.#resources;
    const inPass = writer.isOpen;
    if (!inPass) writer.open(this.#context.recorder);
    if (batch.isFull) this.leave();
    this.#answered[batch.count] = reference;
    batch.push(payload, (peer as NativePeer).name);
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
    const { batch, writer, clock } = this.#resources;
    const at = clock.read();
    const row = this.#row;
    for (let i = 0; i < total; i++) {
      if (batch.results[i] !== 1) {
        this.#refusals.note(errnoName(batch.results[i]!));
        continue;
      }
      const size = batch.size(i);
      row[COLUMN.sent]!++;
      row[COLUMN.sentBytes]! += size;
      writer.outgoing(batch, i, size, this.#keep, at, this.#answered[i]!);
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
