/** SendProgress: the account of one transmission: what left, what failed, what came back; and the outcome made of it. */

import { after } from '../../clock/timers.ts';
import { microsOf, wallClock } from '../../clock/wall-clock.ts';
import type { Endpoint } from '../../net/endpoint.ts';
import type { WireError } from '../../rpc/wire-error.ts';
import type { SendOutcome } from '../../workers/protocol.ts';

/** errno names that have a name of their own in the contract. */
const CODES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_reset',
  EPIPE: 'connection_reset',
  ETIMEDOUT: 'timed_out',
};

/** Replies kept of an exchange that does not say how many it wants. */
const KEEP = 1_000;

export class SendProgress {
  sent = 0;
  bytes = 0;
  errors = 0;
  local: Endpoint | null = null;
  readonly replies: SendOutcome['replies'] = [];
  readonly #wanted: number;
  #error: WireError | null = null;
  #ended = false;
  #stopped = false;
  #change: (() => void) | null = null;

  /** @param wanted replies without which it has failed; more are not kept */
  constructor(wanted: number) {
    this.#wanted = wanted;
  }

  /** All replies that were asked for are there. */
  get satisfied(): boolean {
    return this.replies.length >= this.#wanted;
  }
  /** Nothing more can be sent. */
  get stopped(): boolean {
    return this.#stopped;
  }

  noteSent(bytes: number): void {
    this.sent++;
    this.bytes += bytes;
  }

  noteReply(payload: Uint8Array, remote: Endpoint): void {
    if (this.replies.length >= (this.#wanted || KEEP)) return;
    this.replies.push({ at: microsOf(wallClock()), remote, payload: Uint8Array.from(payload) });
    this.#change?.();
  }

  /** The first error is the one that is told. */
  noteError(error: { code?: string | undefined; message: string }): void {
    this.errors++;
    const { code = 'internal', message } = error;
    this.#error ??= { code: CODES[code] ?? code, message };
    this.#change?.();
  }

  /** No more replies can come. */
  endReplies(): void {
    this.#ended = true;
    this.#change?.();
  }

  /** Nothing more can be sent. */
  stop(): void {
    this.#stopped = true;
  }

  /** Resolves when the replies asked for are there, none can come any more, it is called off, or time is up. */
  async settled(milliseconds: number, signal: AbortSignal): Promise<void> {
    const enough = () => this.#wanted > 0 && this.satisfied;
    const over = () => enough() || this.#ended || this.#error !== null || signal.aborted;
    if (over()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = () => {
      if (over()) resolve();
    };
    const cancel = after(milliseconds, resolve);
    signal.addEventListener('abort', check);
    this.#change = check;
    await promise;
    cancel();
    signal.removeEventListener('abort', check);
    this.#change = null;
  }

  outcome(signal: AbortSignal): SendOutcome {
    const { sent, bytes, errors, local, replies } = this;
    const base = { sent, bytes, errors, local, replies };
    if (signal.aborted) return { ...base, state: 'cancelled', error: null };
    if (this.#wanted > 0 && this.satisfied) return { ...base, state: 'done', error: null };
    // A burst with some datagrams refused has been sent all the same.
    if (this.#error !== null && (this.#stopped || errors >= sent))
      return { ...base, state: 'failed', error: this.#error };
    if (!this.satisfied) return { ...base, state: 'failed', error: this.#error ?? this.#noReply() };
    return { ...base, state: 'done', error: null };
  }

  #noReply(): WireError {
    const came = this.replies.length === 0 ? 'no reply came' : `${this.replies.length} of ${this.#wanted} replies came`;
    return { code: 'no_reply', message: this.#ended ? `${came} before the peer closed` : `${came} in time` };
  }
}
