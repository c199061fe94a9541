/**
 * UDP by node:dgram: the engine that runs everywhere. One read, one callback, one datagram; what the kernel drops it
 * can't tell, and without credit it can't stop reading, so it drops and counts `overload`. The native engine does the
 * same in batches behind the same interface.
 */

import type { RemoteInfo, Socket } from 'node:dgram';
import { once } from 'node:events';
import { wallClock } from '../../../clock/wall-clock.ts';
import { addressBytes, addressText } from '../../../net/address.ts';
import type { Endpoint } from '../../../net/endpoint.ts';
import { DIRECTION_IN, DIRECTION_OUT, type Draft, KIND_MESSAGE } from '../../../records/chunk.ts';
import type { LiveSpec, SendOutcome, UdpOrder, UdpSpec } from '../../../workers/protocol.ts';
import { COLUMN } from '../../counters.ts';
import type { Task } from '../../pipeline/action-runner.ts';
import { Admission } from '../../pipeline/admission.ts';
import type { DatagramPeer, Decision } from '../../pipeline/behavior.ts';
import type { Link } from '../../pipeline/link.ts';
import { aboutReply, marksOf } from '../../pipeline/marks.ts';
import { Pipeline } from '../../pipeline/pipeline.ts';
import { ReplyPolicy } from '../../pipeline/reply-policy.ts';
import { ReplyWaiters } from '../../pipeline/reply-waiters.ts';
import { SerialQueue } from '../../pipeline/serial-queue.ts';
import { type RefusalLog, repliesRefused } from '../../refusal-log.ts';
import { type DatagramSender, transmitDatagrams } from '../../transmit/datagrams.ts';
import type { Binding, BindingContext, SendControl } from '../../transport.ts';
import { pollUntilQuiet } from '../quiet-loop.ts';
import { createLiteralSocket, reachableFrom, sendDatagram } from './literal-socket.ts';
import { PeerSockets } from './peer-sockets.ts';

/** Bytes of answers that may wait in the socket's send queue. */
const SEND_QUEUE = 4 * 1024 * 1024;

/** A peer as records name it (16 address bytes), and as the socket sends to it. */
type RecordedPeer = { remote: Uint8Array; port: number };
type SocketPeer = RecordedPeer & { address: string };

/** What an outgoing record says beside its bytes. */
type About = Pick<Draft, 'reference' | 'answersSeq' | 'extras' | 'marks'>;

const UNWATCHED: SendControl = { signal: new AbortController().signal, report: () => {} };

/** Rejects with an errno `code` when the socket can't be bound; then nothing is left open. */
export async function openDgram(spec: UdpSpec, context: BindingContext): Promise<Binding> {
  const shared = spec.bindings > 1;
  // SO_REUSEPORT would let us join a port that strangers hold with it: the first binding makes sure that nobody does.
  const port = shared && spec.binding === 0 && spec.incarnation === 0 ? await probe(spec) : spec.port;
  const socket = await bound(spec, port, shared);
  return new DgramBinding(socket, spec, context);
}

/** A port that is free without SO_REUSEPORT; the one asked for unless that is 0. */
async function probe(spec: UdpSpec): Promise<number> {
  const socket = await bound(spec, spec.port, false);
  const { port } = socket.address();
  await closed(socket);
  return port;
}

async function bound(spec: UdpSpec, port: number, reusePort: boolean): Promise<Socket> {
  const { ipv6Only, receiveBuffer: recvBufferSize } = spec.udp;
  const socket = createLiteralSocket(spec.host, { ipv6Only, reusePort, recvBufferSize });
  try {
    // Waited for from before the call: with our lookup it comes within it.
    const listening = once(socket, 'listening');
    socket.bind({ port, address: spec.host, exclusive: true });
    await listening;
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

async function closed(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => socket.close(() => resolve()));
}

class DgramBinding implements Binding {
  readonly engine = 'dgram';
  readonly address: Endpoint;
  readonly receiveBuffer: number;
  readonly #socket: Socket;
  readonly #context: BindingContext;
  readonly #row: Float64Array;
  readonly #admission: Admission;
  readonly #pipeline: Pipeline;
  readonly #queue: SerialQueue<Task> | null;
  readonly #maxRequests: number | null;
  /** Null until a rule answers from a new port. */
  #peerSockets: PeerSockets | null = null;
  readonly #watch = new ReplyWaiters();
  readonly #refusals: RefusalLog;
  #maxPayload: number;
  #closing = false;

  constructor(socket: Socket, spec: UdpSpec, context: BindingContext) {
    const { address, port } = socket.address();
    this.address = { host: address, port };
    this.receiveBuffer = socket.getRecvBufferSize();
    this.#socket = socket;
    this.#context = context;
    this.#row = context.counters.row;
    this.#maxPayload = spec.maxPayload;
    this.#admission = new Admission(spec, context.counters, context.recorder);
    this.#refusals = repliesRefused(context);
    this.#queue = spec.sequential ? new SerialQueue() : null;
    this.#maxRequests = spec.maxRequests;
    this.#pipeline = new Pipeline({
      spec,
      context,
      localPort: port,
      policy: new ReplyPolicy(context.ownPorts, context.counters),
      record: ({ payload, remote, remotePort }, decision) =>
        this.#peerSockets?.current == null
          ? this.#recordIncoming(payload, { remote, port: remotePort }, decision)
          : this.#peerSockets.recordIncoming(decision),
      served: () => this.#served(),
      peers: {
        queue: this.#queue,
        linkTo: (to) => this.#link(this.#peerOf(to)),
        known: (to) => this.#peerSockets?.of(to),
        newPort: (to, idle) => this.#sockets().open(to, idle),
      },
    });
    socket.on('message', (payload, from) => this.#receiveSafely(payload, from));
    socket.on('error', (error) => context.problem(wire(error)));
  }

  ruleStates(): Record<string, number> {
    return this.#pipeline.ruleStates();
  }

  release(ordinal: number): boolean {
    return this.#pipeline.release(ordinal);
  }

  update(live: LiveSpec): void {
    this.#admission.paused = live.paused;
    this.#maxPayload = live.maxPayload;
    this.#pipeline.update(live);
  }

  async flush(): Promise<void> {
    await pollUntilQuiet(() => this.#row[COLUMN.received]!);
    this.#context.recorder.flush();
  }

  async close(_mode: 'fin' | 'rst', drain: number): Promise<void> {
    this.#closing = true;
    await this.#pipeline.close(drain);
    await this.#peerSockets?.close();
    // What the kernel has queued can only be counted by reading it.
    await pollUntilQuiet(() => this.#row[COLUMN.received]!);
    await closed(this.#socket);
    this.#refusals.close();
    this.#context.recorder.flush();
  }

  send(order: UdpOrder, inReplyTo?: number, control: SendControl = UNWATCHED): Promise<SendOutcome> {
    const { threadName: thread } = this.#context;
    return transmitDatagrams(
      order,
      () => this.#peerSockets?.senderFor(order, inReplyTo) ?? this.#sender(order, inReplyTo),
      { control, thread },
    );
  }

  /** Our own socket as a way out for one order. */
  #sender(order: UdpOrder, answersSeq: number | undefined): DatagramSender {
    const peer = {
      remote: addressBytes(order.to.host),
      address: reachableFrom(this.address.host, order.to.host),
      port: order.to.port,
    };
    const about = { answersSeq, extras: { sendId: order.id } };
    const { recorder } = this.#context;
    let stop = () => {};
    return {
      local: this.address,
      send: async (payload) => {
        // What is sent is recorded: a burst must not outrun the journal.
        if (!recorder.hasCredit) await new Promise<void>((resolve) => recorder.onCredit(resolve));
        await sendDatagram(this.#socket, payload, peer);
        this.#recordSent(payload, peer, about);
      },
      listen: (onReply) => {
        stop = this.#watch.add(order.to, onReply);
      },
      close: () => stop(),
    };
  }

  #sockets(): PeerSockets {
    this.#peerSockets ??= new PeerSockets({
      context: this.#context,
      admission: this.#admission,
      pipeline: this.#pipeline,
      queue: this.#queue,
      local: this.address,
      record: (draft) => this.#context.recorder.record(draft),
      keep: () => this.#maxPayload,
    });
    return this.#peerSockets;
  }

  #peerOf({ remote, remotePort }: DatagramPeer): SocketPeer {
    return { remote, port: remotePort, address: reachableFrom(this.address.host, addressText(remote)) };
  }

  /** Where the network enters. */
  #receiveSafely(payload: Buffer, from: RemoteInfo): void {
    try {
      this.#receive(payload, from);
    } catch (error) {
      this.#context.internalError(error);
    }
  }

  #receive(payload: Buffer, from: RemoteInfo): void {
    this.#row[COLUMN.received]!++;
    this.#row[COLUMN.receiveBatches]!++;
    this.#row[COLUMN.receivedBytes]! += payload.length;
    const { recorder } = this.#context;
    const remote = addressBytes(from.address);
    if (this.#closing) this.#drop('closed');
    else if (this.#admission.refuses(remote)) return;
    else if (!recorder.hasCredit) this.#drop('overload');
    else this.#serve(payload, { remote, address: from.address, port: from.port });
  }

  #serve(payload: Uint8Array, peer: SocketPeer): void {
    const n = this.#admission.request();
    if (n === 0) return;
    const { request } = this.#pipeline;
    request.payload = payload;
    request.n = n;
    request.remote = peer.remote;
    request.remotePort = peer.port;
    this.#pipeline.serve(this.#link(peer), this.#queue);
  }

  #recordIncoming(payload: Uint8Array, peer: RecordedPeer, decision: Decision): number {
    const ordinal = this.#record(DIRECTION_IN, payload, peer, marksOf(decision, this.#pipeline.request));
    if (this.#watch.active) this.#watch.notify(payload, peer.remote, peer.port);
    return ordinal;
  }

  #served(): void {
    const { counters, recorder, exhausted } = this.#context;
    if (!counters.serve(this.#maxRequests)) return;
    recorder.flush();
    exhausted();
  }

  #link(peer: SocketPeer): Link {
    const link: Link = {
      send: (payload, meta) => this.#send(payload, peer, aboutReply(meta)),
      close: () => {},
      hold: () => {},
      keep: () => link,
    };
    return link;
  }

  #drop(reason: 'closed' | 'overload'): void {
    this.#row[COLUMN[reason]]!++;
    this.#context.recorder.gap(reason, 1);
  }

  /** An answer is recorded once it has left: one that the kernel refuses never was. */
  #send(payload: Uint8Array, peer: SocketPeer, about: About): void {
    const { counters } = this.#context;
    if (this.#socket.getSendQueueSize() > SEND_QUEUE) {
      counters.add('repliesSuppressed');
      return;
    }
    this.#socket.send(payload, peer.port, peer.address, (error) => {
      if (error === null) this.#recordSent(payload, peer, about);
      else this.#refusals.note((error as NodeJS.ErrnoException).code ?? 'internal');
    });
  }

  #recordSent(payload: Uint8Array, peer: RecordedPeer, about: About): void {
    this.#row[COLUMN.sent]!++;
    this.#row[COLUMN.sentBytes]! += payload.length;
    this.#record(DIRECTION_OUT, payload, peer, about);
  }

  #record(direction: number, payload: Uint8Array, peer: RecordedPeer, about?: About): number {
    return this.#context.recorder.record({
      kind: KIND_MESSAGE,
      direction,
      at: wallClock(),
      size: payload.length,
      payload: payload.length > this.#maxPayload ? payload.subarray(0, this.#maxPayload) : payload,
      remote: peer.remote,
      remotePort: peer.port,
      ...about,
    });
  }
}

function wire(error: NodeJS.ErrnoException): { code: string; message: string } {
  return { code: error.code ?? 'internal', message: error.message };
}
