/** Sends: what goes out on demand, and what became of it. */
import type { SendRequest } from '../schemas/send.ts';
import { SendError } from './errors.ts';
import type { Http } from './http.ts';
import type { Listener } from './listener.ts';
import type { Endpoint } from './message.ts';
import { fromBase64, payloadInput } from './payload.ts';
import type { SendView } from './views.ts';

/** A SendRequest; `to` and `from` also take a Listener, `bytes` is a payload too. */
export type SendOptions = Omit<SendRequest, 'to' | 'from' | 'protocol'> & {
  /** Not needed where `to` is a Listener. */
  protocol?: 'udp' | 'tcp';
  to: SendRequest['to'] | Listener;
  from?: NonNullable<SendRequest['from']> | Listener;
  bytes?: Uint8Array;
  /** The same key and request gets the first answer again. */
  idempotencyKey?: string;
};

/** A reply that was expected and came. */
export class Reply {
  readonly at: string;
  readonly remote: Endpoint;
  readonly size: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly text: string;

  constructor(view: SendView['replies'][number]) {
    this.at = view.at;
    this.remote = view.remote;
    this.size = view.size;
    this.bytes = fromBase64(view.base64);
    this.text = view.text ?? new TextDecoder().decode(this.bytes);
  }

  json<T = unknown>(): T {
    return JSON.parse(this.text) as T;
  }
}

/** A transmission that may still be under way. */
export class Send {
  readonly id: string;
  readonly #http: Http;
  #view: SendView;

  constructor(http: Http, view: SendView) {
    this.id = view.id;
    this.#http = http;
    this.#view = view;
  }

  /** What the service last said of it. */
  get view(): SendView {
    return this.#view;
  }

  get state(): SendView['state'] {
    return this.#view.state;
  }

  /** Payloads sent. */
  get sent(): number {
    return this.#view.sent;
  }

  get local(): Endpoint | null {
    return this.#view.local;
  }

  get remote(): Endpoint | null {
    return this.#view.remote;
  }

  get replies(): Reply[] {
    return this.#view.replies.map((view) => new Reply(view));
  }

  async refresh(): Promise<this> {
    this.#view = await this.#http.json<SendView>('GET', `/v1/sends/${this.id}`);
    return this;
  }

  /** Waits until it is over. Rejects with SendError when it failed. */
  async done(): Promise<this> {
    for (let pause = 5; this.state === 'running'; pause = Math.min(pause * 2, 200)) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      await this.refresh();
    }
    if (this.state === 'failed') throw new SendError(this.#view);
    return this;
  }

  /** Nothing more leaves once this has resolved. */
  async cancel(): Promise<this> {
    this.#view = await this.#http.json<SendView>('DELETE', `/v1/sends/${this.id}`);
    return this;
  }
}

/** Asks for a transmission; it may go on after this has resolved. */
export async function startSend(http: Http, options: SendOptions): Promise<Send> {
  const { to, from, bytes, protocol, idempotencyKey, ...rest } = options;
  const body = {
    ...rest,
    ...(bytes === undefined ? {} : payloadInput(bytes)),
    protocol: protocol ?? (isListener(to) ? to.protocol : undefined),
    to: isListener(to) ? { listener: to.id } : to,
    from: from !== undefined && isListener(from) ? from.id : from,
  };
  const headers = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
  return new Send(http, await http.json<SendView>('POST', '/v1/sends', { body, headers }));
}

function isListener(place: object | string): place is Listener {
  return typeof place === 'object' && 'waitFor' in place;
}
