/** A captured message as a test wants it: its payload as text, bytes or JSON. */

import type { Static } from '@sinclair/typebox';
import type { Draw } from '../schemas/draw.ts';
import type { MessageSchema } from '../schemas/message.ts';
import { fromBase64, fromHex, toHex } from './payload.ts';

/** A record as the API shows it: a message, or with another `kind` a connection, a gap, a drop. */
export type RecordView = Static<typeof MessageSchema>;
export type Endpoint = { address: string; port: number };
/** Of a peer that had reset its connection before it was accepted: then the kernel no longer knows who it was. */
export const UNKNOWN: Endpoint = { address: '', port: 0 };

export class Message {
  /** Number within the listener, in and out, from 1 without holes. */
  readonly seq: number;
  readonly listenerId: string;
  /** `in` from the network, `out` to it. */
  readonly direction: 'in' | 'out';
  readonly protocol: 'udp' | 'tcp';
  /** When, RFC 3339 in UTC with microseconds. */
  readonly at: string;
  /** Nanoseconds since the listener opened, monotonic. */
  readonly elapsedNs: number;
  /** The peer; an empty address where nobody knows it, see `UNKNOWN`. */
  readonly remote: Endpoint;
  readonly local: Endpoint | undefined;
  readonly connectionId: string | undefined;
  readonly thread: string | undefined;
  /** Bytes on the wire; `bytes` holds fewer when `truncated`. */
  readonly size: number;
  readonly truncated: boolean;
  /** Seq of the message that this one answers. */
  readonly inReplyTo: number | undefined;
  readonly sendId: string | undefined;
  /** The rule that decided on it, or that sent it. */
  readonly rule: string | undefined;
  /** There are rules, and none matched it. */
  readonly unmatched: boolean;
  /** Bytes that are no whole message; a `problem` record says why. */
  readonly partial: boolean;
  /** What the rule drew by `choose`. */
  readonly draw: Draw | undefined;
  readonly fault: unknown;
  readonly #view: RecordView;
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  constructor(view: RecordView) {
    this.#view = view;
    this.seq = view.seq ?? 0;
    this.listenerId = view.listenerId;
    this.direction = view.direction ?? 'in';
    this.protocol = view.protocol ?? 'udp';
    this.at = view.at;
    this.elapsedNs = view.elapsedNs ?? 0;
    this.remote = view.remote ?? UNKNOWN;
    this.local = view.local;
    this.connectionId = view.connectionId;
    this.thread = view.thread;
    this.size = view.size ?? 0;
    this.truncated = view.truncated ?? false;
    this.inReplyTo = view.inReplyTo;
    this.sendId = view.sendId;
    this.rule = view.rule;
    this.unmatched = view.unmatched ?? false;
    this.partial = view.partial ?? false;
    this.draw = view.draw;
    this.fault = view.fault;
  }

  /** The payload as UTF-8 text. Bytes that are none become U+FFFD: `bytes` has them as they were. */
  get text(): string {
    return this.#view.text ?? decoder.decode(this.bytes);
  }

  /** What was kept of the payload. Throws when it was read with `payload: 'none'`. */
  get bytes(): Uint8Array<ArrayBuffer> {
    this.#bytes ??= bytesOf(this.#view);
    return this.#bytes;
  }

  /** The payload as hex digits. */
  get hex(): string {
    return this.#view.hex ?? toHex(this.bytes);
  }

  /** The payload as JSON. Throws a SyntaxError that shows the payload when it is none. */
  json<T = unknown>(): T {
    try {
      return JSON.parse(this.text) as T;
    } catch (cause) {
      throw new SyntaxError(`message #${this.seq} is no JSON: ${quoted(this.text)}`, { cause });
    }
  }

  /** What the API sent. */
  toJSON(): RecordView {
    return this.#view;
  }

  toString(): string {
    return `#${this.seq} ${this.direction} ${this.remote.address}:${this.remote.port} ${quoted(this.text)}`;
  }
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

function bytesOf({ seq, base64, hex, text }: RecordView): Uint8Array<ArrayBuffer> {
  if (base64 !== undefined) return fromBase64(base64);
  if (hex !== undefined) return fromHex(hex);
  if (text !== undefined) return encoder.encode(text);
  throw new Error(`the payload of message #${seq} was not asked for (payload: 'none')`);
}

const LONGEST = 96;

/** Text in quotes on one line, cut where it gets long. */
export function quoted(text: string): string {
  return text.length <= LONGEST ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, LONGEST))}…`;
}
