/** A listener as a test holds it: where it is, what came, what goes out, and its end. */
import type { Static } from '@sinclair/typebox';
import type { ListenerPatch } from '../schemas/listener-view.ts';
import type { ClearedSchema, WrittenSchema } from '../schemas/message.ts';
import { Closable } from './closable.ts';
import { Connection } from './connection.ts';
import type { After } from './cursor.ts';
import { ProblemError } from './errors.ts';
import type { Http, RequestOptions } from './http.ts';
import type { ListenerReads, ReadStart } from './listener-reads.ts';
import { Message } from './message.ts';
import { type Payload, payloadInput } from './payload.ts';
import { type Duration, durationText, type Filter, type PayloadMode, type Query } from './query.ts';
import { ReadingPlace, type Sight, sightsOfStream } from './reading.ts';
import { Rules } from './rules.ts';
import { EventFeed, type FeedOptions, MessageFeed } from './stream.ts';
import { type Verdict, type VerifyOptions, verify } from './verify.ts';
import type { ConnectionView, ListenerView, PageView } from './views.ts';
import { type ExpectNoneOptions, expectNone, type WaitManyOptions, type WaitOptions, waitFor } from './wait.ts';

export type PageOptions = Filter & {
  after?: After;
  before?: number | string;
  order?: 'asc' | 'desc';
  /** 1 to 1000, default 100. */
  limit?: number;
  payload?: PayloadMode;
};
export type Page = Pick<PageView, 'next' | 'hasMore' | 'gap'> & { items: Message[] };
export type CloseOptions = {
  /** How TCP connections end; default `fin`. */
  mode?: 'fin' | 'rst';
  /** How long replies in flight may take. */
  drain?: Duration;
};

export class Listener extends Closable implements ListenerReads {
  readonly id: string;
  readonly protocol: 'udp' | 'tcp';
  /** Its rules: what they counted, changes, trials. */
  readonly rules: Rules;
  readonly #http: Http;
  readonly #path: string;
  readonly #place = new ReadingPlace();
  #view: ListenerView;

  constructor(http: Http, view: ListenerView) {
    super();
    this.id = view.id;
    this.protocol = view.protocol;
    this.#http = http;
    this.#path = `/v1/listeners/${view.id}`;
    this.rules = new Rules(http, this.#path);
    this.#view = view;
  }

  /** What the service last said of it; `refresh` asks again. */
  get view(): ListenerView {
    return this.#view;
  }

  get name(): string | null {
    return this.#view.name ?? null;
  }

  get host(): string {
    return this.#view.address?.host ?? this.#view.host ?? '';
  }

  /** The real port, also when 0 was asked for. */
  get port(): number {
    return this.#view.address?.port ?? this.#view.port ?? 0;
  }

  /** E.g. `udp://127.0.0.1:41234`. */
  get url(): string {
    return this.#view.address?.url ?? `${this.protocol}://${this.host}:${this.port}`;
  }

  /** Asks for its state and numbers. They hold every message whose effect anybody has seen. */
  async refresh(): Promise<ListenerView> {
    const view = await this.#http.json<ListenerView>('GET', this.#path);
    this.#view = { ...view, address: view.address ?? this.#view.address };
    return view;
  }

  // Reading. A listener has a cursor of its own: what `waitFor` and iterations gave out lies behind it. What came in and
  // what went out have one each: a wait for what came in passes over no answer in between.

  /** Everything before it was given out, or passed over by a wait or an iteration that looked for something else. */
  get cursor(): string {
    return this.#place.at;
  }

  /** Moves the cursor, also back: `seek('start')` looks at everything once more. */
  async seek(after: After): Promise<void> {
    this.#place.set(await this.placeOf(after));
  }

  /** Moves the cursor on, never back. */
  advance(cursor: string): void {
    this.#place.advance(cursor);
  }

  /** Where a read begins that looks at these, and what it finds there that was given out already. */
  begin(sights: readonly Sight[]): ReadStart {
    return { place: this.#place.of(sights), passed: this.#place.passed(sights) };
  }

  /** Messages were given out by a read that looked at these up to a cursor. */
  given(messages: readonly Message[], cursor: string, sights: readonly Sight[]): void {
    this.#place.advance(cursor, sights);
    this.#place.give(messages.filter(({ seq }) => seq > 0));
  }

  /** Where `after` is; without one the listener's cursor. */
  async placeOf(after: After | undefined): Promise<string> {
    if (after === undefined) return this.cursor;
    if (after === 'start') return '0';
    if (after === 'now') return `${(await this.refresh()).stats.lastSeq}`;
    return after instanceof Message ? `${after.seq}` : `${after}`;
  }

  /**
   * Waits until messages match (`in` ones, unless `direction` says otherwise) and moves the cursor beyond them, so that
   * the next wait is for later ones. Those that arrived since the cursor count. Waits that run at the same time begin at
   * the same place: use that for messages whose order is not known. Rejects with WaitError.
   */
  waitFor(options: WaitManyOptions): Promise<Message[]>;
  waitFor(options?: WaitOptions & { count?: undefined }): Promise<Message>;
  async waitFor(options: WaitOptions & { count?: number | undefined } = {}): Promise<Message[] | Message> {
    const { count, ...one } = options;
    const messages = await waitFor(this, { ...one, count: count ?? 1 });
    return count === undefined ? messages[0]! : messages;
  }

  /** Proves that nothing that matches comes for a while, since the cursor. Fails at once when it does: WaitError. */
  async expectNone(options: ExpectNoneOptions = {}): Promise<void> {
    await expectNone(this, options);
  }

  /** Verifies what came, from the start unless `after` says otherwise. Rejects with VerifyError. */
  async verify(options: VerifyOptions): Promise<Verdict> {
    return verify(this, options);
  }

  /** The messages since the cursor and then live, over lost connections. What is given out moves the cursor. */
  messages(options: FeedOptions & { after?: After } = {}): MessageFeed {
    return new MessageFeed(this.events({ kind: ['message', 'gap'], ...options }));
  }

  /** The same with every kind of record that `kind` names (default: message and gap). */
  events(options: FeedOptions & { after?: After } = {}): EventFeed {
    const { after, ...rest } = options;
    const sights = sightsOfStream(rest);
    return new EventFeed(this.#http, {
      path: `${this.#path}/stream`,
      options: rest,
      start: async () => {
        if (after !== undefined) return { place: await this.placeOf(after) };
        return this.begin(sights);
      },
      onCursor: (cursor) => this.#place.advance(cursor, sights),
    });
  }

  /** One page of messages, from the oldest there is unless `after` says otherwise. The cursor stays. */
  async page(options: PageOptions = {}): Promise<Page> {
    const { after, ...query } = options;
    const page = await this.rawPage({ ...query, ...(after === undefined ? {} : { after: await this.placeOf(after) }) });
    return { ...page, items: page.items.map((item) => new Message(item)) };
  }

  /** Every message that is kept and matches, oldest first. The cursor stays. */
  async all(options: Omit<PageOptions, 'before' | 'order' | 'limit'> = {}): Promise<Message[]> {
    const found: Message[] = [];
    let page = await this.page({ ...options, limit: 1000 });
    for (; page.hasMore; page = await this.page({ ...options, limit: 1000, after: page.next }))
      found.push(...page.items);
    return found.concat(page.items);
  }

  /** A page as the API shows it. */
  async rawPage(query: Query, options: RequestOptions = {}): Promise<PageView> {
    return this.#http.json('GET', `${this.#path}/messages`, { ...options, query });
  }

  /** The verdict of a verification, passed or not. */
  async rawVerification(body: unknown, options: RequestOptions = {}): Promise<Verdict> {
    return this.#http.json('POST', `${this.#path}/verifications`, { ...options, body });
  }

  /** Forgets messages, all or those before a seq; how many are gone. Numbers go on. */
  async clear(options: { before?: number } = {}): Promise<number> {
    const path = `${this.#path}/messages`;
    return (await this.#http.json<Static<typeof ClearedSchema>>('DELETE', path, { query: options })).cleared;
  }

  // Writing

  /** Sends to the peer of a message: from the listener's socket, or on the message's connection. Bytes written. */
  async reply(to: Message | number, payload: Payload): Promise<number> {
    const path = `${this.#path}/messages/${to instanceof Message ? to.seq : to}/reply`;
    const body = payloadInput(payload);
    return (await this.#http.json<Static<typeof WrittenSchema>>('POST', path, { body })).bytes;
  }

  /** The open TCP connections, oldest first. */
  async connections(): Promise<Connection[]> {
    const path = `${this.#path}/connections`;
    const { items } = await this.#http.json<{ items: ConnectionView[] }>('GET', path);
    return items.map((view) => new Connection(this.#http, `${path}/${view.id}`, view));
  }

  // Life

  /** Stays bound, answers nothing: UDP is read, dropped and counted; TCP is neither accepted nor read. */
  async pause(): Promise<void> {
    await this.update({ paused: true });
  }

  async resume(): Promise<void> {
    await this.update({ paused: false });
  }

  /** Changes it without a rebind (RFC 7396 merge; the responder is replaced whole). */
  async update(patch: ListenerPatch): Promise<ListenerView> {
    this.#view = await this.#http.json<ListenerView>('PATCH', this.#path, { body: patch });
    return this.#view;
  }

  /** Deletes it and its messages; resolves when the socket is closed. One that is gone already is fine. */
  async close({ mode, drain }: CloseOptions = {}): Promise<void> {
    const query = { mode, drain: drain === undefined ? undefined : durationText(drain) };
    try {
      await this.#http.json('DELETE', this.#path, { query });
    } catch (error) {
      if (!(error instanceof ProblemError && error.status === 404)) throw error;
    }
  }
}
