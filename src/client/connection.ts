/** An open TCP connection of a listener. */
import type { Static } from '@sinclair/typebox';
import type { ConnectionPatchSchema } from '../schemas/connection.ts';
import type { Http } from './http.ts';
import { type Endpoint, UNKNOWN } from './message.ts';
import { type Payload, payloadInput } from './payload.ts';
import type { ConnectionView } from './views.ts';

export class Connection {
  readonly id: string;
  /** An empty address where nobody knows it. */
  readonly remote: Endpoint;
  readonly openedAt: string;
  readonly #http: Http;
  readonly #path: string;
  #view: ConnectionView;

  constructor(http: Http, path: string, view: ConnectionView) {
    this.id = view.id;
    this.remote = view.remote ?? UNKNOWN;
    this.openedAt = view.openedAt;
    this.#http = http;
    this.#path = path;
    this.#view = view;
  }

  /** What the service last said of it. */
  get view(): ConnectionView {
    return this.#view;
  }

  /** Writes to the peer; recorded as an `out` message. */
  async send(payload: Payload): Promise<void> {
    await this.#http.json('POST', `${this.#path}/send`, { body: payloadInput(payload) });
  }

  /** `reading: false` lets the peer run into a full window; `writing: false` sends FIN after what is queued. */
  async update(change: Static<typeof ConnectionPatchSchema>): Promise<ConnectionView> {
    this.#view = await this.#http.json<ConnectionView>('PATCH', this.#path, { body: change });
    return this.#view;
  }

  /** Ends it: `fin` (default) in order, `rst` at once. */
  async close(mode: 'fin' | 'rst' = 'fin'): Promise<void> {
    await this.#http.json('DELETE', this.#path, { query: { mode } });
  }
}
