/**
 * TcpConnection: one peer's byte stream, cut into messages and answered in order. It stops reading while the journal has
 * no room, the peer does not take our answers, an answer is delayed, or somebody asked for it; so memory stays bounded
 * and the peer meets a full window. After the peer's FIN the answers that are due still go out, then ours follows.
 */
import type { Socket } from 'node:net';
import { addressText } from '../../../net/address.ts';
import { microsOf, wallClock } from '../../../records/clock.ts';
import { WorkerError } from '../../../rpc/wire-error.ts';
import type { ConnectionState } from '../../../workers/protocol.ts';
import { createFramer, type Framer } from '../../framing/framer.ts';
import { NO_ADDRESS } from '../../pipeline/request.ts';
import type { Step } from '../../pipeline/responders/responder.ts';
import { CLOSED, type Conversation, OPENED, type Party } from './conversation.ts';
import { whenSilent } from './idle.ts';

/** Why a connection is not read. */
export type HoldReason = 'credit' | 'unread' | 'answering' | 'paused' | 'asked';
const HOLD: Readonly<Record<HoldReason, number>> = { credit: 1, unread: 2, answering: 4, paused: 8, asked: 16 };

/** Bytes that may wait for a peer that does not read. */
const WRITE_LIMIT = 16 * 1024 * 1024;
/** Milliseconds between our FIN and giving up on the peer's. */
const LINGER = 250;

type Message = { payload: Uint8Array; terminator: Uint8Array; ordinal: number };
type Peer = { socket: Socket; remote: Uint8Array | undefined; number: number; n: number };

export class TcpConnection implements Party {
  readonly socket: Socket;
  readonly number: number;
  readonly remote: Uint8Array | undefined;
  readonly remotePort: number;
  readonly #n: number;
  readonly #conversation: Conversation;
  readonly #framer: Framer;
  readonly #openedAt = microsOf(wallClock());
  /** Came in the same read while an answer is under way. */
  #queue: Message[] = [];
  #answering = false;
  #holds = 0;
  /** Read and taken; the socket itself may be up to 64 KiB ahead. */
  #bytesIn = 0;
  #peerEnded = false;
  #closing = false;

  constructor(conversation: Conversation, { socket, remote, number, n }: Peer) {
    this.#conversation = conversation;
    this.socket = socket;
    this.remote = remote;
    this.remotePort = socket.remotePort ?? 0;
    this.number = number;
    this.#n = n;
    this.#framer = createFramer(conversation.framing);
  }

  /** Starts reading. */
  open(): void {
    this.#conversation.keepPhase(this, OPENED);
    this.socket.on('data', (bytes: Buffer) => this.#safely(() => this.#read(bytes)));
    this.socket.on('end', () => this.#safely(() => this.#readEnd()));
    this.socket.resume();
  }

  /** The socket is closed, by whomever. */
  closed(): void {
    if (!this.#peerEnded) this.#safely(() => this.#framer.end(this.#onFrame));
    this.#conversation.keepPhase(this, CLOSED);
  }

  /** @param milliseconds of silence after which it is closed; 0 = never */
  setIdleTimeout(milliseconds: number): void {
    if (milliseconds > 0) whenSilent(this.socket, milliseconds, () => this.close('fin'));
  }

  /** Sets or lifts one of the reasons not to read. */
  hold(reason: HoldReason, on: boolean): void {
    const before = this.#holds;
    this.#holds = on ? before | HOLD[reason] : before & ~HOLD[reason];
    if (before === 0 && this.#holds !== 0) this.socket.pause();
    if (before !== 0 && this.#holds === 0) this.socket.resume();
  }

  /** Bytes taken. Throws code `limit_reached` when the peer does not read and too much waits already. */
  send(payload: Uint8Array, sendId: string | undefined): number {
    if (!this.socket.writable) throw new WorkerError('not_listening', 'the connection is closed for writing');
    if (this.socket.writableLength > WRITE_LIMIT) {
      throw new WorkerError('limit_reached', `the peer does not read: ${this.socket.writableLength} bytes wait`);
    }
    const refusal = this.#write(payload);
    if (refusal !== null) throw new WorkerError('not_listening', `the connection is closed: ${refusal}`);
    this.#conversation.recordOutgoing(this, payload, { extras: sendId === undefined ? undefined : { sendId } });
    return payload.length;
  }

  /** Our FIN, once what is queued has left; reading goes on. */
  endWriting(): void {
    this.socket.end();
  }

  /** `fin`: what is queued goes out, then our FIN, then a moment for the peer's. `rst`: at once. */
  close(mode: 'fin' | 'rst'): void {
    if (mode === 'rst') {
      this.socket.resetAndDestroy();
      return;
    }
    if (this.#closing) return;
    this.#closing = true;
    this.#holds = 0;
    this.socket.resume();
    this.socket.end(() => setTimeout(() => this.socket.destroy(), LINGER).unref());
  }

  describe(): ConnectionState {
    const { bytesWritten: bytesOut } = this.socket;
    const bytesIn = this.#bytesIn;
    const remote = this.remote === undefined ? null : { host: addressText(this.remote), port: this.remotePort };
    const reading = (this.#holds & (HOLD.asked | HOLD.paused)) === 0;
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

  /** Where the network enters. After an error of ours nobody knows where the next message begins, so the connection ends. */
  #safely(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#conversation.internalError(error);
      this.close('rst');
    }
  }

  #read(bytes: Buffer): void {
    this.#bytesIn += bytes.length;
    this.#conversation.noteRead(bytes.length);
    this.#framer.push(bytes, this.#onFrame);
    const { recorder } = this.#conversation;
    if (recorder.hasCredit) return;
    this.hold('credit', true);
    recorder.onCredit(() => this.hold('credit', false));
  }

  #readEnd(): void {
    this.#conversation.reads++;
    this.#peerEnded = true;
    this.#framer.end(this.#onFrame);
    this.#endWhenAnswered();
  }

  #endWhenAnswered(): void {
    if (this.#peerEnded && !this.#answering) this.socket.end();
  }

  readonly #onFrame = (payload: Uint8Array, terminator: Uint8Array): void => {
    const ordinal = this.#conversation.recordIncoming(this, payload);
    if (ordinal === -1 || this.#closing || this.#conversation.responder.silent) return;
    if (this.#answering) this.#queue.push({ payload, terminator, ordinal });
    else this.#answer({ payload, terminator, ordinal });
  };

  #answer(message: Message): void {
    const answer = this.#ask(message);
    if (answer === null) return;
    if (answer instanceof Uint8Array) this.#reply(answer, message.ordinal);
    else this.#answerLater(answer, message.ordinal);
  }

  #ask({ payload, terminator, ordinal }: Message) {
    const { request, responder } = this.#conversation;
    request.payload = payload;
    request.terminator = terminator;
    request.ordinal = ordinal;
    request.n = this.#n;
    request.remote = this.remote ?? NO_ADDRESS;
    request.remotePort = this.remotePort;
    request.connection = this.number;
    return responder.respond(request);
  }

  /** Answers keep their order: the next message is looked at when this one is answered. */
  #answerLater(steps: readonly Step[], ordinal: number): void {
    this.#answering = true;
    this.hold('answering', true);
    const { answers } = this.#conversation;
    const accepted = answers.run(
      steps,
      (payload) => this.#reply(payload, ordinal),
      (complete) => this.#answered(complete),
    );
    if (accepted) return;
    this.#conversation.suppress();
    this.#answered(true);
  }

  /** @param goOn false when answers are given up: then those that wait are, too */
  #answered(goOn: boolean): void {
    this.#answering = false;
    if (!goOn) this.#queue = [];
    while (this.#queue.length > 0 && !this.#answering) this.#answer(this.#queue.shift()!);
    if (this.#answering) return;
    this.hold('answering', false);
    this.#endWhenAnswered();
  }

  #reply(payload: Uint8Array, reference: number): void {
    if (payload.length === 0) return;
    if (!this.socket.writable) {
      this.#conversation.suppress();
      return;
    }
    const refusal = this.#write(payload);
    if (refusal !== null) this.#conversation.refusals.note(refusal);
    else this.#conversation.recordOutgoing(this, payload, { reference });
  }

  /** The errno name of a refusal; null when the bytes were taken. */
  #write(payload: Uint8Array): string | null {
    const taken = this.socket.write(payload);
    // A socket that writes at once fails at once, and says so here before its `error` comes.
    const { errored } = this.socket;
    if (errored !== null) return (errored as NodeJS.ErrnoException).code ?? 'internal';
    if (taken || (this.#holds & HOLD.unread) !== 0) return null;
    this.hold('unread', true);
    this.socket.once('drain', () => this.hold('unread', false));
    return null;
  }
}
