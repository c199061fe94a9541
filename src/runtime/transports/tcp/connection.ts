/**
 * TcpConnection: one peer's byte stream, cut into messages and answered in order. It stops reading while the journal has
 * no room, the peer does not take our answers, an answer is delayed, or somebody asked for it; so memory stays bounded
 * and the peer meets a full window. After the peer's FIN the answers that are due still go out, then ours follows.
 */
import { after } from '../../../clock/timers.ts';
import { microsOf, wallClock } from '../../../clock/wall-clock.ts';
import { addressText } from '../../../net/address.ts';
import type { Extras } from '../../../records/chunk.ts';
import { WorkerError } from '../../../rpc/wire-error.ts';
import type { Framing } from '../../../schemas/framing.ts';
import type { CloseReason } from '../../../schemas/records.ts';
import type { ConnectionState } from '../../../workers/protocol.ts';
import { createCodec } from '../../framing/codecs.ts';
import { type Frame, type FrameCodec, FramingError, NOTHING, plainFrame } from '../../framing/frame-codec.ts';
import type { Task } from '../../pipeline/action-runner.ts';
import type { TimedEvent } from '../../pipeline/behavior.ts';
import { EventTimers } from '../../pipeline/event-timers.ts';
import type { HoldReason, Link, SendMeta } from '../../pipeline/link.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { NO_ADDRESS } from '../../pipeline/request.ts';
import { SerialQueue } from '../../pipeline/serial-queue.ts';
import { CloseCause } from './close-cause.ts';
import type { ConnectionLog, Party } from './connection-log.ts';
import { whenSilent } from './idle.ts';
import type { StreamSocket } from './stream.ts';

const HOLD: Readonly<Record<HoldReason, number>> = {
  credit: 1,
  unread: 2,
  answering: 4,
  paused: 8,
  asked: 16,
  rule: 32,
  stalled: 64,
};

/** Bytes that may wait for a peer that does not read. */
const WRITE_LIMIT = 16 * 1024 * 1024;
/** Milliseconds between our FIN and giving up on the peer's. */
const PEER_CLOSE_TIMEOUT_MS = 250;

/** Messages whose answers may wait for the one before; what follows stays undecoded until there is room. */
const ANSWERS_WAITING = 256;

/** What all connections of a binding share. */
export type ConnectionContext = {
  readonly framing: Framing;
  readonly pipeline: Pipeline;
  readonly log: ConnectionLog;
  /** Whose message stands in the pipeline's request. */
  current: Party | null;
  /** The binding closes: what still comes in is read, counted `closed` and not served. */
  closing: boolean;
};

/** What is known of a payload that comes from outside; `inReplyTo` is the seq of the message that it answers. */
type UnaskedSend = { sendId?: string | undefined; inReplyTo?: number | undefined; raw?: boolean };

type Peer = { socket: StreamSocket; remote: Uint8Array | undefined; number: number; n: number };

export class TcpConnection implements Party, Link {
  readonly socket: StreamSocket;
  readonly number: number;
  readonly remote: Uint8Array | undefined;
  readonly remotePort: number;
  readonly #n: number;
  readonly #context: ConnectionContext;
  #codec: FrameCodec;
  #framing: Framing;
  /** Calls off the end of a pause. */
  #stopPause: () => void = () => {};
  /** Actions under way say how the rest is cut. */
  #isBlocked = false;
  /** Calls off the end of the silence that ends a message. */
  #stopGap: () => void = () => {};
  /** What is done by the clock; null where nothing is. */
  #timers: EventTimers | null = null;
  readonly #queue = new SerialQueue<Task>(ANSWERS_WAITING);
  readonly #openedAt = microsOf(wallClock());
  #holds = 0;
  /** Read and taken; the socket itself may be up to 64 KiB ahead. */
  #bytesIn = 0;
  #peerEnded = false;
  /** What the stream held is all decoded. */
  #decoded = false;
  /** A rule had its say on the peer's FIN. */
  #hasToldEnd = false;
  #closing = false;
  /** What followed is no message: it is closed once the answers to those before have left. */
  #endsInError = false;
  readonly #cause = new CloseCause();

  constructor(context: ConnectionContext, { socket, remote, number, n }: Peer) {
    this.#context = context;
    this.socket = socket;
    this.remote = remote;
    this.remotePort = socket.remotePort ?? 0;
    this.number = number;
    this.#n = n;
    this.#framing = context.framing;
    this.#codec = createCodec(context.framing);
  }

  /** Whether it counts as a request. */
  get isRequest(): boolean {
    return this.#n > 0;
  }

  /** Starts reading. */
  open(): void {
    this.#context.log.recordOpened(this);
    this.#onEvent('onConnect');
    this.waitForTimes();
    this.socket.on('data', this.#onData);
    this.socket.on('end', () => this.#safely(() => this.#readEnd()));
    // A rule on the connection itself may have said otherwise.
    if (this.#holds === 0) this.socket.resume();
  }

  get #isStalled(): boolean {
    return (this.#holds & HOLD.stalled) !== 0;
  }

  /** Opens it and never reads; nothing is said to it either. */
  stall(): void {
    this.#context.log.recordOpened(this);
    this.hold('stalled', true);
  }

  /** The socket is closed, by whomever. */
  closed(): void {
    this.#stopGap();
    this.#stopPause();
    this.#timers?.stop();
    this.#safely(() => {
      for (let frame = this.#nextToTheEnd(); frame !== null; frame = this.#nextToTheEnd()) this.#recordOnly(frame);
    });
    this.#context.pipeline.forget(this.number, this.#queue);
    this.#context.log.recordClosed(this, this.#cause.closing(this.socket.errored));
  }

  /** @param milliseconds of silence after which it is closed; 0 = never */
  setIdleTimeout(milliseconds: number): void {
    if (milliseconds > 0) whenSilent(this.socket, milliseconds, () => this.close('fin', 'idle'));
  }

  /** What is done by the clock is another than before, or it is open now. */
  waitForTimes(): void {
    const { timedEvents } = this.#context.pipeline;
    if (this.#isStalled) return;
    if (timedEvents.length === 0 && this.#timers === null) return;
    this.#timers ??= new EventTimers((event) => this.#safely(() => this.#onTime(event)));
    this.#timers.wait(timedEvents);
  }

  /** Sets or lifts one of the reasons not to read. */
  hold(reason: HoldReason, on: boolean): void {
    const before = this.#holds;
    this.#holds = on ? before | HOLD[reason] : before & ~HOLD[reason];
    if (before === 0 && this.#holds !== 0) this.socket.pause();
    if (before !== 0 && this.#holds === 0) this.socket.resume();
    if (reason === 'answering' && !on) {
      this.#isBlocked = false;
      this.#decode();
    }
  }

  keep(): Link {
    return this;
  }

  /** An answer, behind those before it. What is empty is an empty frame, or nothing where there is none. */
  send(payload: Uint8Array, { answers, raw, repeats, rule = '' }: SendMeta): void {
    if (!this.socket.writable) {
      this.#context.pipeline.suppress();
      return;
    }
    const framed = raw === true ? payload : this.#framed(payload, repeats);
    if (framed === null || framed.length === 0) return;
    const about = answers < 0 ? { extras: { rule } } : { reference: answers };
    const refusal = this.#write(payload, framed, about);
    if (refusal !== null) this.#context.log.refusals.note(refusal);
  }

  /** Bytes taken. Throws code `framing_error` for a payload that no frame can hold, `limit_reached` when the peer does not read and too much waits already. */
  sendUnasked(payload: Uint8Array, { sendId, inReplyTo, raw = false }: UnaskedSend): number {
    if (!this.socket.writable) throw new WorkerError('not_listening', 'the connection is closed for writing');
    if (this.socket.writableLength > WRITE_LIMIT) {
      throw new WorkerError('limit_reached', `the peer does not read: ${this.socket.writableLength} bytes wait`);
    }
    const framed = raw ? payload : this.#codec.encode(payload);
    const extras = sendId === undefined ? undefined : { sendId };
    const refusal = this.#write(payload, framed, { extras, answersSeq: inReplyTo });
    if (refusal !== null) throw new WorkerError('not_listening', `the connection is closed: ${refusal}`);
    return payload.length;
  }

  /** Our FIN, once what is queued has left; reading goes on. */
  halfClose(): void {
    this.socket.end();
  }

  pauseReading(milliseconds: number): void {
    this.#stopPause();
    this.hold('rule', true);
    this.#stopPause = after(milliseconds, () => this.hold('rule', false));
  }

  setFraming(framing: Framing): void {
    this.#framing = framing;
    this.#decodeAs(framing, this.#codec.rest());
  }

  /** `fin`: what is queued goes out, then our FIN, then a moment for the peer's. `rst`: at once. */
  close(mode: 'fin' | 'rst', reason: CloseReason = 'responder'): void {
    if (!this.socket.destroyed) this.#cause.note(reason, mode);
    if (mode === 'rst') {
      this.#closing = true;
      this.#reset();
      return;
    }
    if (this.#isStalled) {
      this.socket.destroy();
      return;
    }
    if (this.#closing) return;
    this.#closing = true;
    this.#holds = 0;
    this.socket.resume();
    this.socket.end(() => setTimeout(() => this.socket.destroy(), PEER_CLOSE_TIMEOUT_MS).unref());
  }

  /** A socket whose FIN is just leaving can't be reset: Node would never close it. That takes a turn of the loop. */
  #reset(): void {
    const { socket } = this;
    const isEnding = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
    if (isEnding && !socket.destroyed) socket.once('finish', () => socket.resetAndDestroy());
    else socket.resetAndDestroy();
  }

  describe(): ConnectionState {
    const { bytesWritten: bytesOut } = this.socket;
    const bytesIn = this.#bytesIn;
    const remote = this.remote === undefined ? null : { host: addressText(this.remote), port: this.remotePort };
    const reading = (this.#holds & (HOLD.asked | HOLD.paused | HOLD.stalled)) === 0;
    return {
      connection: this.number,
      remote,
      openedAt: this.#openedAt,
      bytesIn,
      bytesOut,
      state: this.#state,
      reading,
    };
  }

  get #state(): ConnectionState['state'] {
    if (this.#closing) return 'closing';
    return this.#peerEnded || this.socket.writableEnded ? 'halfClosed' : 'open';
  }

  /** For each read: without a closure. */
  readonly #onData = (bytes: Buffer): void => {
    try {
      this.#read(bytes);
    } catch (error) {
      this.#fail(error);
    }
  };

  /** Where the network enters. After an error of ours nobody knows where the next message begins, so the connection ends. */
  #safely(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#context.log.internalError(error);
    this.#cause.note('error', 'rst', 'internal');
    this.close('rst', 'error');
  }

  #read(bytes: Buffer): void {
    const { log } = this.#context;
    this.#bytesIn += bytes.length;
    log.noteRead(bytes.length);
    this.#codec.push(bytes);
    this.#decode();
    if (this.#codec.gap !== undefined) this.#awaitGap(this.#codec.gap);
    const { recorder } = log;
    if (recorder.hasCredit) return;
    this.hold('credit', true);
    recorder.onCredit(() => this.hold('credit', false));
  }

  /** Silence that ends a message, from the last read on. */
  #awaitGap(milliseconds: number): void {
    this.#stopGap();
    const codec = this.#codec;
    this.#stopGap = after(milliseconds, () =>
      this.#safely(() => {
        codec.silence?.();
        this.#decode();
      }),
    );
  }

  #readEnd(): void {
    this.#context.log.reads++;
    this.#peerEnded = true;
    this.#decode();
  }

  /** Serves what is whole, one frame at a time: what is decided on one may change how the next is cut. */
  #decode(): void {
    while (!this.#queue.isFull && !this.#isBlocked) {
      const frame = this.#peerEnded ? this.#nextToTheEnd() : this.#codec.next();
      if (frame === null) break;
      if (frame.fault !== null) this.#serveFaulty(frame);
      else if (this.#closing || this.#context.closing) this.#recordOnly(frame);
      else this.#serve(frame);
    }
    if (this.#endsInError && !this.#queue.isBusy) this.close('fin', 'error');
    else if (this.#decoded && !this.#queue.isBusy && !this.#isBlocked) this.#endOurSide();
  }

  /** The next frame of a stream that has ended, what is left of it included. */
  #nextToTheEnd(): Frame | null {
    if (this.#decoded) return null;
    const frame = this.#codec.next() ?? this.#codec.end();
    this.#decoded = frame === null;
    return frame;
  }

  #serve(frame: Frame): void {
    this.#fill(frame);
    this.#timers?.noteMessage();
    const blocks = this.#context.pipeline.serve(this, this.#queue);
    if (blocks && this.#queue.isBusy) this.#isBlocked = true;
  }

  /** Bytes that are no message are recorded and told; then the connection ends, or is read as it comes. */
  #serveFaulty(frame: Frame): void {
    const { log } = this.#context;
    this.#recordOnly(frame);
    log.recordFault(this, frame.fault!);
    const rest = this.#codec.rest();
    if (this.#peerEnded && rest.length === 0) return;
    const { onError = 'fin' } = this.#framing;
    if (onError === 'raw') this.#decodeAs({ type: 'none' }, rest);
    else if (onError === 'fin' && this.#queue.isBusy) this.#endsInError = true;
    else this.close(onError, 'error');
  }

  /** The framing of bytes that were not decoded yet, of those to come, and of what is sent from now on. */
  #decodeAs(framing: Framing, rest: Uint8Array): void {
    this.#stopGap();
    this.#codec = createCodec(framing);
    if (rest.length > 0) this.#codec.push(rest);
    if (this.#codec.gap !== undefined) this.#awaitGap(this.#codec.gap);
  }

  /** After the peer's FIN: what is due has left, and what a rule says of the end; then ours follows. */
  #endOurSide(): void {
    if (!this.#hasToldEnd) {
      this.#hasToldEnd = true;
      this.#onEvent('onHalfClose');
      if (this.#queue.isBusy) return;
    }
    this.socket.end();
  }

  /** What a rule says of what happened to the connection itself. */
  #onEvent(event: 'onConnect' | 'onHalfClose'): void {
    const { pipeline } = this.#context;
    if (!pipeline.waitsFor(event)) return;
    this.#fill(plainFrame(NOTHING));
    this.#isBlocked ||= pipeline.onEvent(event, this, this.#queue) && this.#queue.isBusy;
  }

  /** A peer that waits for us is not idle; to one that does not take what we say nothing is added. */
  #onTime(event: TimedEvent): void {
    const { closing, pipeline } = this.#context;
    if (closing || this.#closing) return;
    if (event.kind === 'idle' && this.#queue.isBusy) this.#timers?.noteMessage();
    else if ((this.#holds & HOLD.unread) !== 0) pipeline.suppress();
    else {
      this.#fill(plainFrame(NOTHING));
      this.#isBlocked ||= pipeline.onTimedEvent(event, this, this.#queue) && this.#queue.isBusy;
    }
  }

  /** It is too late for an answer. */
  #recordOnly(frame: Frame): void {
    const { closing, log, pipeline } = this.#context;
    if (closing) {
      log.noteTooLate();
      return;
    }
    this.#fill(frame);
    pipeline.record();
  }

  #fill({ payload, terminator, raw, fault }: Frame): void {
    const { request } = this.#context.pipeline;
    this.#context.current = this;
    request.payload = payload;
    request.terminator = terminator;
    request.raw = raw;
    request.partial = fault !== null;
    request.n = this.#n;
    request.remote = this.remote ?? NO_ADDRESS;
    request.remotePort = this.remotePort;
    request.connection = this.number;
  }

  /** A payload in its frame; null where no frame can hold it, which is told. */
  #framed(payload: Uint8Array, repeats = false): Uint8Array | null {
    try {
      return this.#codec.encode(payload, repeats);
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      this.#context.pipeline.suppress();
      this.#context.log.recordProblem(this, { code: 'framing_error', detail: error.message });
      return null;
    }
  }

  /** Sends a frame and records its payload. The errno name of a refusal; null when the bytes were taken. */
  #write(
    payload: Uint8Array,
    framed: Uint8Array,
    about: { reference?: number; answersSeq?: number | undefined; extras?: Extras | undefined },
  ): string | null {
    const isTaken = this.socket.write(framed);
    // A socket that writes at once fails at once, and says so here before its `error` comes.
    const { errored } = this.socket;
    if (errored !== null) return (errored as NodeJS.ErrnoException).code ?? 'internal';
    this.#context.log.recordOutgoing(this, payload, framed, about);
    if (isTaken || (this.#holds & HOLD.unread) !== 0) return null;
    this.hold('unread', true);
    this.socket.once('drain', () => this.hold('unread', false));
    return null;
  }
}
