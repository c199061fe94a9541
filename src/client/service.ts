/** A running service, as a test sees it. */
import type { Static } from '@sinclair/typebox';
import type { ListenerSpec } from '../schemas/listener.ts';
import type { ListenerPageSchema } from '../schemas/listener-view.ts';
import type { PresetListSchema } from '../schemas/presets-view.ts';
import type { InfoSchema, WorkersSchema } from '../schemas/status.ts';
import { Closable } from './closable.ts';
import type { Http } from './http.ts';
import { Listener } from './listener.ts';
import type { Query } from './query.ts';
import { Scope, type ScopeOptions } from './scope.ts';
import { Send, type SendOptions, startSend } from './send.ts';
import { EventFeed, type FeedOptions, MessageFeed } from './stream.ts';
import type { ListenerView, Preset, SendView } from './views.ts';

export type ListenersQuery = {
  protocol?: 'udp' | 'tcp';
  state?: ListenerView['state'];
  label?: Record<string, string>;
};
export type AllFeedOptions = Omit<FeedOptions, 'hold'> & {
  /** The cursor of an earlier event; without it the stream starts now. */
  after?: string;
  /** Only these listeners, by id or name. */
  listener?: string | string[];
  label?: Record<string, string>;
};

export class Service extends Closable {
  readonly url: string;
  readonly #http: Http;
  readonly #stop: () => Promise<void>;

  /** Made by `connect` and `start`. */
  constructor(http: Http, stop: () => Promise<void> = async () => {}) {
    super();
    this.url = http.url;
    this.#http = http;
    this.#stop = stop;
  }

  /** Creates a listener; resolves once its socket is bound. Rejects with ProblemError, e.g. `port_in_use`. */
  async listen(spec: ListenerSpec): Promise<Listener> {
    return new Listener(this.#http, await this.#http.json<ListenerView>('POST', '/v1/listeners', { body: spec }));
  }

  /** Creates the listener of this name unless it is there. One that differs is a ProblemError, or is replaced. */
  async put(name: string, spec: ListenerSpec, options: { replace?: boolean } = {}): Promise<Listener> {
    const path = `/v1/listeners/${encodeURIComponent(name)}`;
    return new Listener(this.#http, await this.#http.json<ListenerView>('PUT', path, { body: spec, query: options }));
  }

  /** A listener that is there, by id or name. */
  async listener(ref: string): Promise<Listener> {
    const path = `/v1/listeners/${encodeURIComponent(ref)}`;
    return new Listener(this.#http, await this.#http.json<ListenerView>('GET', path));
  }

  /** All listeners that match, oldest first. */
  async listeners(query: ListenersQuery = {}): Promise<Listener[]> {
    const found: Listener[] = [];
    let page = await this.#listenerPage({ ...query });
    for (; page.next !== null; page = await this.#listenerPage({ ...query, cursor: page.next }))
      found.push(...page.items);
    return found.concat(page.items);
  }

  async #listenerPage(query: Query): Promise<{ items: Listener[]; next: string | null }> {
    const options = { query: { limit: 1000, ...query } };
    const page = await this.#http.json<Static<typeof ListenerPageSchema>>('GET', '/v1/listeners', options);
    return { items: page.items.map((view) => new Listener(this.#http, view)), next: page.next };
  }

  /** Sends and waits until it is done. Rejects with SendError when it failed, e.g. when no expected reply came. */
  async send(options: SendOptions): Promise<Send> {
    return (await startSend(this.#http, options)).done();
  }

  /** Sends without waiting for the end: `done()` does, `cancel()` ends it. */
  async startSend(options: SendOptions): Promise<Send> {
    return startSend(this.#http, options);
  }

  /** A send that was made before. */
  async findSend(id: string): Promise<Send> {
    return new Send(this.#http, await this.#http.json<SendView>('GET', `/v1/sends/${encodeURIComponent(id)}`));
  }

  /** Labels everything made in it and deletes that when it is disposed of. */
  scope(name: string, options: ScopeOptions = {}): Scope {
    return new Scope(this.#http, name, options);
  }

  /** The messages of all listeners, live. */
  messages(options: AllFeedOptions = {}): MessageFeed {
    return new MessageFeed(this.events({ kind: ['message', 'gap'], ...options }));
  }

  /** The same with every kind of event that `kind` names. */
  events(options: AllFeedOptions = {}): EventFeed {
    const { after, ...rest } = options;
    return new EventFeed(this.#http, { path: '/v1/stream', options: rest, start: async () => ({ place: after }) });
  }

  /** Removes everything: listeners, messages, sends, running waits. */
  async reset(): Promise<void> {
    await this.#http.json('POST', '/v1/reset');
  }

  /** Responders that are there by name, with what each stands for; on one protocol, or on the first that each is for. */
  async presets(query: { protocol?: 'udp' | 'tcp' } = {}): Promise<Preset[]> {
    return (await this.#http.json<Static<typeof PresetListSchema>>('GET', '/v1/presets', { query })).items;
  }

  /** Version, limits and policy. */
  async info(): Promise<Static<typeof InfoSchema>> {
    return this.#http.json('GET', '/v1/info');
  }

  /** Threads and what they do. */
  async workers(): Promise<Static<typeof WorkersSchema>> {
    return this.#http.json('GET', '/v1/workers');
  }

  /** Ends streams and requests of this client. A service that was started goes down; one connected to stays. */
  async close(): Promise<void> {
    this.#http.close();
    await this.#stop();
  }
}
