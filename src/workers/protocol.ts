/**
 * What the main thread and the worker threads say to each other, types only. Commands go from main to worker as requests
 * of rpc/. Event: worker to main, unasked. Chunks take neither way: they go from the worker to the journal
 * thread over a port of their own, and credit comes back on it. Everything here crosses by structured clone, so errors
 * are plain data.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Cidr } from '../net/address.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { WireError } from '../rpc/wire-error.ts';
import type { AcceptMode } from '../schemas/connect-phase.ts';
import type { Framing } from '../schemas/framing.ts';
import type { CloseReason } from '../schemas/records.ts';
import type { PlainResponder } from '../schemas/responder.ts';

/** Thread-side form of a listener spec: resolved, checked, in milliseconds and bytes. Told apart by `protocol`. */
export type BindingSpec = BindingPlace & FixedSpec & LiveSpec;
export type Protocol = BindingSpec['protocol'];
export type UdpSpec = Extract<BindingSpec, { protocol: 'udp' }>;
export type TcpSpec = Extract<BindingSpec, { protocol: 'tcp' }>;

/** Which binding it is, and where it listens. */
export type BindingPlace = {
  /** The listener's number and its id in text. */
  listener: number;
  id: string;
  /** A literal address; names were resolved by main. */
  host: string;
  /** 0 only in the first binding of a listener. */
  port: number;
  /** This binding's place among those of its listener. */
  binding: number;
  /** Counts replacements of the binding's thread. */
  incarnation: number;
  /** process.hrtime in nanoseconds (a double) when the listener opened: the zero of `elapsedNs`. */
  openedAt: number;
};

/** The part of a spec that stays for as long as its sockets do. */
export type FixedSpec = {
  name: string | null;
  /** How many bindings share the port. */
  bindings: number;
  sequential: boolean;
  maxRequests: number | null;
  allow: Cidr[];
  deny: Cidr[];
} & ProtocolOptions;

/** What only one protocol knows; a new one is one more member. */
export type ProtocolOptions = { protocol: 'udp'; udp: UdpOptions } | { protocol: 'tcp'; tcp: TcpOptions };

export type UdpOptions = { receiveBuffer: number; ipv6Only: boolean };
export type TcpOptions = {
  backlog: number;
  maxConnections: number;
  /** Milliseconds, 0 = never. */
  idleTimeout: number;
  noDelay: boolean;
  framing: Framing;
  ipv6Only: boolean;
};

/** The part of a spec that may change without a rebind. */
export type LiveSpec = {
  paused: boolean;
  maxPayload: number;
  responder: PlainResponder;
  /**
   * Replies counted before this responder came, so that a changed one starts its `times` afresh (the ticket `reply`).
   * Absent: 0 when the binding opens, what is counted by then when the responder changes.
   */
  repliesBefore?: number;
  /** What rules count, shared by all threads of the listener. Absent where there are none. */
  ruleCells?: RuleCellsHandle;
  /** TCP: how connections are met. Absent: they are accepted. */
  accept?: AcceptPhase;
  /** UDP: the kernel answers in place of the listener. */
  unreachable?: boolean;
};

/** A way to meet connections, see schemas/connect-phase.ts. */
export type AcceptPhase = {
  mode: Exclude<AcceptMode, 'accept'>;
  /** One 32-bit word shared by all threads of the listener: connections left for this mode. null: without bound. */
  left: SharedArrayBuffer | null;
};

/** Shared memory with a slot a rule, see runtime/rule-cells.ts. */
export type RuleCellsHandle = {
  memory: SharedArrayBuffer;
  /** The slot of each rule, in the order of the list. */
  slots: number[];
  /** All names of states that the listener ever had; a state is its place here. */
  states: string[];
  /** What is known of peers of streams, where connections of one come to several threads: see PeerTable. */
  peers?: SharedArrayBuffer;
};

/** What a worker is told when it starts, as workerData. */
export type WorkerStart = {
  /** `shared-1`, `l_x-2` */
  name: string;
  /** As in the chunk header. */
  thread: number;
  /** Chunks out, credit in. */
  journal: MessagePort;
  /** One byte a UDP port: not 0 when a socket of this service answers there, see net/own-ports.ts. */
  ownPorts: SharedArrayBuffer;
  /** What is left of file descriptors, see workers/descriptors.ts; undefined where nobody counts. */
  descriptors?: SharedArrayBuffer | undefined;
  /** Bytes of chunks that may be unacknowledged. */
  credit: number;
  /** `dgram` forces the portable engine. */
  engine: 'auto' | 'dgram';
};

/** What a thread needs to wait for its sockets. */
export type PollerAccess = {
  /** Descriptor of the epoll set. */
  epoll: number;
  /** One word a descriptor, see runtime/native/poller.ts. */
  readiness: SharedArrayBuffer;
};

/** An open socket that main hands over: the worker attaches, reads, detaches, and never closes it. */
export type Attachment = {
  /** Descriptor of the socket; for TCP a dup to listen on, which the worker then owns. */
  fd: number;
  /** The binding's counter `kernel` when this socket was opened: what sockets before it had dropped. */
  droppedBefore: number;
  /** How to wait for it. */
  poller: PollerAccess;
};

/** One on-demand transmission, ready to go. Told apart by `protocol`. */
export type SendOrder = {
  id: string;
  to: Endpoint;
  /** A local address for a throw-away socket, or null for any. */
  local: Endpoint | null;
  /** Parts in order: a payload or a pause. */
  parts: SendPart[];
  /** Repetitions of `parts`. */
  count: number;
  /** Milliseconds from one repetition's start to the next; 0 = as fast as it goes. */
  interval: number;
  /** Milliseconds after which no further repetition starts; null = none. */
  duration: number | null;
  expectReply: { count: number; timeout: number } | null;
} & ProtocolSendOptions;
export type ProtocolSendOptions = { protocol: 'udp' } | { protocol: 'tcp'; tcp: TcpSendOptions };
export type TcpSendOptions = { framing: Framing; halfClose: boolean; connections: number };
export type UdpOrder = Extract<SendOrder, { protocol: 'udp' }>;
export type TcpOrder = Extract<SendOrder, { protocol: 'tcp' }>;
/** `raw` leaves without framing. */
export type SendPart =
  /** `form`: how a template is written; its payload is the source then. */
  { payload: Uint8Array; template: boolean; form?: 'text' | 'hex' | 'json'; raw?: boolean } | { delay: number };

export type SendOutcome = {
  state: 'done' | 'failed' | 'cancelled';
  sent: number;
  bytes: number;
  errors: number;
  local: Endpoint | null;
  replies: { at: number; remote: Endpoint; payload: Uint8Array }[];
  error: WireError | null;
};

export type ConnectionState = {
  connection: number;
  /** null where nobody knows it: the peer had reset before it was accepted. */
  remote: Endpoint | null;
  /** Microseconds since 1970. */
  openedAt: number;
  bytesIn: number;
  bytesOut: number;
  state: 'open' | 'halfClosed' | 'closing';
  reading: boolean;
};

/** How a listener's sockets close; `reason` is what the records of its connections say, `deleted` by default. */
export type CloseOrder = { mode: 'fin' | 'rst'; drain: number; reason?: CloseReason };

/** Commands of the main thread. */
export type WorkerProtocol = {
  open: {
    request: { spec: BindingSpec; counters: SharedArrayBuffer; attachment: Attachment | null };
    reply: { address: Endpoint; receiveBuffer: number; engine: string };
  };
  /**
   * Two bindings of one listener may live in a thread while one takes over from the other: commands mean the newest,
   * close the incarnation it names. Stops reading, ends connections, hands over what is left;
   * replies when the socket is closed or detached.
   */
  close: { request: CloseOrder & { listener: number; incarnation?: number }; reply: null };
  update: { request: { listener: number; live: LiveSpec }; reply: null };
  /**
   * A datagram binding goes on with another socket at the same address; what the one before has queued is read first.
   * Replies with what the binding's counter `kernel` says then: the new socket's `droppedBefore`.
   */
  attach: {
    request: { listener: number; incarnation: number; attachment: Attachment };
    reply: { droppedBefore: number };
  };
  /** Reads what the kernel has queued and hands every open chunk to the journal port. */
  flush: { request: { listener: number | null }; reply: null };
  /** One transmission from a throw-away socket. */
  send: { request: SendOrder; reply: SendOutcome };
  /** The same from a UDP listener's own socket; recorded there as `out`. */
  sendFrom: { request: { listener: number; order: UdpOrder; inReplyTo?: number }; reply: SendOutcome };
  cancelSend: { request: { id: string }; reply: boolean };
  /** A message was answered from outside: what a rule holds back until then goes on. False when none does. */
  release: {
    request: { listener: number; binding: number; incarnation: number; ordinal: number };
    reply: boolean;
  };
  /** How many peers or connections are in each state of the rules, as far as this thread knows. */
  ruleStates: { request: { listener: number }; reply: Record<string, number> };
  connections: { request: { listener: number }; reply: ConnectionState[] };
  /** Bytes written, or null when this thread has no such connection. */
  connectionSend: {
    request: {
      listener: number;
      connection: number;
      payload: Uint8Array;
      raw?: boolean;
      sendId?: string;
      inReplyTo?: number;
    };
    reply: number | null;
  };
  /** The connection's state then, or null when this thread has no such connection. */
  connectionUpdate: {
    request: { listener: number; connection: number; reading?: boolean; writing?: boolean };
    reply: ConnectionState | null;
  };
  connectionClose: { request: { listener: number; connection: number; mode: 'fin' | 'rst' }; reply: boolean };
  /** Event-loop utilisation since the last call, 0 to 1, and what runs here. */
  describe: { request: null; reply: { utilization: number; bindings: number; engine: 'mmsg' | 'dgram' } };
  /** Closes everything and lets the thread end. */
  stop: { request: null; reply: null };
};
export type WorkerCommand = keyof WorkerProtocol;

/** What a thread was doing when something was thrown. `ordinal` is the binding's number of the message, null when it was none in particular. */
export type ErrorPlace = { listener: number; binding: number; incarnation: number; ordinal: number | null };

export type WorkerEvent =
  | { event: 'ready'; engine: 'mmsg' | 'dgram' }
  /** The last request that maxRequests allows has been served. */
  | { event: 'exhausted'; listener: number }
  /** The last connection was taken that a mode of the connect phase was for. */
  | { event: 'acceptsAgain'; listener: number }
  /** A binding's socket broke after it was open. */
  | { event: 'failed'; listener: number; binding: number; error: WireError }
  | { event: 'problem'; listener: number; error: WireError }
  /** Something was thrown and caught; `unreported` more were not reported before it. */
  | { event: 'internalError'; place: ErrorPlace | null; message: string; stack: string; unreported: number }
  /** What a rule sent from a throw-away socket; the order without its payload. */
  | { event: 'sent'; listener: number; rule: string; order: SendOrder; outcome: SendOutcome }
  | { event: 'progress'; send: string; sent: number; bytes: number; errors: number; progress: number };
