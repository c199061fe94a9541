/**
 * One listener's socket inside a thread, read in batches. A pass reads a few batches, takes each datagram through
 * admission into the chunk in the making, and answers. Drops of the kernel are written as gaps where they happened: each
 * datagram says how many its socket had dropped before it.
 */
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { addressText } from '../../../net/address.ts';
import type { Endpoint } from '../../../net/endpoint.ts';
import { encodeExtras, nanosBetween } from '../../../records/chunk.ts';
import { WorkerError } from '../../../rpc/wire-error.ts';
import type { Attachment, LiveSpec, SendOutcome, UdpOrder, UdpSpec } from '../../../workers/protocol.ts';
import { COLUMN } from '../../counters.ts';
import { BATCH } from '../../native/arena.ts';
import { errnoName } from '../../native/libc.ts';
import { familyOf, readName, socketAddress } from '../../native/sockaddr.ts';
import { grantedBuffer, localEndpoint, muteSocket } from '../../native/socket-state.ts';
import type { Task } from '../../pipeline/action-runner.ts';
import { Admission } from '../../pipeline/admission.ts';
import type { DatagramPeer, Decision } from '../../pipeline/behavior.ts';
import type { Link } from '../../pipeline/link.ts';
import { ruleExtras } from '../../pipeline/marks.ts';
import { Pipeline } from '../../pipeline/pipeline.ts';
import { ReplyPolicy } from '../../pipeline/reply-policy.ts';
import { ReplyWaiters } from '../../pipeline/reply-waiters.ts';
import type { Request } from '../../pipeline/request.ts';
import { SerialQueue } from '../../pipeline/serial-queue.ts';
import { transmitDatagrams } from '../../transmit/datagrams.ts';
import type { Binding, BindingContext, SendControl } from '../../transport.ts';
import { KernelDrops } from './mmsg-drops.ts';
import { MmsgLinks } from './mmsg-links.ts';
import type { PassResult, Registration, Source } from './mmsg-reactor.ts';
import { senderFor } from './mmsg-sender.ts';
import { PeerSockets } from './peer-sockets.ts';
import { PollPolicy } from './poll-policy.ts';
import type { ThreadResources } from './thread-resources.ts';

/** Datagrams a pass reads before others have their turn. */
const SHARE = 4 * BATCH;
/** Milliseconds that a flush may take, that it waits for credit, and that it reads without a turn of the loop. */
const FLUSH_LIMIT = 2000;
const FLUSH_TIMEOUT_MS = 50;
const FLUSH_TURN = 2;
/** Milliseconds that a close may read where the kernel does not mute the socket. */
const DISCARD_LIMIT = 25;
/** Errors of a read that go by. */
const PASSING = new Set(['ENOMEM', 'ENOBUFS', 'EHOSTUNREACH', 'ENETUNREACH']);

const UNWATCHED: SendControl = { signal: new AbortController().signal, report: () => {} };

export class MmsgBinding implements Binding, Source {
  readonly engine = 'mmsg';
  readonly address: Endpoint;
  readonly receiveBuffer: number;
  fd: number;
  readonly #resources: ThreadResources;
  readonly #context: BindingContext;
  readonly #row: Float64Array;
  readonly #admission: Admission;
  readonly #pipeline: Pipeline;
  readonly #links: MmsgLinks;
  readonly #queue: SerialQueue<Task> | null;
  readonly #maxRequests: number | null;
  /** Null until a rule answers from a new port. */
  #peerSockets: PeerSockets | null = null;
  #drops: KernelDrops;
  readonly #pollPolicy: PollPolicy;
  readonly #watch = new ReplyWaiters();
  #registration: Registration;
  /** 16 bytes of the sender at hand. */
  readonly #remote = new Uint8Array(16);
  readonly #remoteWords = new Int32Array(this.#remote.buffer);
  #keep: number;
  /** Requests served in this pass, whose answers have not left yet. */
  #served = 0;
  #starved = false;
  #left = false;

  constructor(resources: ThreadResources, spec: UdpSpec, context: BindingContext, attachment: Attachment) {
    this.fd = attachment.fd;
    this.address = { host: spec.host, port: localEndpoint(resources.libc, this.fd).port };
    this.receiveBuffer = grantedBuffer(resources.libc, this.fd);
    this.#pollPolicy = new PollPolicy(this.receiveBuffer);
    this.#resources = resources;
    this.#context = context;
    this.#row = context.counters.row;
    this.#keep = spec.maxPayload;
    this.#drops = new KernelDrops(resources.libc, { fd: this.fd, row: this.#row, before: attachment.droppedBefore });
    this.#admission = new Admission(spec, context.counters, context.recorder);
    this.#maxRequests = spec.maxRequests;
    this.#queue = spec.sequential ? new SerialQueue() : null;
    this.#links = new MmsgLinks({ resources, context, fd: this.fd, keep: spec.maxPayload });
    this.#pipeline = new Pipeline({
      spec,
      context,
      localPort: this.address.port,
      policy: new ReplyPolicy(context.ownPorts, context.counters),
      record: (_request, decision) =>
        this.#peerSockets?.current == null ? this.#record(decision) : this.#peerSockets.recordIncoming(decision),
      served: () => this.#noteServed(),
      peers: {
        queue: this.#queue,
        linkTo: (peer) => this.#linkTo(peer),
        known: (peer) => this.#peerSockets?.of(peer),
        newPort: (peer, idle) => this.#sockets().open(peer, idle),
      },
    });
    this.#registration = resources.reactor.register(this, attachment.poller);
  }

  ruleStates(): Record<string, number> {
    return this.#pipeline.ruleStates();
  }

  release(ordinal: number): boolean {
    return this.#pipeline.release(ordinal);
  }

  update(live: LiveSpec): void {
    this.#admission.paused = live.paused;
    this.#keep = this.#links.keep = live.maxPayload;
    this.#pipeline.update(live);
  }

  /**
   * Reads until it has caught up with this moment: under a flood there is always more, but it came later. A journal that
   * stalls is not waited for: what is not read yet has had no effect that anybody could have seen.
   */
  async flush(): Promise<void> {
    const { clock, arena } = this.#resources;
    const { seconds, nanos } = clock.read();
    const asked = { seconds, nanos };
    const begun = performance.now();
    for (let waited = 0; !this.#left && performance.now() - begun < FLUSH_LIMIT; ) {
      const result = this.pass(performance.now() + FLUSH_TURN, false);
      if (result === 'wait' || result === 'coalesce') break;
      if (result === 'again' && nanosBetween(asked, arena) > 0) break;
      if (result === 'again') await nextTurn();
      else if (waited++ < FLUSH_TIMEOUT_MS) await sleep(1);
      else break;
    }
    await this.#peerSockets?.flush();
    this.#resources.writer.flush(this.#context.recorder);
    this.#context.recorder.flush();
  }

  /** What is queued by now is read and counted; what comes later is refused by the kernel, as on a closed port. */
  async close(_mode: 'fin' | 'rst', drain: number): Promise<void> {
    this.#leave();
    await this.#pipeline.close(drain);
    await this.#peerSockets?.close();
    this.#links.close();
    this.#resources.writer.leave(this.#context.recorder);
    const muted = muteSocket(this.#resources.libc, this.fd) === 0;
    this.#discardQueue(muted ? Number.POSITIVE_INFINITY : DISCARD_LIMIT);
    this.#context.recorder.gap('kernel', this.#drops.last());
    this.#context.recorder.flush();
  }

  /**
   * What the socket before has queued is read, or where the journal has no room counted `closed`. Nothing new comes to it:
   * main has hidden it.
   */
  async attach({ fd, poller }: Attachment): Promise<number> {
    await this.flush();
    if (this.#left) throw new WorkerError('not_listening', 'it was closed meanwhile');
    this.#registration.leave();
    this.#discardQueue(Number.POSITIVE_INFINITY);
    this.#context.recorder.gap('kernel', this.#drops.last());
    const droppedBefore = this.#row[COLUMN.kernel]!;
    this.fd = this.#links.fd = fd;
    this.#drops = new KernelDrops(this.#resources.libc, { fd, row: this.#row, before: droppedBefore });
    this.#registration = this.#resources.reactor.register(this, poller);
    return droppedBefore;
  }

  send(order: UdpOrder, inReplyTo?: number, control: SendControl = UNWATCHED): Promise<SendOutcome> {
    const sender = () =>
      this.#peerSockets?.senderFor(order, inReplyTo) ??
      senderFor(order, inReplyTo, {
        resources: this.#resources,
        context: this.#context,
        fd: () => this.fd,
        local: this.address,
        watch: this.#watch,
        keep: this.#keep,
        isOpen: () => !this.#left,
      });
    return transmitDatagrams(order, sender, { control, thread: this.#context.threadName });
  }

  /** Where the network enters. An error of ours costs the rest of the pass, never the thread. */
  pass(deadline: number, alone: boolean): PassResult {
    try {
      return this.#pass(deadline, alone);
    } catch (error) {
      this.#context.internalError(error);
      this.#resources.writer.close();
      return 'coalesce';
    }
  }

  #pass(deadline: number, alone: boolean): PassResult {
    const { writer, clock } = this.#resources;
    this.#pollPolicy.begin();
    writer.open(this.#context.recorder);
    const result = this.#read(deadline, alone);
    if (result === 'wait') {
      const dropped = this.#drops.whileDrained();
      if (dropped > 0) writer.gap('kernel', dropped, clock.read());
    }
    writer.close();
    return result;
  }

  #read(deadline: number, alone: boolean): PassResult {
    const { arena } = this.#resources;
    const pollPolicy = this.#pollPolicy;
    for (;;) {
      if (!this.#context.recorder.hasCredit) return this.#starve();
      const n = arena.receive(this.fd, this.#row, COLUMN.received);
      if (n < 0) return this.#fail(n);
      if (n > 0) pollPolicy.served(this.#take(n), performance.now());
      if (pollPolicy.datagrams >= SHARE) return 'again';
      const now = performance.now();
      if (n < BATCH && !(alone && pollPolicy.spins(now))) return pollPolicy.coalesces(now) ? 'coalesce' : 'wait';
      if (now >= deadline) return 'again';
    }
  }

  /** Admits, records and answers what a read brought. Returns how many replies left. */
  #take(n: number): number {
    const { arena, writer } = this.#resources;
    const row = this.#row;
    row[COLUMN.receiveBatches]!++;
    const open = this.#admission.isOpen;
    const plain = open && this.#pipeline.silent && !this.#watch.active;
    // One number at a time costs two BigInts each.
    const first = open ? this.#admission.requests(n) : 0;
    let bytes = 0;
    for (let i = 0; i < n; i++) {
      const size = arena.size(i);
      bytes += size;
      arena.stamp(i);
      if (arena.dropsBefore !== -1) this.#noteDrops(arena.dropsBefore);
      if (plain) writer.incoming(arena, i, size, this.#keep, arena);
      else this.#serveSafely(i, size, first);
    }
    row[COLUMN.receivedBytes]! += bytes;
    this.#pollPolicy.read(n, bytes);
    return plain ? 0 : this.#leaveTogether();
  }

  /** What one datagram meets is nothing to the others of the batch. */
  #serveSafely(i: number, size: number, first: number): void {
    try {
      this.#serve(i, size, first);
    } catch (error) {
      this.#context.internalError(error);
    }
  }

  /** @param first the number of the batch's first request, 0 where each has to be admitted */
  #serve(i: number, size: number, first: number): void {
    const { arena } = this.#resources;
    const port = readName(arena, i, this.#remoteWords);
    const n = first === 0 ? this.#admit() : first + i;
    if (n === 0) return;
    const { request } = this.#pipeline;
    request.payload = arena.payload(i, size);
    request.n = n;
    request.remote = this.#remote;
    request.remotePort = port;
    this.#links.current.slot = i;
    this.#pipeline.serve(this.#links.current, this.#queue);
  }

  #sockets(): PeerSockets {
    const { writer } = this.#resources;
    const { recorder } = this.#context;
    this.#peerSockets ??= new PeerSockets({
      context: this.#context,
      admission: this.#admission,
      pipeline: this.#pipeline,
      queue: this.#queue,
      local: this.address,
      record: (draft) => {
        // What the writer holds came before, and it numbers what it holds by itself.
        writer.leave(recorder);
        return recorder.record(draft);
      },
      keep: () => this.#keep,
    });
    return this.#peerSockets;
  }

  #linkTo({ remote, remotePort: port }: DatagramPeer): Link {
    return this.#links.to(socketAddress({ host: addressText(remote), port }, familyOf(this.address.host)));
  }

  /** The number of the request at hand, 0 when it is turned away. */
  #admit(): number {
    return this.#admission.refuses(this.#remote) ? 0 : this.#admission.request();
  }

  /** Records the datagram at hand; returns its ordinal. */
  #record(decision: Decision): number {
    const { arena, writer } = this.#resources;
    const { payload, remotePort, draw } = this.#pipeline.request;
    const { slot } = this.#links.current;
    const isPlain = decision.extras === undefined && decision.unmatched !== true;
    const ordinal = isPlain
      ? writer.incoming(arena, slot, payload.length, this.#keep, arena)
      : writer.decided(
          arena,
          slot,
          payload.length,
          this.#keep,
          arena,
          draw === null ? decision : drawn(decision, draw),
        );
    if (this.#watch.active) this.#watch.notify(payload, this.#remote, remotePort);
    return ordinal;
  }

  /** A request's service ends when its answers have left. */
  #noteServed(): void {
    if (this.#resources.writer.isOpen) this.#served++;
    else this.#endRequest();
  }

  /** The answers of a batch leave; returns how many. */
  #leaveTogether(): number {
    const sent = this.#links.leave();
    for (; this.#served > 0; this.#served--) this.#endRequest();
    return sent;
  }

  #endRequest(): void {
    const { counters, recorder, exhausted } = this.#context;
    if (!counters.serve(this.#maxRequests)) return;
    this.#resources.writer.flush(recorder);
    recorder.flush();
    exhausted();
  }

  /** The kernel dropped datagrams before the one at hand. */
  #noteDrops(counter: number): void {
    const { arena, writer } = this.#resources;
    const dropped = this.#drops.upTo(counter);
    if (dropped > 0) writer.gap('kernel', dropped, arena);
  }

  /** What a muted socket has queued comes to an end. */
  #discardQueue(limit: number): void {
    const { arena } = this.#resources;
    const row = this.#row;
    const deadline = performance.now() + limit;
    while (performance.now() < deadline) {
      const n = arena.receive(this.fd, row, COLUMN.received);
      if (n <= 0) return;
      row[COLUMN.closed]! += n;
      for (let i = 0; i < n; i++) row[COLUMN.receivedBytes]! += arena.size(i);
      this.#context.recorder.gap('closed', n);
    }
  }

  /** Without credit the kernel queues, drops and counts. */
  #starve(): PassResult {
    if (this.#starved) return 'stalled';
    this.#starved = true;
    this.#context.recorder.onCredit(() => {
      this.#starved = false;
      this.#registration.wake();
    });
    return 'stalled';
  }

  #fail(result: number): PassResult {
    const code = errnoName(result);
    const error = { code, message: `the socket can't be read: ${code}` };
    if (PASSING.has(code)) {
      this.#context.problem(error);
      return 'coalesce';
    }
    this.#leave();
    this.#context.failed(error);
    return 'stalled';
  }

  #leave(): void {
    this.#left = true;
    this.#registration.leave();
  }
}

/** What was drawn is not the same for each message. */
function drawn({ rule, ...decision }: Decision, draw: Request['draw']): Pick<Decision, 'extras' | 'unmatched'> {
  return rule === undefined ? decision : { extras: encodeExtras(ruleExtras(rule, draw)) };
}
