/**
 * PeerSockets: sockets of a datagram listener that are for one peer each, on ports of their own, as TFTP answers (RFC 1350).
 * What the peer sends there is the listener's, as if it had come by the listener's socket; what others send there is
 * denied. One is closed once the peer was silent for as long as its state lasts.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { wallClock } from '../../../clock/wall-clock.ts';
import { addressBytes, addressText, sameAddress } from '../../../net/address.ts';
import type { Endpoint } from '../../../net/endpoint.ts';
import { DIRECTION_IN, DIRECTION_OUT, type Draft, KIND_MESSAGE } from '../../../records/chunk.ts';
import type { UdpOrder } from '../../../workers/protocol.ts';
import { COLUMN } from '../../counters.ts';
import type { Task } from '../../pipeline/action-runner.ts';
import type { Admission } from '../../pipeline/admission.ts';
import { type DatagramPeer, type Decision, NO_ACTION, type TimedEvent } from '../../pipeline/behavior.ts';
import { EventTimers } from '../../pipeline/event-timers.ts';
import type { Link, SendMeta } from '../../pipeline/link.ts';
import { aboutReply, marksOf } from '../../pipeline/marks.ts';
import { peerKey } from '../../pipeline/peer-timers.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { SerialQueue } from '../../pipeline/serial-queue.ts';
import { RefusalLog, repliesRefused } from '../../refusal-log.ts';
import type { DatagramSender } from '../../transmit/datagrams.ts';
import type { BindingContext } from '../../transport.ts';
import { pollUntilQuiet } from '../quiet-loop.ts';

/** Sockets of one binding. */
export const MOST_PEER_SOCKETS = 1024;
/** Bytes of answers that may wait in the send queue of one. */
const SEND_QUEUE = 1024 * 1024;

const UNOPENED = 'replies were not sent, for no new port could be had';

type Options = {
  context: BindingContext;
  admission: Admission;
  pipeline: Pipeline;
  queue: SerialQueue<Task> | null;
  /** Of the listener's socket. */
  local: Endpoint;
  /** Keeps a record, in order with those of the listener's socket; returns its ordinal. */
  record(draft: Draft): number;
  /** Bytes kept of a payload. */
  keep(): number;
};

export class PeerSockets {
  /** The one whose message is served. */
  current: PeerSocket | null = null;
  readonly options: Options;
  readonly refusals: RefusalLog;
  readonly #unopened: RefusalLog;
  readonly #byKey = new Map<string, PeerSocket>();
  #isClosing = false;

  constructor(options: Options) {
    const { counters, problem } = options.context;
    this.options = options;
    this.refusals = repliesRefused(options.context);
    this.#unopened = new RefusalLog({ counters, problem, counter: 'repliesSuppressed', what: UNOPENED });
  }

  /** The socket that a peer has, if it has one. */
  of({ remote, remotePort }: DatagramPeer): PeerSocket | undefined {
    return this.#byKey.get(peerKey(remote, remotePort));
  }

  /** The same, opened where there is none; null when that can't be, which is told. */
  open(peer: DatagramPeer, idle: number): PeerSocket | null {
    const known = this.of(peer);
    if (known !== undefined) return known;
    if (this.#isClosing) return null;
    if (this.#byKey.size >= MOST_PEER_SOCKETS || this.options.context.mayOpen?.() === false) {
      this.#unopened.note('EMFILE', `at most ${MOST_PEER_SOCKETS} are open for a listener and thread`);
      return null;
    }
    const { remote, remotePort } = peer;
    const key = peerKey(remote, remotePort);
    const kept = { remote: remote.slice(), remotePort };
    const onEnd = () => this.#byKey.delete(key);
    const made = new PeerSocket(this, kept, { idle, onEnd });
    this.#byKey.set(key, made);
    return made;
  }

  /** A way out for an answer from outside, where the peer has a socket. */
  senderFor({ id, to }: UdpOrder, answersSeq: number | undefined): DatagramSender | undefined {
    if (answersSeq === undefined) return undefined;
    return this.of({ remote: addressBytes(to.host), remotePort: to.port })?.senderFor(answersSeq, id);
  }

  /** Records the message of `current`. */
  recordIncoming(decision: Decision): number {
    const { request } = this.options.pipeline;
    const { extras, marks = 0 } = marksOf(decision, request);
    const { peer, localText } = this.current!;
    return this.record(request.payload, peer, DIRECTION_IN, { marks, extras: { ...extras, local: localText } });
  }

  record(payload: Uint8Array, { remote, remotePort }: DatagramPeer, direction: number, about: Partial<Draft>): number {
    const keep = this.options.keep();
    return this.options.record({
      kind: KIND_MESSAGE,
      direction,
      at: wallClock(),
      size: payload.length,
      payload: payload.length > keep ? payload.subarray(0, keep) : payload,
      remote,
      remotePort,
      ...about,
    });
  }

  /** Where the network enters. */
  receive(payload: Uint8Array, from: PeerSocket, sender: RemoteInfo): void {
    try {
      this.#receive(payload, from, sender);
    } catch (error) {
      this.options.context.internalError(error);
    } finally {
      this.current = null;
    }
  }

  /** Reads what the kernel has queued. */
  async flush(): Promise<void> {
    if (this.#byKey.size === 0) return;
    const { row } = this.options.context.counters;
    await pollUntilQuiet(() => row[COLUMN.received]!);
  }

  /** What is queued by now is read and counted. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.flush();
    await Promise.all([...this.#byKey.values()].map((socket) => socket.end()));
    this.refusals.close();
    this.#unopened.close();
  }

  #receive(payload: Uint8Array, from: PeerSocket, { address, port }: RemoteInfo): void {
    const { admission, context, pipeline, queue } = this.options;
    const { row } = context.counters;
    row[COLUMN.received]!++;
    row[COLUMN.receiveBatches]!++;
    row[COLUMN.receivedBytes]! += payload.length;
    const { remote, remotePort } = from.peer;
    if (port !== remotePort || !sameAddress(addressBytes(address), remote)) row[COLUMN.denied]!++;
    else if (this.#isClosing) this.#drop('closed');
    else if (admission.refuses(remote)) return;
    else if (!context.recorder.hasCredit) this.#drop('overload');
    else {
      const n = admission.request();
      if (n === 0) return;
      from.noteMessage();
      this.current = from;
      Object.assign(pipeline.request, { payload, n, remote, remotePort });
      pipeline.serve(from, queue);
    }
  }

  #drop(reason: 'closed' | 'overload'): void {
    this.options.context.counters.row[COLUMN[reason]]!++;
    this.options.context.recorder.gap(reason, 1);
  }
}

class PeerSocket implements Link {
  readonly peer: DatagramPeer;
  readonly #sockets: PeerSockets;
  readonly #socket: Socket;
  readonly #timers: EventTimers;
  readonly #onEnd: () => void;
  /** As the peer's address is written for this socket. */
  readonly #address: string;
  #port = 0;
  #isEnded = false;

  constructor(sockets: PeerSockets, peer: DatagramPeer, { idle, onEnd }: { idle: number; onEnd: () => void }) {
    const { context, local } = sockets.options;
    const isWide = isIPv6(local.host);
    const address = addressText(peer.remote);
    this.#sockets = sockets;
    this.peer = peer;
    this.#onEnd = onEnd;
    this.#address = isWide && !isIPv6(address) ? `::ffff:${address}` : address;
    this.#timers = new EventTimers(() => void this.end());
    this.#timers.wait([silence(idle)]);
    this.#socket = createSocket({
      type: isWide ? 'udp6' : 'udp4',
      // Addresses are literal here; the default goes through the resolver for each datagram sent.
      lookup: (host, _options, callback) => callback(null, host, isIPv6(host) ? 6 : 4),
    });
    this.#socket.on('message', (payload, from) => sockets.receive(payload, this, from));
    this.#socket.on('error', ({ code = 'internal', message }: NodeJS.ErrnoException) => {
      context.problem({ code, message });
      void this.end();
    });
    this.#socket.once('listening', () => this.#noteBound());
    // What is sent before it is bound waits for that.
    this.#socket.bind({ port: 0, address: local.host, exclusive: true });
  }

  get localText(): string {
    const { host } = this.#sockets.options.local;
    return isIPv6(host) ? `[${host}]:${this.#port}` : `${host}:${this.#port}`;
  }

  noteMessage(): void {
    this.#timers.noteMessage();
  }

  /** An answer is recorded once it has left: one that the kernel refuses never was. */
  send(payload: Uint8Array, meta: Readonly<SendMeta>): void {
    const { refusals, options } = this.#sockets;
    const about = aboutReply(meta);
    const { row } = options.context.counters;
    if (this.#isEnded || this.#queued > SEND_QUEUE) {
      row[COLUMN.repliesSuppressed]!++;
      return;
    }
    this.#socket.send(payload, this.peer.remotePort, this.#address, (error) => {
      if (error === null) this.#recordSent(payload, about);
      else refusals.note((error as NodeJS.ErrnoException).code ?? 'internal');
    });
  }

  /** A way out for an answer from outside to a message with this seq. */
  senderFor(answersSeq: number, sendId: string): DatagramSender {
    return {
      local: { host: this.#sockets.options.local.host, port: this.#port },
      send: async (payload) => {
        await this.#transmit(payload);
        this.#recordSent(payload, { answersSeq, extras: { sendId } });
      },
      listen: () => {},
      close: () => {},
    };
  }

  #transmit(payload: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(payload, this.peer.remotePort, this.#address, (error) =>
        error === null ? resolve() : reject(error),
      );
    });
  }

  #recordSent(payload: Uint8Array, about: Partial<Draft>): void {
    const { row } = this.#sockets.options.context.counters;
    row[COLUMN.sent]!++;
    row[COLUMN.sentBytes]! += payload.length;
    const extras = { ...about.extras, local: this.localText };
    this.#sockets.record(payload, this.peer, DIRECTION_OUT, { ...about, extras });
  }

  close(): void {}
  hold(): void {}
  keep(): Link {
    return this;
  }

  /** Closes it. Resolves when that is done. */
  async end(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#timers.stop();
    this.#onEnd();
    if (this.#port !== 0) this.#sockets.options.context.ownPorts[this.#port] = 0;
    await new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.close();
    });
  }

  /** What waits; a socket that is not bound yet can't tell. */
  get #queued(): number {
    return this.#port === 0 ? 0 : this.#socket.getSendQueueSize();
  }

  #noteBound(): void {
    if (this.#isEnded) return;
    this.#port = this.#socket.address().port;
    // Responders of the service must not feed each other by it.
    this.#sockets.options.context.ownPorts[this.#port] = 1;
  }
}

function silence(ms: number): TimedEvent {
  return { kind: 'idle', ms, decide: () => NO_ACTION };
}
