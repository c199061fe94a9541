/** Records what happens on the connections of a binding, and counts it. */

import { wallClock } from '../../../clock/wall-clock.ts';
import {
  DIRECTION_IN,
  DIRECTION_OUT,
  type Draft,
  KIND_CONNECTION,
  KIND_MESSAGE,
  NO_PAYLOAD,
  PHASE_CLOSED,
  PHASE_OPENED,
} from '../../../records/chunk.ts';
import { COLUMN } from '../../counters.ts';
import type { BindingContext, Recorder } from '../../transport.ts';
import { type RefusalLog, repliesRefused } from '../refusal-log.ts';

/** What a record says of the connection it belongs to. `remote` is 16 bytes, undefined where nobody knows them. */
export type Party = { readonly number: number; readonly remote: Uint8Array | undefined; readonly remotePort: number };

/** What an answer or a send says besides. */
type About = Pick<Draft, 'reference' | 'extras'>;
const NOTHING: About = {};

/** Why and how a connection was closed; `detail` is the errno name of an error. */
export type Closing = NonNullable<Draft['closing']> & { readonly detail?: string };

export class ConnectionLog {
  readonly recorder: Recorder;
  /** Replies that the system did not take. */
  readonly refusals: RefusalLog;
  /** Bytes kept of a message. */
  keep: number;
  /** Goes up with every read, so that a flush can tell whether there was one. */
  reads = 0;
  readonly #context: BindingContext;
  readonly #row: Float64Array;

  constructor(context: BindingContext, keep: number) {
    this.recorder = context.recorder;
    this.refusals = repliesRefused(context);
    this.keep = keep;
    this.#context = context;
    this.#row = context.counters.row;
  }

  /** Something was thrown that should not be: counted and logged. */
  internalError(error: unknown): void {
    this.#context.internalError(error);
  }

  noteRead(bytes: number): void {
    this.reads++;
    this.#row[COLUMN.receiveBatches]!++;
    this.#row[COLUMN.receivedBytes]! += bytes;
  }

  /** Records a message that came in; returns its ordinal. */
  recordIncoming(party: Party, payload: Uint8Array): number {
    this.#row[COLUMN.received]!++;
    return this.recorder.record(this.#message(party, payload, DIRECTION_IN, NOTHING));
  }

  /** Counts a message that came too late to be served. */
  noteTooLate(): void {
    this.#row[COLUMN.received]!++;
    this.#row[COLUMN.closed]!++;
    this.recorder.gap('closed', 1);
  }

  /** Records a message that goes out. */
  recordOutgoing(party: Party, payload: Uint8Array, about: About): void {
    this.#row[COLUMN.sent]!++;
    this.#row[COLUMN.sentBytes]! += payload.length;
    this.recorder.record(this.#message(party, payload, DIRECTION_OUT, about));
  }

  recordOpened(party: Party): void {
    this.recorder.record(this.#event(party, PHASE_OPENED));
  }

  recordClosed(party: Party, closing: Closing): void {
    const { detail } = closing;
    const extras = detail === undefined ? undefined : { text: JSON.stringify({ detail }) };
    this.recorder.record({ ...this.#event(party, PHASE_CLOSED), closing, extras });
  }

  #event(party: Party, phase: number): Draft {
    return { ...this.#message(party, NO_PAYLOAD, phase, NOTHING), kind: KIND_CONNECTION };
  }

  #message(party: Party, payload: Uint8Array, direction: number, about: About): Draft {
    return {
      kind: KIND_MESSAGE,
      direction,
      at: wallClock(),
      size: payload.length,
      payload: payload.length > this.keep ? payload.subarray(0, this.keep) : payload,
      remote: party.remote,
      remotePort: party.remotePort,
      connection: party.number,
      reference: about.reference,
      extras: about.extras,
    };
  }
}
