/**
 * The writer of one event stream (WHATWG server-sent events). Data is one line of JSON, so no payload can forge an
 * event. A reader that owes more than the byte cap and does not catch up in time is cut, never waited for:
 * it gets `lag` with the cursor to resume from.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type Clock, systemClock } from '../../clock/clock.ts';

export type StreamLimits = {
  /** Bytes that may be on their way to one client. */
  cap: number;
  /** Milliseconds a client over its cap has to get below it. */
  timeoutMs: number;
  /** Milliseconds between heartbeats. */
  heartbeat: number;
  /** The platform's by default. */
  clock?: Clock;
};

export const STREAM_LIMITS: StreamLimits = { cap: 1024 ** 2, timeoutMs: 5000, heartbeat: 15_000 };

/** Milliseconds between heartbeats to a client that has closed its side. */
const PROBES = 500;

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
};

/** Why a stream ends. */
export type EndReason = 'limit' | 'for' | 'deleted' | 'completed' | 'shutdown';

export class EventStream {
  readonly #response: ServerResponse;
  readonly #limits: StreamLimits;
  readonly #closed = new AbortController();
  readonly #clock: Clock;
  #stopHeartbeat = () => {};
  /** The cursor the client has been told. */
  #writtenCursor = '';
  /** The last position scanned: what matched nothing needs no replay. */
  #cursor = '';
  /** Events told before the head is written; null from then on. */
  #early: string[] | null = [];
  #earlyBytes = 0;
  /** An event found no room. */
  readonly #missed = new AbortController();

  constructor(response: ServerResponse, limits: StreamLimits = STREAM_LIMITS) {
    this.#response = response;
    this.#limits = limits;
    this.#clock = limits.clock ?? systemClock;
    response.once('close', () => this.#stop());
    response.on('error', () => this.#stop());
    if (response.destroyed) this.#stop();
    response.socket?.once('end', () => this.#probe());
  }

  /** The client is gone or the stream has ended. */
  get isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  /** Called once when the client is gone or the stream has ended; at once when that is so already. */
  onClosed(callback: () => void): void {
    if (this.isClosed) callback();
    else this.#closed.signal.addEventListener('abort', callback, { once: true });
  }

  /** Begins: retry, a comment and the starting id at once, and then what was told meanwhile. */
  open(headers: Record<string, unknown>, cursor: string): void {
    const early = this.#early ?? [];
    this.#early = null;
    if (this.isClosed) return;
    this.#response.shouldKeepAlive = false;
    this.#response.writeHead(200, { ...(headers as Record<string, string>), ...HEADERS });
    this.#cursor = cursor;
    this.#writtenCursor = cursor;
    this.#response.write(`retry: 2000\n: listenpost\nid: ${cursor}\n\n${early.join('')}`);
    this.#beatEvery(this.#limits.heartbeat);
    if (this.#response.socket?.readableEnded) this.#probe();
  }

  /** Writes whole encoded events that end at `cursor`. */
  events(encoded: Uint8Array, cursor: string): void {
    this.#cursor = cursor;
    if (encoded.length === 0 || this.isClosed) return;
    this.#writtenCursor = cursor;
    this.#response.write(encoded);
  }

  /**
   * Writes one event without an id: nothing to resume from. It may come at any time, so it is held until the stream is
   * open; one that finds no room is the client's lag.
   */
  event(name: string, data: unknown): void {
    if (this.isClosed || this.#missed.signal.aborted) return;
    const text = `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
    if (this.#early === null) this.#say(text);
    else this.#hold(this.#early, text);
  }

  #say(text: string): void {
    if (this.#response.writableLength > 2 * this.#limits.cap) this.#missed.abort();
    else this.#response.write(text);
  }

  #hold(early: string[], text: string): void {
    this.#earlyBytes += text.length;
    if (this.#earlyBytes > this.#limits.cap) this.#missed.abort();
    else early.push(text);
  }

  /** Waits while the client owes more than its cap. False when it did not catch up, missed an event, or is gone. */
  async ready(): Promise<boolean> {
    const closed = this.#closed.signal;
    const missed = this.#missed.signal;
    if (closed.aborted || missed.aborted) return false;
    if (this.#response.writableLength <= this.#limits.cap) return true;
    const late = new AbortController();
    const cancel = this.#clock.after(this.#limits.timeoutMs, () => late.abort(), { background: true });
    const signal = AbortSignal.any([closed, missed, late.signal]);
    await once(this.#response, 'drain', { signal }).catch(() => {});
    cancel();
    return !signal.aborted;
  }

  /** The client is too slow: says where to resume and ends. */
  lag(): void {
    this.#finish('lag', { cursor: this.#cursor });
  }

  end(reason: EndReason): void {
    this.#finish('end', { reason, cursor: this.#cursor });
  }

  destroy(): void {
    this.#response.destroy();
  }

  /** Resolves when the response is closed. */
  async finished(): Promise<void> {
    if (!this.#response.closed) await new Promise((resolve) => this.#response.once('close', resolve));
  }

  #finish(name: string, data: { cursor: string; reason?: EndReason }): void {
    if (this.isClosed) return;
    this.#response.end(`event: ${name}\nid: ${this.#cursor}\ndata: ${JSON.stringify(data)}\n\n`);
    this.#stop();
    const cancel = this.#clock.after(this.#limits.timeoutMs, () => this.#response.destroy());
    this.#response.once('close', cancel);
  }

  #beatEvery(milliseconds: number): void {
    this.#stopHeartbeat();
    this.#stopHeartbeat = this.#clock.every(milliseconds, () => this.#beat());
  }

  /** A comment keeps the connection alive; with something still on its way none is needed. */
  #beat(): void {
    if (this.#response.writableLength > 0) return;
    const id = this.#cursor === this.#writtenCursor ? '' : `id: ${this.#cursor}\n`;
    this.#writtenCursor = this.#cursor;
    this.#response.write(`: beat\n${id}\n`);
  }

  /**
   * The client has closed its side: it only reads any more, or is gone. What is written to one that is gone comes back,
   * and the next write tells.
   */
  #probe(): void {
    if (this.isClosed || this.#early !== null) return;
    this.#beatEvery(Math.min(PROBES, this.#limits.heartbeat));
    this.#beat();
  }

  #stop(): void {
    this.#stopHeartbeat();
    this.#closed.abort();
  }
}
