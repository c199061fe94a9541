/** Requests and event streams that can be cut at any moment. */
import { Agent, type IncomingMessage, request as open } from 'node:http';

/** Milliseconds after which an answer is a hang. */
export const RESPONSE_TIMEOUT_MS = 30_000;

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
export type Answer = { status: number; headers: IncomingMessage['headers']; body: any };
export type Event = { name: string; id: string | undefined; data: string };

export class Hang extends Error {}

export class Http {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true });
  requests = 0;

  constructor(url: string) {
    this.#url = url;
  }

  /** Rejects with Hang when no answer comes. */
  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await this.#open(method, path, { body: body === undefined ? undefined : JSON.stringify(body) });
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const isJson = /json/.test(response.headers['content-type'] ?? '') && text !== '';
    return { status: response.statusCode!, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  /** The events of a stream, until it ends or the signal cuts the connection; a status other than 200 is thrown. */
  async *events(path: string, lastEventId: string | undefined, cut: AbortSignal): AsyncGenerator<Event> {
    const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    const response = await this.#open('GET', path, { headers, agent: false });
    if (response.statusCode !== 200) {
      response.resume();
      throw Object.assign(new Error(`${response.statusCode}`), { status: response.statusCode });
    }
    const destroy = () => response.destroy();
    if (cut.aborted) destroy();
    cut.addEventListener('abort', destroy, { once: true });
    try {
      yield* eventsOf(response);
    } catch (error) {
      if (!cut.aborted) throw error;
    } finally {
      cut.removeEventListener('abort', destroy);
      response.destroy();
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #open(
    method: string,
    path: string,
    { body, headers = {}, agent = this.#agent }: { body?: string | undefined; headers?: object; agent?: Agent | false },
  ): Promise<IncomingMessage> {
    this.requests++;
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = open(new URL(path, this.#url), { method, agent, headers: { ...type, ...headers } });
    const late = setTimeout(() => request.destroy(new Hang(`${method} ${path} was not answered`)), RESPONSE_TIMEOUT_MS);
    request.once('response', (response) => {
      clearTimeout(late);
      resolve(response);
    });
    request.once('error', (error) => {
      clearTimeout(late);
      reject(error);
    });
    request.end(body);
    return promise;
  }
}

async function* eventsOf(response: IncomingMessage): AsyncGenerator<Event> {
  let rest = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) {
      const event = { name: 'message', id: undefined as string | undefined, data: '' };
      for (const line of block.split('\n')) {
        if (line.startsWith('event: ')) event.name = line.slice(7);
        else if (line.startsWith('id: ')) event.id = line.slice(4);
        else if (line.startsWith('data: ')) event.data += line.slice(6);
      }
      yield event;
    }
  }
}
