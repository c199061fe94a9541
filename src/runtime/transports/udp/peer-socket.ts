/** PeerSocket: a socket of a datagram listener that is for one peer, on a port of its own. */
import type { RemoteInfo, Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { addressText } from '../../../net/address.ts';
import type { Endpoint } from '../../../net/endpoint.ts';
import { notePeerSocket } from '../../../net/own-ports.ts';
import { DIRECTION_OUT, type Draft } from '../../../records/chunk.ts';
import { COLUMN } from '../../counters.ts';
import { type DatagramPeer, NO_ACTION, type TimedEvent } from '../../pipeline/behavior.ts';
import { EventTimers } from '../../pipeline/event-timers.ts';
import type { Link, SendMeta } from '../../pipeline/link.ts';
import { aboutReply } from '../../pipeline/marks.ts';
import type { RefusalLog } from '../../refusal-log.ts';
import type { DatagramSender } from '../../transmit/datagrams.ts';
import type { BindingContext } from '../../transport.ts';
import { createLiteralSocket, reachableFrom, sendDatagram } from './literal-socket.ts';

/** Bytes of answers that may wait in the send queue of one. */
const SEND_QUEUE = 1024 * 1024;

/** What the sockets of a listener have in common. */
export interface PeerSocketOwner {
  readonly context: BindingContext;
  /** Of the listener's socket. */
  readonly local: Endpoint;
  /** Answers that the system did not take. */
  readonly refusals: RefusalLog;
  /** A datagram came, from whomever. */
  receive(payload: Uint8Array, by: PeerSocket, sender: RemoteInfo): void;
  /** Records what was received or sent; returns its ordinal. */
  record(payload: Uint8Array, peer: DatagramPeer, direction: number, about: Partial<Draft>): number;
  /** It could not be bound, or broke. */
  broken(code: string, message: string): void;
}

export class PeerSocket implements Link {
  readonly peer: DatagramPeer;
  readonly #owner: PeerSocketOwner;
  readonly #socket: Socket;
  readonly #timers: EventTimers;
  readonly #onEnd: () => void;
  /** As the peer's address is written for this socket. */
  readonly #address: string;
  #port = 0;
  /** Strikes its port off those of the service. */
  #leavePort = () => {};
  #isEnded = false;

  constructor(owner: PeerSocketOwner, peer: DatagramPeer, { idle, onEnd }: { idle: number; onEnd: () => void }) {
    const { local } = owner;
    this.#owner = owner;
    this.peer = peer;
    this.#onEnd = onEnd;
    this.#address = reachableFrom(local.host, addressText(peer.remote));
    this.#timers = new EventTimers(() => void this.end());
    this.#timers.wait([silence(idle)]);
    this.#socket = createLiteralSocket(local.host);
    this.#socket.on('message', (payload, from) => owner.receive(payload, this, from));
    this.#socket.on('error', ({ code = 'internal', message }: NodeJS.ErrnoException) => {
      owner.broken(code, message);
      void this.end();
    });
    this.#socket.once('listening', () => this.#noteBound());
    // What is sent before it is bound waits for that.
    this.#socket.bind({ port: 0, address: local.host, exclusive: true });
  }

  get localText(): string {
    const { host } = this.#owner.local;
    return isIPv6(host) ? `[${host}]:${this.#port}` : `${host}:${this.#port}`;
  }

  noteMessage(): void {
    this.#timers.noteMessage();
  }

  /** An answer is recorded once it has left: one that the kernel refuses never was. */
  send(payload: Uint8Array, meta: Readonly<SendMeta>): void {
    const { refusals, context } = this.#owner;
    const about = aboutReply(meta);
    const { row } = context.counters;
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
      local: { host: this.#owner.local.host, port: this.#port },
      send: async (payload) => {
        await sendDatagram(this.#socket, payload, { address: this.#address, port: this.peer.remotePort });
        this.#recordSent(payload, { answersSeq, extras: { sendId } });
      },
      listen: () => {},
      close: () => {},
    };
  }

  #recordSent(payload: Uint8Array, about: Partial<Draft>): void {
    const { row } = this.#owner.context.counters;
    row[COLUMN.sent]!++;
    row[COLUMN.sentBytes]! += payload.length;
    const extras = { ...about.extras, local: this.localText };
    this.#owner.record(payload, this.peer, DIRECTION_OUT, { ...about, extras });
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
    this.#leavePort();
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
    this.#leavePort = notePeerSocket(this.#owner.context.ownPorts, this.#port);
  }
}

function silence(ms: number): TimedEvent {
  return { kind: 'idle', ms, decide: () => NO_ACTION };
}
