/**
 * Sends many datagrams from one socket to one place, some dozens a native call. Never blocks: without room in the send
 * buffer it waits a little in the event loop.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ECONNREFUSED, EMSGSIZE } from './layout.ts';
import { errnoError, type Libc } from './libc.ts';
import { isCongestion, SEND_BATCH_SLOTS, SendBatch } from './send-batch.ts';
import { MAX_DATAGRAM } from './sockaddr.ts';

/** Milliseconds to wait for room for a datagram before it is given up. */
const SEND_TIMEOUT_MS = 100;

export type BatchSenderOptions = {
  libc: Libc;
  /** Read anew for each batch. */
  readonly fd: number;
  /** A struct sockaddr; empty on a connected socket. */
  name: Uint8Array;
  /** Datagrams expected; fewer than a batch take less memory. */
  expected: number;
  /** Whether the descriptor is still ours: it may be closed while we wait. */
  isOpen(): boolean;
  /** These slots of the batch have left. */
  onSent?(batch: SendBatch, first: number, count: number): void;
  /** Resolves when more may be sent. */
  mayGoOn?(): Promise<void> | undefined;
};

/** Says of a datagram how long it was, or why it did not leave. */
export type Note = (bytes: number, error: NodeJS.ErrnoException | null) => void;

export class BatchSender {
  readonly #options: BatchSenderOptions;
  readonly #batch: SendBatch;
  #tooLong = 0;

  constructor(options: BatchSenderOptions) {
    this.#options = options;
    this.#batch = new SendBatch(options.libc, Math.max(1, Math.min(SEND_BATCH_SLOTS, options.expected)));
  }

  /** Takes a payload, copied; returns whether `flush` is due. */
  push(payload: Uint8Array): boolean {
    if (payload.length > MAX_DATAGRAM) this.#tooLong++;
    else this.#batch.push(payload, this.#options.name);
    return this.#batch.isFull;
  }

  /** Sends what was taken. Never rejects. */
  async flush(note: Note): Promise<void> {
    const batch = this.#batch;
    const total = batch.count;
    batch.count = 0;
    for (; this.#tooLong > 0; this.#tooLong--) note(0, errnoError('sendmmsg', -EMSGSIZE));
    let timeLeft = SEND_TIMEOUT_MS;
    let cutShort = false;
    for (let at = 0; at < total; ) {
      await this.#options.mayGoOn?.();
      const result = this.#options.isOpen() ? batch.send(this.#options.fd, at, total - at) : null;
      if (result !== null && isCongestion(result) && timeLeft-- > 0) {
        cutShort = false;
        await sleep(1);
        continue;
      }
      timeLeft = SEND_TIMEOUT_MS;
      if (cutShort) note(0, errnoError('sendmmsg', -ECONNREFUSED));
      cutShort = this.#isConnected && result !== null && result > 0 && result < total - at;
      at += this.#settle(at, result, note);
    }
  }

  /**
   * sendmmsg hides an error that comes after its first datagram. On a connected socket without congestion it can only be
   * the peer's refusal of something sent before.
   */
  get #isConnected(): boolean {
    return this.#options.name.length === 0;
  }

  /** Tells what became of the slots from `at` on; answers of how many. */
  #settle(at: number, result: number | null, note: Note): number {
    if (result === null || result <= 0) {
      note(0, result === null ? CLOSED : errnoError('sendmmsg', result));
      return 1;
    }
    for (let i = at; i < at + result; i++) note(this.#batch.size(i), null);
    this.#options.onSent?.(this.#batch, at, result);
    return result;
  }
}

const CLOSED = Object.assign(new Error('the socket was closed'), { code: 'not_listening' });
