/**
 * The seam between listeners and sockets. A Transport prepares a socket on main and opens a Binding in a thread: the
 * listener's socket there. The binding reads, asks the Recorder to keep what it read, lets the Pipeline answer, and counts every
 * message it does not keep. One contract suite runs against every implementation.
 */

import type { Endpoint } from '../net/endpoint.ts';
import type { ChunkOrigin, Draft } from '../records/chunk.ts';
import type { WireError } from '../rpc/wire-error.ts';
import type { AcceptMode } from '../schemas/connect-phase.ts';
import type { CloseReason } from '../schemas/records.ts';
import type {
  Attachment,
  BindingSpec,
  ConnectionState,
  LiveSpec,
  SendOrder,
  SendOutcome,
  UdpOrder,
} from '../workers/protocol.ts';
import type { BindingCounters } from './counters.ts';

export interface Transport<S extends BindingSpec = BindingSpec> {
  readonly name: string;
  /**
   * Main side: opens the socket that is handed to the thread of a binding, where the native layer is there. `incarnation`
   * of the spec is not known yet. With `joins` it shares the port of a socket that is there and lets it. Throws an Error
   * with an errno `code`; then nothing is left open.
   */
  prepare?(spec: S, options: { droppedBefore: number; joins?: boolean }): PreparedSocket;
  /** Thread side: loads what `open` needs, so that an open needs no file. */
  load?(): Promise<unknown>;
  /** Thread side. Rejects with an errno `code` when the socket can't be bound; then nothing is left open. */
  open(spec: S, context: BindingContext): Promise<Binding>;
}

/** A socket that main has opened for a binding. */
export type PreparedSocket = {
  readonly attachment: Attachment;
  readonly port: number;
  /**
   * All bindings of the listener listen on this one by descriptors of their own, so it may be closed at any time; a
   * datagram socket only once no thread reads it.
   */
  readonly isListening: boolean;
  /** Of one that listens: how the kernel meets those who connect. */
  readonly listening?: {
    /** Before threads are told of a mode, and after. Both throw an Error with an errno `code`. */
    prepare(mode: AcceptMode): void;
    settle(mode: AcceptMode): void;
  };
  /**
   * Of a datagram socket: the kernel answers what comes from now on with port unreachable; what is queued stays. Only a
   * fresh socket receives again. Throws an Error with an errno `code`.
   */
  hide?(): void;
  /** Of a hidden one that was bound to a wildcard address: holds the port on the addresses that it has left. */
  holdAddresses?(): HeldSocket[];
  /** Of a datagram socket: whether others of this user may join its port. Throws an Error with an errno `code`. */
  share?(on: boolean): void;
  close(): void;
};

/** A socket that only keeps others from a port. */
export type HeldSocket = Required<Pick<PreparedSocket, 'share' | 'close'>>;

/** What the host gives a binding to live on. */
export type BindingContext = {
  threadName: string;
  counters: BindingCounters;
  recorder: Recorder;
  attachment: Attachment | null;
  /** One byte a UDP port, see WorkerStart.ownPorts. */
  ownPorts: Uint8Array;
  /** Whether one more descriptor may be open. Absent: always. */
  mayOpen?(): boolean;
  /**
   * Sends from a throw-away socket, for a rule; the service keeps it as one of its sends. `ended` never rejects. Absent: it
   * can't be done.
   */
  transmit?(order: SendOrder, rule: string): { ended: Promise<WireError | null>; cancel(): void };
  /** The last request allowed by maxRequests has been served. */
  exhausted(): void;
  /** The last connection was taken that a mode of the connect phase was for. Absent: nobody asks. */
  acceptsAgain?(): void;
  failed(error: WireError): void;
  problem(error: WireError): void;
  /** Something was thrown that should not be, with this message (its ordinal) where it was one: counted and logged. */
  internalError(error: unknown, ordinal?: number | null): void;
};

export interface Binding {
  /** How it reads, by name: `mmsg`, `dgram`, `net`. */
  readonly engine: string;
  readonly address: Endpoint;
  /** Granted SO_RCVBUF in bytes, 0 where it does not apply. */
  readonly receiveBuffer: number;
  update(live: LiveSpec): void | Promise<void>;
  /** UDP in batches: see the command `attach`. */
  attach?(attachment: Attachment): Promise<number>;
  /** Reads what the kernel has queued by now and ships it. */
  flush(): Promise<void>;
  /**
   * Stops reading at once; with `drain` milliseconds waits for answers in flight. Queued input is counted `closed`.
   * `reason`, `deleted` by default, is what the records of its connections say.
   */
  close(mode: 'fin' | 'rst', drain: number, reason?: CloseReason): Promise<void>;
  /** UDP: transmits from the listener's own socket and records it as `out`. See sends/transmit/datagrams.ts. */
  send?(order: UdpOrder, inReplyTo?: number, control?: SendControl): Promise<SendOutcome>;
  /** How many peers or connections are in each state of its rules. */
  ruleStates?(): Record<string, number>;
  /** The message with this ordinal (mod 2^32) was answered from outside. False when no rule waits for that. */
  release?(ordinal: number): boolean;
  /** TCP only. */
  readonly connections?: Connections;
}

/** How a transmission under way is watched and called off. */
export type SendControl = {
  signal: AbortSignal;
  /** What was done so far; may be called as often as it likes. `progress` is 0 to 1. */
  report(done: { sent: number; bytes: number; errors: number; progress: number }): void;
};

/** The open connections of a TCP binding, by connection number. */
export interface Connections {
  list(): ConnectionState[];
  /** Bytes written, null when there is no such connection. */
  send(
    connection: number,
    payload: Uint8Array,
    how?: { sendId?: string; inReplyTo?: number; raw?: boolean },
  ): Promise<number | null>;
  /** Its state then, null when there is no such connection. */
  update(connection: number, change: { reading?: boolean; writing?: boolean }): ConnectionState | null;
  close(connection: number, mode: 'fin' | 'rst'): boolean;
}

/**
 * Keeps records: packs them into chunks and ships those to the journal at the end of the loop turn, at CHUNK_LIMIT, or
 * when asked. Owns the thread's credit.
 */
export interface Recorder {
  readonly origin: ChunkOrigin;
  /** Keeps one record, the payload copied. Returns the binding ordinal of a message. */
  record(draft: Draft): number;
  /**
   * Ships a chunk the caller encoded itself; it must own the whole of its buffer. The recorder numbers its messages: call
   * `reserve` first. `incoming` is how many of them came in, all by default.
   */
  ship(chunk: Uint8Array, incoming?: number): void;
  /** Takes `messages` ordinals for a chunk the caller encodes itself; returns the first. */
  reserve(messages: number): number;
  /** Counts lost messages; they become one gap record, written where it happened, when the next record or ship comes, or a quarter of a second later. */
  gap(reason: NonNullable<Draft['reason']>, dropped: number): void;
  /** Ships what is open. */
  flush(): void;
  /** Whether another chunk may be sent. Without credit stop reading; a fallback that can't stop counts `overload`. */
  readonly hasCredit: boolean;
  /** Calls back once when credit is there again. */
  onCredit(callback: () => void): void;
  /** Nanoseconds since the listener opened, now. */
  elapsed(): number;
}
