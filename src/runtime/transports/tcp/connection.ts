/**
 * TcpConnection: one peer's byte stream, cut into messages and answered in order. It stops reading while the journal has
 * no room, the peer does not take our answers, an answer is delayed, or somebody asked for it; so memory stays bounded
 * and the peer meets a full window. After the peer's FIN the answers that are due still go out, then ours follows.
 */
import { after } from '../../../clock/timers.ts';
import { microsOf, wallClock } from '../../../clock/wall-clock.ts';
import { addressText } from '../../../net/address.ts';
import type { Framing } from '../../../schemas/framing.ts';
import type { CloseReason } from '../../../schemas/records.ts';
import type { ConnectionState } from '../../../workers/protocol.ts';
import { type Frame, NOTHING, plainFrame } from '../../framing/frame-codec.ts';
import { FramedStream } from '../../framing/framed-stream.ts';
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
import { Outgoing, type UnaskedSend } from './outgoing.ts';
import { ReadingHolds } from './reading-holds.ts';
import type { StreamSocket } from './stream.ts';

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

type Peer = { socket: StreamSocket; remote: Uint8Array | undefined; number: number; n: number };

export class TcpConnection implements Party, Link {
  readonly socket: StreamSocket;
  readonly number: number;
  readonly remote: Uint8Array | undefined;
  readonly remotePort: number;
  readonly #n: number;
  readonly #context: ConnectionContext;
  readonly #stream: FramedStream;
  readonly #holds: ReadingHolds;
  readonly #outgoing: Outgoing;
  /** Calls off the end of a pause. */
  #stopPause: () => void = () => {};
  /** Actions under way say how the rest is cut. */
  #isBlocked = false;
  /** What is done by the clock; null where nothing is. */
  #timers: EventTimers | null = null;
  readonly #queue = new SerialQueue<Task>(ANSWERS_WAITING);
  readonly #openedAt = microsOf(wallClock());
  /** Read and taken; the socket itself may be up to 64 KiB ahead. */
  #bytesIn = 0;
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
    this.#holds = new ReadingHolds(socket);
    const stream = new FramedStream(context.framing, () => this.#safely(() => this.#endSilence()));
    this.#stream = stream;
    this.#outgoing = new Outgoing({ party: this, socket, stream, holds: this.#holds, ...context });
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
    if (this.#holds.isEmpty) this.socket.resume();
  }

  /** Opens it and never reads; nothing is said to it either. */
  stall(): void {
    this.#context.log.recordOpened(this);
    this.hold('stalled', true);
  }

  /** The socket is closed, by whomever. */
  closed(): void {
    this.#stream.close();
    this.#stopPause();
    this.#timers?.stop();
    this.#safely(() => {
      const stream = this.#stream;
      for (let frame = stream.nextToTheEnd(); frame !== null; frame = stream.nextToTheEnd()) this.#recordOnly(frame);
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
    if (this.#holds.has('stalled')) return;
    if (timedEvents.length === 0 && this.#timers === null) return;
    this.#timers ??= new EventTimers((event) => this.#safely(() => this.#onTime(event)));
    this.#timers.wait(timedEvents);
  }

  /** Sets or lifts one of the reasons not to read. */
  hold(reason: HoldReason, on: boolean): void {
    this.#holds.set(reason, on);
    if (reason === 'answering' && !on) {
      this.#isBlocked = false;
      this.#decode();
    }
  }

  keep(): Link {
    return this;
  }

  send(payload: Uint8Array, meta: SendMeta): void {
    this.#outgoing.answer(payload, meta);
  }

  /** Bytes taken. Throws as `Outgoing.send`. */
  sendUnasked(payload: Uint8Array, how: UnaskedSend): number {
    return this.#outgoing.send(payload, how);
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
    this.#stream.setFraming(framing);
  }

  /** `fin`: what is queued goes out, then our FIN, then a moment for the peer's. `rst`: at once. */
  close(mode: 'fin' | 'rst', reason: CloseReason = 'responder'): void {
    if (!this.socket.destroyed) this.#cause.note(reason, mode);
    if (mode === 'rst') {
      this.#closing = true;
      this.#reset();
      return;
    }
    if (this.#holds.has('stalled')) {
      this.socket.destroy();
      return;
    }
    if (this.#closing) return;
    this.#closing = true;
    this.#holds.clear();
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
    const reading = !this.#holds.has('asked') && !this.#holds.has('paused') && !this.#holds.has('stalled');
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
    return this.#stream.hasEnded || this.socket.writableEnded ? 'halfClosed' : 'open';
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
    this.#stream.push(bytes);
    this.#decode();
    this.#stream.awaitSilence();
    const { recorder } = log;
    if (recorder.hasCredit) return;
    this.hold('credit', true);
    recorder.onCredit(() => this.hold('credit', false));
  }

  #endSilence(): void {
    this.#stream.noteSilence();
    this.#decode();
  }

  #readEnd(): void {
    this.#context.log.reads++;
    this.#stream.end();
    this.#decode();
  }

  /** Serves what is whole, one frame at a time: what is decided on one may change how the next is cut. */
  #decode(): void {
    while (!this.#queue.isFull && !this.#isBlocked) {
      const frame = this.#stream.next();
      if (frame === null) break;
      if (frame.fault !== null) this.#serveFaulty(frame);
      else if (this.#closing || this.#context.closing) this.#recordOnly(frame);
      else this.#serve(frame);
    }
    if (this.#endsInError && !this.#queue.isBusy) this.close('fin', 'error');
    else if (this.#stream.isDecoded && !this.#queue.isBusy && !this.#isBlocked) this.#endOurSide();
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
    const rest = this.#stream.rest();
    if (this.#stream.hasEnded && rest.length === 0) return;
    const { onError } = this.#stream;
    if (onError === 'raw') this.#stream.readAsItComes(rest);
    else if (onError === 'fin' && this.#queue.isBusy) this.#endsInError = true;
    else this.close(onError, 'error');
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
    else if (this.#holds.has('unread')) pipeline.suppress();
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
}
