/** Sends generated requests over real connections, and gives each answer a time within which it must come. */
import { Agent, type IncomingMessage, request as send } from 'node:http';
import { connect } from 'node:net';
import type { GeneratedAnswer } from './answers.ts';
import type { GeneratedRequest } from './requests.ts';

/** Milliseconds until an answer counts as none, and for which an event stream is read. */
const RESPONSE_TIMEOUT_MS = 20_000;
const STREAM = 20;

export class RequestClient {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #port: number;

  constructor(url: string) {
    this.#port = Number(new URL(url).port);
  }

  /** Rejects when no answer comes in time, or the connection ends without one. */
  ask({ method, url, headers, body }: GeneratedRequest): Promise<GeneratedAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<GeneratedAnswer>();
    const options = { host: '127.0.0.1', port: this.#port, agent: this.#agent, method, path: url };
    const length = body === null ? {} : { 'content-length': `${body.length}` };
    const asking = send({ ...options, headers: { ...headers, ...length }, timeout: RESPONSE_TIMEOUT_MS });
    asking.once('response', (response) => read(response).then(resolve, reject));
    asking.once('timeout', () => asking.destroy(new Error(`no answer within ${RESPONSE_TIMEOUT_MS} ms`)));
    asking.once('error', reject);
    asking.end(body ?? undefined);
    return promise;
  }

  /** Bytes as they are on a connection of their own; answers the beginning of what comes back, empty when nothing does. */
  async bytes(text: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const socket = connect(this.#port, '127.0.0.1');
    const late = setTimeout(() => reject(new Error(`no answer within ${RESPONSE_TIMEOUT_MS} ms`)), RESPONSE_TIMEOUT_MS);
    socket.setEncoding('latin1').once('data', (data) => resolve(`${data}`));
    socket.once('error', () => resolve('')).once('close', () => resolve(''));
    socket.write(text, 'latin1');
    return promise.finally(() => {
      clearTimeout(late);
      socket.destroy();
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** An event stream has no end: what matters is that it begins. */
async function read(response: IncomingMessage): Promise<GeneratedAnswer> {
  const headers = response.headers as Record<string, string>;
  const chunks: Buffer[] = [];
  const isStream = headers['content-type']?.startsWith('text/event-stream') ?? false;
  const enough = isStream ? setTimeout(() => response.destroy(), STREAM) : undefined;
  try {
    for await (const chunk of response) chunks.push(chunk);
  } catch (error) {
    if (!isStream) throw error;
  }
  clearTimeout(enough);
  return { status: response.statusCode!, headers, body: Buffer.concat(chunks) };
}
