/** A scope labels what it makes, so that a test leaves nothing behind and learns what it did not look at. */
import type { ListenerSpec } from '../schemas/listener.ts';
import { Closable } from './closable.ts';
import { LeakError } from './errors.ts';
import type { Http } from './http.ts';
import { Listener } from './listener.ts';
import type { Duration } from './query.ts';
import { type Send, type SendOptions, startSend } from './send.ts';
import type { Leaks, ListenerView } from './views.ts';

export type ScopeOptions = {
  /** Labels beside `scope` and `run`. */
  labels?: Record<string, string>;
  /** Listeners go by themselves after this long without use, should the test run die; default 10 min. */
  ttl?: Duration | null;
  /** Closing fails with LeakError when messages are unread or connections open; default false. */
  forbidLeaks?: boolean;
};

export class Scope extends Closable {
  readonly name: string;
  /** On everything made here. `run` is random, so that equal names of parallel runs stay apart. */
  readonly labels: Readonly<Record<string, string>>;
  readonly #http: Http;
  readonly #options: ScopeOptions;
  #leaks: Leaks | undefined;

  constructor(http: Http, name: string, options: ScopeOptions = {}) {
    super();
    this.name = name;
    this.labels = { ...options.labels, scope: name, run: randomText() };
    this.#http = http;
    this.#options = options;
  }

  /** The report of `close`. */
  get leaks(): Leaks | undefined {
    return this.#leaks;
  }

  /** Creates a listener with the scope's labels. */
  async listen(spec: ListenerSpec): Promise<Listener> {
    const { ttl = '10m' } = this.#options;
    const body = { ttl, ...spec, labels: { ...spec.labels, ...this.labels } };
    return new Listener(this.#http, await this.#http.json<ListenerView>('POST', '/v1/listeners', { body }));
  }

  /** Sends and waits until it is done. Rejects with SendError when it failed. */
  async send(options: SendOptions): Promise<Send> {
    return (await startSend(this.#http, options)).done();
  }

  /** Deletes what was made here and says what nobody had looked at. Rejects with LeakError where leaks are forbidden. */
  async close(): Promise<Leaks> {
    if (this.#leaks !== undefined) return this.#leaks;
    const query = { label: this.labels };
    const leaks = await this.#http.json<Leaks>('DELETE', '/v1/listeners', { query });
    this.#leaks = leaks;
    const bad = leaks.listeners.filter(({ unread, openConnections }) => unread > 0 || openConnections > 0);
    if (this.#options.forbidLeaks && bad.length > 0) throw new LeakError(this.name, { ...leaks, listeners: bad });
    return leaks;
  }
}

function randomText(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
