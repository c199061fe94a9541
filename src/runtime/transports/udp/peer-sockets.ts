/**
 * PeerSockets: sockets of a datagram listener that are for one peer each, on ports of their own, as TFTP answers (RFC 1350).
 * What the peer sends there is the listener's, as if it had come by the listener's socket; what others send there is
 * denied. One is closed once the peer was silent for as long as its state lasts.
 */
import type { RemoteInfo } from 'node:dgram';
import { wallClock } from '../../../clock/wall-clock.ts';
import { addressBytes, sameAddress } from '../../../net/address.ts';
import type { Endpoint } from '../../../net/endpoint.ts';
import { DIRECTION_IN, type Draft, KIND_MESSAGE } from '../../../records/chunk.ts';
import type { UdpOrder } from '../../../workers/protocol.ts';
import { COLUMN } from '../../counters.ts';
import type { Task } from '../../pipeline/action-runner.ts';
import type { Admission } from '../../pipeline/admission.ts';
import type { DatagramPeer, Decision } from '../../pipeline/behavior.ts';
import { marksOf } from '../../pipeline/marks.ts';
import { peerKey } from '../../pipeline/peer-key.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { SerialQueue } from '../../pipeline/serial-queue.ts';
import { RefusalLog, repliesRefused } from '../../refusal-log.ts';
import type { DatagramSender } from '../../transmit/datagrams.ts';
import type { BindingContext } from '../../transport.ts';
import { pollUntilQuiet } from '../quiet-loop.ts';
import { PeerSocket, type PeerSocketOwner } from './peer-socket.ts';

/** Sockets of one binding. */
export const MOST_PEER_SOCKETS = 1024;

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

export class PeerSockets implements PeerSocketOwner {
  /** The one whose message is served. */
  current: PeerSocket | null = null;
  readonly context: BindingContext;
  readonly local: Endpoint;
  readonly #options: Options;
  readonly refusals: RefusalLog;
  readonly #unopened: RefusalLog;
  readonly #byKey = new Map<string, PeerSocket>();
  #isClosing = false;

  constructor(options: Options) {
    const { counters, problem } = options.context;
    this.#options = options;
    this.context = options.context;
    this.local = options.local;
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
    const refusal = this.#whyNotOne();
    if (refusal !== null) {
      this.#unopened.note(...refusal);
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

  broken(code: string, message: string): void {
    this.#unopened.note(code, message);
  }

  /** Records the message of `current`. */
  recordIncoming(decision: Decision): number {
    const { request } = this.#options.pipeline;
    const { extras, marks = 0 } = marksOf(decision, request);
    const { peer, localText } = this.current!;
    return this.record(request.payload, peer, DIRECTION_IN, { marks, extras: { ...extras, local: localText } });
  }

  record(payload: Uint8Array, { remote, remotePort }: DatagramPeer, direction: number, about: Partial<Draft>): number {
    const keep = this.#options.keep();
    return this.#options.record({
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
      this.context.internalError(error);
    } finally {
      this.current = null;
    }
  }

  /** Reads what the kernel has queued. */
  async flush(): Promise<void> {
    if (this.#byKey.size === 0) return;
    const { row } = this.context.counters;
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
    const { admission, context, pipeline, queue } = this.#options;
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

  #whyNotOne(): [code: string, detail: string] | null {
    if (this.#byKey.size >= MOST_PEER_SOCKETS)
      return ['limit_reached', `at most ${MOST_PEER_SOCKETS} are open for a listener and thread`];
    return this.context.mayOpen?.() === false ? ['EMFILE', 'the last file descriptors are kept for the API'] : null;
  }

  #drop(reason: 'closed' | 'overload'): void {
    this.context.counters.row[COLUMN[reason]]!++;
    this.context.recorder.gap(reason, 1);
  }
}
