/** Records what happens on the connections of a binding, and counts it. */

import { wallClock } from '../../../clock/wall-clock.ts';
import {
  DIRECTION_IN,
  DIRECTION_OUT,
  type Draft,
  FLAG_PARTIAL,
  KIND_CONNECTION,
  KIND_MESSAGE,
  KIND_PROBLEM,
  NO_PAYLOAD,
  PHASE_CLOSED,
  PHASE_OPENED,
  PHASE_REFUSED,
} from '../../../records/chunk.ts';
import { encodeFrameBytes } from '../../../records/frame-bytes.ts';
import { COLUMN } from '../../counters.ts';
import type { FrameFault } from '../../framing/frame-codec.ts';
import type { Decision } from '../../pipeline/behavior.ts';
import { marksOf } from '../../pipeline/marks.ts';
import type { Request } from '../../pipeline/request.ts';
import { type RefusalLog, repliesRefused } from '../../refusal-log.ts';
import type { BindingContext, Recorder } from '../../transport.ts';

/** What a record says of the connection it belongs to. `remote` is 16 bytes, undefined where nobody knows them. */
export type Party = { readonly number: number; readonly remote: Uint8Array | undefined; readonly remotePort: number };

/** What an answer or a send says besides. */
type About = Pick<Draft, 'reference' | 'answersSeq' | 'extras' | 'frame' | 'marks'>;
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
  readonly #terminator: Uint8Array;
  readonly #context: BindingContext;
  readonly #row: Float64Array;
  readonly #draft: Draft = {
    kind: KIND_MESSAGE,
    direction: DIRECTION_IN,
    at: { seconds: 0, nanos: 0 },
    size: 0,
    payload: NO_PAYLOAD,
    remote: undefined,
    remotePort: 0,
    connection: 0,
    reference: undefined,
    answersSeq: undefined,
    extras: undefined,
    frame: undefined,
    marks: 0,
  };

  /** @param terminator what ends messages by default, see terminatorOf */
  constructor(context: BindingContext, keep: number, terminator: Uint8Array) {
    this.recorder = context.recorder;
    this.refusals = repliesRefused(context);
    this.keep = keep;
    this.#terminator = terminator;
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
  recordIncoming(party: Party, request: Request, decision: Decision): number {
    this.#row[COLUMN.received]!++;
    return this.recorder.record(
      this.#message(party, request.payload, DIRECTION_IN, this.#aboutIncoming(request, decision)),
    );
  }

  /** Records that bytes are no whole message. */
  recordFault(party: Party, { expected, offset }: FrameFault): void {
    const detail = `expected ${expected} at byte ${offset}`;
    this.recordProblem(party, { code: 'framing_error', detail, expected, offset });
  }

  /** Records why something was not done. */
  recordProblem(party: Party, problem: { code: string; detail: string; [more: string]: unknown }): void {
    const extras = { text: JSON.stringify(problem) };
    this.recorder.record({ ...this.#message(party, NO_PAYLOAD, 0, { extras }), kind: KIND_PROBLEM });
  }

  /** How the stream ends messages by default, which is not kept with each. */
  #aboutIncoming(request: Request, decision: Decision): About {
    const { payload, terminator, raw, partial } = request;
    const { extras, marks = 0 } = marksOf(decision, request);
    if (raw === null && !partial && isSame(terminator, this.#terminator)) {
      return extras === undefined && marks === 0 ? NOTHING : { extras, marks };
    }
    const wire = raw ?? (terminator.length === 0 ? payload : Buffer.concat([payload, terminator]));
    return { extras, frame: encodeFrameBytes(wire, payload), marks: marks | (partial ? FLAG_PARTIAL : 0) };
  }

  /** Counts a message that came too late to be served. */
  noteTooLate(): void {
    this.#row[COLUMN.received]!++;
    this.#row[COLUMN.closed]!++;
    this.recorder.gap('closed', 1);
  }

  /** Records a message that goes out. */
  recordOutgoing(party: Party, payload: Uint8Array, framed: Uint8Array, about: About): void {
    this.#row[COLUMN.sent]!++;
    this.#row[COLUMN.sentBytes]! += payload.length;
    const draft = this.#message(party, payload, DIRECTION_OUT, about);
    draft.frame = framed === payload ? undefined : encodeFrameBytes(framed, payload);
    this.recorder.record(draft);
  }

  recordOpened(party: Party): void {
    this.recorder.record(this.#event(party, PHASE_OPENED));
  }

  /** A connection that was not let in has no number. */
  recordRefused(peer: Omit<Party, 'number'>): void {
    this.recorder.record({ ...this.#event({ ...peer, number: 0 }, PHASE_REFUSED), connection: undefined });
  }

  recordClosed(party: Party, closing: Closing): void {
    const { detail } = closing;
    const extras = detail === undefined ? undefined : { text: JSON.stringify({ detail }) };
    this.recorder.record({ ...this.#event(party, PHASE_CLOSED), closing, extras });
  }

  #event(party: Party, phase: number): Draft {
    return { ...this.#message(party, NO_PAYLOAD, phase, NOTHING), kind: KIND_CONNECTION };
  }

  /** One object for all: the recorder has taken what is in it when it returns. */
  #message(party: Party, payload: Uint8Array, direction: number, about: About): Draft {
    const draft = this.#draft;
    draft.direction = direction;
    draft.at = wallClock();
    draft.size = payload.length;
    draft.payload = payload.length > this.keep ? payload.subarray(0, this.keep) : payload;
    draft.remote = party.remote;
    draft.remotePort = party.remotePort;
    draft.connection = party.number;
    draft.reference = about.reference;
    draft.answersSeq = about.answersSeq;
    draft.extras = about.extras;
    draft.frame = about.frame;
    draft.marks = about.marks ?? 0;
    return draft;
  }
}

/** Of a few bytes. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
