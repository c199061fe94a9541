/**
 * Request: the message a behavior decides on, with all that a template may name. One object a binding, filled anew for
 * each message, whose payload may be memory of the transport; what outlives the decision is kept by a copy. Text forms
 * are made only when asked for.
 */
import type { Captures } from '../../matching/regex.ts';
import type { Subject } from '../../matching/subject.ts';
import { addressText } from '../../net/address.ts';
import { connectionId } from '../../records/ids.ts';
import type { Draw } from '../../schemas/draw.ts';

/** Of a peer that is unknown: it had reset its connection before it was accepted. */
export const NO_ADDRESS = new Uint8Array(0);

/** What stays the same for all messages of a binding. */
export type RequestContext = {
  /** Thread name, e.g. `shared-1`. */
  thread: string;
  /** The listener's name, or its id when it has none. */
  listener: string;
  localPort: number;
};

export const EMPTY = new Uint8Array(0);
const NO_VIEW = new DataView(EMPTY.buffer);

/** Takes the groups of patterns out of a payload that they match. */
export type CaptureSource = { read(payload: Uint8Array): Captures };

export class Request implements Subject {
  readonly context: RequestContext;
  /** The whole message, never cut. */
  payload: Uint8Array = EMPTY;
  /** What ended the message in its stream and is not part of it, e.g. CRLF. Echoes give it back. */
  terminator: Uint8Array = EMPTY;
  /** The bytes of its frame on the wire; null where they are the payload and its terminator. */
  raw: Uint8Array | null = null;
  /** These are bytes that are no whole message. */
  partial = false;
  /** Number of the request on the listener, from 1. */
  n = 0;
  /** 16 bytes, or NO_ADDRESS. */
  remote: Uint8Array = NO_ADDRESS;
  remotePort = 0;
  /** 0 = none. */
  connection = 0;
  /** The state it was decided in. */
  state = '';
  /** What the rule that decided drew by `choose`. */
  draw: Draw | null = null;
  /** The rule that decided on an event, which is no message; '' otherwise. */
  eventRule = '';
  /** What comes again and again and may have to wait: of which turn it is, see SerialQueue; '' otherwise. */
  turn = '';

  #capturesBy: CaptureSource | null = null;
  #captures: Captures | null = null;
  /** The payload that the view was made for. */
  #viewed: Uint8Array = EMPTY;
  #view: DataView = NO_VIEW;

  constructor(context: RequestContext) {
    this.context = context;
  }

  /** The same message for later: it owns its payload and its address. */
  keep(): Request {
    const kept = new Request(this.context);
    kept.payload = this.payload.slice();
    kept.terminator = this.terminator;
    kept.n = this.n;
    kept.remote = this.remote === NO_ADDRESS ? NO_ADDRESS : this.remote.slice();
    kept.remotePort = this.remotePort;
    kept.connection = this.connection;
    kept.#capturesBy = this.#capturesBy;
    kept.#captures = this.#captures;
    kept.state = this.state;
    kept.draw = this.draw;
    kept.eventRule = this.eventRule;
    return kept;
  }

  /** What takes groups out of the message, for whoever asks for them; null: there are none. */
  get capturesBy(): CaptureSource | null {
    return this.#capturesBy;
  }
  set capturesBy(source: CaptureSource | null) {
    this.#capturesBy = source;
    this.#captures = null;
  }
  /** Read when they are first asked for: that takes far longer than the match. */
  get captures(): Captures | null {
    this.#captures ??= this.#capturesBy?.read(this.payload) ?? null;
    return this.#captures;
  }

  get bytes(): Uint8Array {
    return this.payload;
  }
  /** Made once a message, however many fields are read. */
  get view(): DataView {
    const { payload } = this;
    if (this.#viewed !== payload) {
      this.#viewed = payload;
      this.#view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    }
    return this.#view;
  }
  get payloadOffset(): number {
    return 0;
  }
  get stored(): number {
    return this.payload.length;
  }
  get size(): number {
    return this.payload.length;
  }
  get hasRemote(): boolean {
    return this.remote !== NO_ADDRESS;
  }
  get remoteBytes(): Uint8Array {
    return this.remote;
  }
  get remoteOffset(): number {
    return 0;
  }

  get remoteAddress(): string {
    return this.remote === NO_ADDRESS ? '' : addressText(this.remote);
  }
  get connectionId(): string {
    return this.connection === 0 ? '' : connectionId(this.connection);
  }
}
