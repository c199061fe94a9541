/** Send: one transmission as a resource, from the request to its result. */

import { type Clock, systemClock } from '../clock/clock.ts';
import { microsOf, wallClock } from '../clock/wall-clock.ts';
import type { Endpoint } from '../net/endpoint.ts';
import { rfc3339 } from '../net/text.ts';
import { listenerId } from '../records/ids.ts';
import type { ImportView, SendView } from '../schemas/send.ts';
import type { SendOrder, SendOutcome, WorkerEvent } from '../workers/protocol.ts';
import { failureCode } from './failures.ts';

type Progress = Omit<Extract<WorkerEvent, { event: 'progress' }>, 'event' | 'send'>;

export type SendOptions = {
  /** What an imported file holds beside what is sent. */
  account: ImportView | undefined;
  /** The rule that sent it, and its listener. */
  by?: { listener: number; rule: string } | undefined;
  clock?: Clock;
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class Send {
  readonly order: SendOrder;
  /** Place in the list. */
  readonly number: number;
  readonly #createdAt = rfc3339(microsOf(wallClock()));
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #account: ImportView | undefined;
  readonly #by: SendOptions['by'];
  #elapsed: number | null = null;
  #state: SendView['state'] = 'running';
  #progress: Progress = { sent: 0, bytes: 0, errors: 0, progress: 0 };
  #local: Endpoint | null = null;
  #replies: SendOutcome['replies'] = [];
  #error: SendView['error'];

  constructor(order: SendOrder, number: number, { account, by, clock = systemClock }: SendOptions) {
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
    this.order = order;
    this.#account = account;
    this.#by = by;
    this.number = number;
  }

  get id(): string {
    return this.order.id;
  }
  get isRunning(): boolean {
    return this.#state === 'running';
  }

  advance(progress: Progress): void {
    this.#progress = progress;
  }

  finish(outcome: SendOutcome): void {
    const { state, sent, bytes, errors, error } = outcome;
    this.#state = state;
    this.#progress = { sent, bytes, errors, progress: state === 'done' ? 1 : this.#progress.progress };
    this.#local = outcome.local;
    this.#replies = outcome.replies;
    this.#elapsed = this.#clock.monotonic() - this.#startedAt;
    if (error !== null) this.#error = { code: failureCode(error.code), detail: error.message };
  }

  /** The thread that sent it is gone, or it could not be started. */
  fail(error: { code: string; message: string }): void {
    const { sent, bytes, errors } = this.#progress;
    this.finish({ state: 'failed', sent, bytes, errors, local: null, replies: [], error });
  }

  view(): SendView {
    const { id, protocol, to } = this.order;
    const { sent, bytes, errors, progress } = this.#progress;
    const elapsed = this.#elapsed ?? this.#clock.monotonic() - this.#startedAt;
    return {
      id,
      state: this.#state,
      protocol,
      remote: shown(to),
      local: this.#local && shown(this.#local),
      sent,
      bytes,
      errors,
      progress,
      createdAt: this.#createdAt,
      elapsedMs: Math.round(elapsed * 10) / 10,
      replies: this.#replies.map(replyView),
      ...(this.#by === undefined ? {} : { listenerId: listenerId(this.#by.listener), rule: this.#by.rule }),
      ...(this.#account === undefined ? {} : { import: this.#account }),
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }
}

function replyView({ at, remote, payload }: SendOutcome['replies'][number]): SendView['replies'][number] {
  const text = readable(payload);
  return {
    at: rfc3339(at),
    remote: shown(remote),
    size: payload.length,
    ...(text === undefined ? {} : { text }),
    base64: Buffer.from(payload).toString('base64'),
  };
}

/** Valid UTF-8 without control bytes other than tab, CR and LF; undefined when it is not. */
function readable(payload: Uint8Array): string | undefined {
  for (const byte of payload) {
    if ((byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) || byte === 0x7f) return undefined;
  }
  try {
    return utf8.decode(payload);
  } catch {
    return undefined;
  }
}

function shown({ host, port }: Endpoint): { address: string; port: number } {
  return { address: host, port };
}
