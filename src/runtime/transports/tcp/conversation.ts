/** What all connections of a binding share: how messages are kept, who answers them, and whether it is all over. */
import {
  DIRECTION_IN,
  DIRECTION_OUT,
  type Draft,
  KIND_CONNECTION,
  KIND_MESSAGE,
  NO_PAYLOAD,
} from '../../../records/chunk.ts';
import { wallClock } from '../../../records/clock.ts';
import type { Framing } from '../../../schemas/framing.ts';
import type { BindingSpec, LiveSpec } from '../../../workers/protocol.ts';
import { COLUMN } from '../../counters.ts';
import { DelayedActions } from '../../pipeline/delayed-actions.ts';
import { Request } from '../../pipeline/request.ts';
import { compileResponder, type Responder } from '../../pipeline/responders/responder.ts';
import { type Refusals, repliesRefused } from '../refusals.ts';
import type { BindingContext, Recorder } from '../transport.ts';

/** What a record says of the connection it belongs to. `remote` is 16 bytes, undefined where nobody knows them. */
export type Party = { readonly number: number; readonly remote: Uint8Array | undefined; readonly remotePort: number };

/** What an answer or a send says besides. */
type About = Pick<Draft, 'reference' | 'extras'>;
const NOTHING: About = {};

export const OPENED = 0;
export const CLOSED = 1;

export class Conversation {
  readonly framing: Framing;
  readonly request: Request;
  readonly answers = new DelayedActions();
  readonly recorder: Recorder;
  readonly refusals: Refusals;
  /** The binding closes: what still comes in is read, counted `closed` and not served. */
  closing = false;
  /** Goes up with every read, so that a flush can tell whether there was one. */
  reads = 0;
  readonly #context: BindingContext;
  readonly #row: Float64Array;
  #responder: Responder;
  #compiledFrom: string;
  #maxPayload: number;

  constructor(spec: BindingSpec, context: BindingContext, port: number) {
    this.framing = spec.tcp.framing;
    this.request = new Request({ thread: context.threadName, listener: spec.name ?? spec.id, localPort: port });
    this.recorder = context.recorder;
    this.refusals = repliesRefused(context);
    this.#context = context;
    this.#row = context.counters.row;
    this.#maxPayload = spec.maxPayload;
    this.#compiledFrom = JSON.stringify(spec.responder);
    this.#responder = this.#compile(spec, spec.repliesBefore ?? 0);
  }

  get responder(): Responder {
    return this.#responder;
  }

  /** A responder that stays the same goes on counting its `times`. */
  update(live: LiveSpec): void {
    this.#maxPayload = live.maxPayload;
    const from = JSON.stringify(live.responder);
    if (from === this.#compiledFrom) return;
    this.#compiledFrom = from;
    this.#responder = this.#compile(live, live.repliesBefore ?? this.#context.counters.taken('reply'));
  }

  noteRead(bytes: number): void {
    this.reads++;
    this.#row[COLUMN.receiveBatches]!++;
    this.#row[COLUMN.receivedBytes]! += bytes;
  }

  /** Keeps a message that came in and answers its ordinal; -1 when it is too late for it. */
  recordIncoming(party: Party, payload: Uint8Array): number {
    this.#row[COLUMN.received]!++;
    if (!this.closing) return this.recorder.record(this.#message(party, payload, DIRECTION_IN, NOTHING));
    this.#row[COLUMN.closed]!++;
    this.recorder.gap('closed', 1);
    return -1;
  }

  /** Keeps a message that goes out. */
  recordOutgoing(party: Party, payload: Uint8Array, about: About): void {
    this.#row[COLUMN.sent]!++;
    this.#row[COLUMN.sentBytes]! += payload.length;
    this.recorder.record(this.#message(party, payload, DIRECTION_OUT, about));
  }

  keepPhase(party: Party, phase: typeof OPENED | typeof CLOSED): void {
    this.recorder.record({ ...this.#message(party, NO_PAYLOAD, phase, NOTHING), kind: KIND_CONNECTION });
  }

  /** Something was thrown that should not be: counted and logged. */
  internalError(error: unknown): void {
    this.#context.internalError(error);
  }

  suppress(): void {
    this.#row[COLUMN.repliesSuppressed]!++;
  }

  #message(party: Party, payload: Uint8Array, direction: number, about: About): Draft {
    return {
      kind: KIND_MESSAGE,
      direction,
      at: wallClock(),
      size: payload.length,
      payload: payload.length > this.#maxPayload ? payload.subarray(0, this.#maxPayload) : payload,
      remote: party.remote,
      remotePort: party.remotePort,
      connection: party.number,
      reference: about.reference,
      extras: about.extras,
    };
  }

  #compile(live: LiveSpec, repliesBefore: number): Responder {
    const { counters, internalError } = this.#context;
    return compileResponder(live.responder, { repliesBefore, counters, internalError });
  }
}
