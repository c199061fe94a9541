/** Live streams: server-sent events that go on over lost connections, with nothing lost and nothing twice. */
import { asyncDispose, Closable } from './closable.ts';
import { ProblemError, UnreachableError } from './errors.ts';
import type { Http } from './http.ts';
import { Message, type RecordView } from './message.ts';
import { type Duration, durationText, type Filter, milliseconds, type PayloadMode } from './query.ts';
import { eventsOf, type ServerEvent } from './sse.ts';

export type FeedOptions = Filter & {
  /** End after so many messages. */
  limit?: number;
  /** End after this long. */
  for?: Duration;
  payload?: PayloadMode;
  /** The listener is deleted when its last such stream ends. */
  hold?: boolean;
  /** Ends the stream as `close` does. */
  signal?: AbortSignal;
  /** Called when messages are missing, with the reason: the kernel dropped them, they were evicted, ... */
  onGap?: (gap: RecordView) => void;
  /** Called at once when the connection is lost or the service goes down; it is tried to connect anew. */
  onLost?: () => void;
  /** Called when that has succeeded. */
  onBack?: () => void;
};

/** What a stream tells: messages, and what is named by `kind`. */
export type FeedEvent =
  | { type: 'message'; cursor: string; message: Message }
  | { type: Exclude<RecordView['kind'], 'message'>; cursor: string; record: RecordView };

export type Beginning = {
  /** The cursor to start at; undefined starts now. */
  place: string | undefined;
  /** Tells which messages were given out already. */
  passed?: ((message: Message) => boolean) | undefined;
};

export type FeedSource = {
  path: string;
  options: FeedOptions & { listener?: string | string[]; label?: unknown };
  start: () => Promise<Beginning>;
  /** Told how far the reader has come. */
  onCursor?: (cursor: string) => void;
};

/** How a connection ended: the service said that this is all, that the reader was too slow, or it broke. */
type Break = 'ended' | 'lagged' | 'lost';

/** Attempts to connect anew, the pause before the first, and milliseconds without a heartbeat that mean a dead peer. */
const ATTEMPTS = 8;
const FIRST_RETRY_MS = 50;
const SILENCE_TIMEOUT_MS = 45_000;

export class EventFeed extends Closable implements AsyncIterable<FeedEvent> {
  readonly #http: Http;
  readonly #source: FeedSource;
  readonly #closing = new AbortController();
  readonly #ends: number;
  #first: Promise<Response> | undefined;
  #cursor: string | undefined;
  #passed: Beginning['passed'];
  #left: number;
  #longestPause = 2000;

  constructor(http: Http, source: FeedSource) {
    super();
    const { limit = Number.POSITIVE_INFINITY, for: lasts, signal } = source.options;
    this.#http = http;
    this.#source = source;
    this.#left = limit;
    this.#ends = lasts === undefined ? Number.POSITIVE_INFINITY : performance.now() + milliseconds(lasts);
    if (signal?.aborted) this.close();
    signal?.addEventListener('abort', () => this.close(), { once: true, signal: this.#closing.signal });
  }

  /** Connects now rather than at the first read: what arrives from here on is not missed. */
  async opened(): Promise<this> {
    await this.#begun();
    return this;
  }

  /** Ends the stream and the iteration. */
  close(): void {
    this.#closing.abort();
  }

  override async [asyncDispose](): Promise<void> {
    this.close();
    const response = await this.#first?.catch(() => undefined);
    if (response?.body?.locked === false) await response.body.cancel().catch(() => {});
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FeedEvent, void> {
    try {
      let response = await this.#begun();
      for (;;) {
        const how = yield* this.#read(response);
        if (how === 'ended' || this.#isOver) return;
        const next = await this.#reconnect(how);
        if (next === undefined) return;
        response = next;
      }
    } catch (error) {
      if (!this.#isClosed) throw error;
    } finally {
      this.close();
    }
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted || this.#http.isClosed;
  }

  get #isOver(): boolean {
    return this.#isClosed || this.#left <= 0 || performance.now() >= this.#ends;
  }

  /** Gives out what one connection brings. A 204 without a body is an end too. */
  async *#read({ body }: Response): AsyncGenerator<FeedEvent, Break> {
    if (body === null) return 'ended';
    for await (const event of eventsOf(body, SILENCE_TIMEOUT_MS)) {
      if (event.retry !== undefined) this.#longestPause = event.retry;
      if (event.name === 'end') return reasonOf(event) === 'shutdown' ? 'lost' : 'ended';
      if (event.name === 'lag') return 'lagged';
      yield* this.#decoded(event);
      if (this.#left <= 0) return 'ended';
    }
    return 'lost';
  }

  *#decoded({ name, data, id }: ServerEvent): Generator<FeedEvent> {
    if (id !== undefined) this.#cursor = id;
    if (data === '') return;
    const record = JSON.parse(data) as RecordView;
    const cursor = this.#cursor ?? '';
    if (id !== undefined) this.#source.onCursor?.(id);
    if (name === 'gap') this.#source.options.onGap?.(record);
    if (name === 'message') yield* this.#message(new Message(record), cursor);
    else yield { type: name as Exclude<RecordView['kind'], 'message'>, cursor, record };
  }

  *#message(message: Message, cursor: string): Generator<FeedEvent> {
    if (this.#passed?.(message) === true) return;
    this.#left--;
    yield { type: 'message', cursor, message };
  }

  #begun(): Promise<Response> {
    this.#first ??= this.#connect();
    return this.#first;
  }

  async #start(): Promise<void> {
    const { place, passed } = await this.#source.start();
    this.#cursor = place;
    this.#passed = passed;
  }

  async #connect(): Promise<Response> {
    if (this.#cursor === undefined) await this.#start();
    const { onGap: _, onLost: __, onBack: ___, signal: ____, ...rest } = this.#source.options;
    const { limit: _____, for: lasts, hold, ...filter } = rest;
    const query = {
      ...filter,
      after: this.#cursor,
      hold: hold ? '1' : undefined,
      // The service would count what is passed.
      limit: Number.isFinite(this.#left) && this.#passed === undefined ? this.#left : undefined,
      for: lasts === undefined ? undefined : durationText(Math.max(1, Math.ceil(this.#ends - performance.now()))),
    };
    const headers = this.#cursor === undefined ? {} : { 'last-event-id': this.#cursor };
    return this.#http.stream(this.#source.path, { query, headers, signal: this.#closing.signal });
  }

  /** Tries again and again, with longer and longer pauses. Undefined when what was followed is gone. */
  async #reconnect(how: Break): Promise<Response | undefined> {
    const { onLost, onBack } = how === 'lost' ? this.#source.options : {};
    let pause = FIRST_RETRY_MS;
    onLost?.();
    for (let attempt = 1; ; attempt++) {
      await this.#sleep(pause);
      try {
        const response = await this.#connect();
        onBack?.();
        return response;
      } catch (error) {
        if (error instanceof ProblemError && (error.status === 404 || error.status === 410)) return undefined;
        if (!isPassing(error) || attempt === ATTEMPTS) throw error;
      }
      pause = Math.min(pause * 2, this.#longestPause);
    }
  }

  #sleep(pause: number): Promise<void> {
    const { signal } = this.#closing;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pause);
      signal.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true });
    });
  }
}

/** The messages of a stream; gaps go to `onGap`. */
export class MessageFeed extends Closable implements AsyncIterable<Message> {
  readonly #events: EventFeed;

  constructor(events: EventFeed) {
    super();
    this.#events = events;
  }

  /** Connects now rather than at the first read: what arrives from here on is not missed. */
  async opened(): Promise<this> {
    await this.#events.opened();
    return this;
  }

  close(): void {
    this.#events.close();
  }

  override async [asyncDispose](): Promise<void> {
    await this.#events[asyncDispose]();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void> {
    for await (const event of this.#events) if (event.type === 'message') yield event.message;
  }
}

function reasonOf({ data }: ServerEvent): string {
  return (JSON.parse(data) as { reason: string }).reason;
}

function isPassing(error: unknown): boolean {
  return error instanceof UnreachableError || (error instanceof ProblemError && error.status >= 500);
}
