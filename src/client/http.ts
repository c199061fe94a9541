/** Requests to the API: JSON in, JSON or a ProblemError out. */
import { stringifyRaw } from '../json/raw.ts';
import { type Problem, ProblemError, UnreachableError } from './errors.ts';
import { LONGEST_TIMER, type Query, queryString } from './query.ts';

export type HttpOptions = {
  /** Bearer token. */
  token?: string | undefined;
  /** Milliseconds within which an answer must come, beyond what a wait asks for; default 30,000. */
  timeout?: number | undefined;
  /** Another fetch, e.g. one that goes through a proxy. */
  fetch?: typeof fetch | undefined;
};

export type RequestOptions = {
  query?: Query;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** Milliseconds that the answer may take because it waits for something. */
  extraTime?: number;
};

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const RESPONSE_TIMEOUT_MS = 30_000;

export class Http {
  readonly url: string;
  readonly #options: HttpOptions;
  readonly #closing = new AbortController();
  /** Why the service is gone, once that is known. */
  gone: () => string | undefined = () => undefined;

  constructor(url: string, options: HttpOptions = {}) {
    this.url = url.replace(/\/+$/, '');
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Ends what is under way; nothing goes out any more. */
  close(): void {
    this.#closing.abort(new UnreachableError(`the client of ${this.url} is closed`));
  }

  /** The JSON of an answer; undefined of one without a body. */
  async json<T>(method: Method, path: string, options: RequestOptions = {}): Promise<T> {
    const { timeout = RESPONSE_TIMEOUT_MS } = this.#options;
    const late = AbortSignal.timeout(Math.min(timeout + (options.extraTime ?? 0), LONGEST_TIMER));
    const response = await this.#send(method, path, { ...options, signal: either(late, options.signal) });
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  /** An answer whose body goes on for as long as the signal lets it. */
  async stream(path: string, options: RequestOptions): Promise<Response> {
    return this.#send('GET', path, { ...options, headers: { accept: 'text/event-stream', ...options.headers } });
  }

  async #send(method: Method, path: string, options: RequestOptions): Promise<Response> {
    const response = await this.#fetch(method, `${path}${queryString(options.query ?? {})}`, options);
    if (response.ok) return response;
    throw new ProblemError(`${method} ${path}`, await problemOf(response));
  }

  /** A connection may break just as it is used again, so what changes nothing is asked twice. */
  async #fetch(method: Method, path: string, options: RequestOptions): Promise<Response> {
    const { fetch = globalThis.fetch } = this.#options;
    const signal = either(this.#closing.signal, options.signal);
    const init = { method, signal, ...this.#content(options) };
    for (let attempt = 1; ; attempt++) {
      try {
        return await fetch(`${this.url}${path}`, init);
      } catch (error) {
        if (options.signal?.aborted && (error as Error).name === 'AbortError') throw error;
        if (signal.aborted || method !== 'GET' || attempt === 2) throw this.#unreachable(`${method} ${path}`, error);
      }
    }
  }

  #content({ body, headers }: RequestOptions): { headers: Record<string, string>; body?: string } {
    const { token } = this.#options;
    const all = { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
    if (body === undefined) return { headers: all };
    return { headers: { ...all, 'content-type': 'application/json' }, body: stringifyRaw(body) };
  }

  #unreachable(request: string, error: unknown): Error {
    if (error instanceof UnreachableError) return error;
    const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } };
    const why = name === 'TimeoutError' ? 'no answer in time' : (cause?.code ?? cause?.message ?? message);
    const hint = this.gone() ?? (why === 'ECONNREFUSED' ? 'is `listenpost serve` running there?' : undefined);
    return new UnreachableError(`can't reach ${this.url} for ${request}: ${why}${hint ? `; ${hint}` : ''}`, {
      cause: error,
    });
  }
}

function either(signal: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  return other === undefined ? signal : AbortSignal.any([signal, other]);
}

async function problemOf(response: Response): Promise<Problem> {
  const { status, statusText } = response;
  const text = await response.text();
  try {
    return { code: 'unknown', title: statusText, detail: text, ...JSON.parse(text), status };
  } catch {
    return { code: 'unknown', status, title: statusText, detail: text.slice(0, 200) || statusText };
  }
}
