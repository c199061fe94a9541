/**
 * The run of generated requests: out of the service's own OpenAPI document, from a fixed seed, over several connections
 * at a time. Every answer is as the document declares it, none is a 5xx, each comes in time, and the process lives.
 */
import { Answers } from '../generated/answers.ts';
import type { Document } from '../generated/document.ts';
import { Random } from '../generated/random.ts';
import { RequestClient } from '../generated/request-client.ts';
import { type GeneratedRequest, Requests } from '../generated/requests.ts';
import type { Service } from '../support/process.ts';

export type Run = { requests: number; statuses: Record<string, number>; failures: string[] };

/** Requests under way at a time, each line with a seed of its own. */
const LINES = 4;
/** One in so many is not even proper HTTP. */
const GARBAGE = 50;
const ENOUGH = 20;

/** Requests so far that take listeners away, counted when they begin and when they end. */
type Removals = { count: number };
type Line = {
  client: RequestClient;
  answers: Answers;
  generated: Requests;
  random: Random;
  figures: Run;
  removals: Removals;
};

export async function run(service: Service, requests: number, seed: number): Promise<Run> {
  const document = (await service.get('/openapi.json')).body as Document;
  const figures: Run = { requests: 0, statuses: {}, failures: [] };
  const client = new RequestClient(service.url);
  const answers = new Answers(document);
  const removals = { count: 0 };
  const lines = Array.from({ length: LINES }, async (_, i) => {
    const random = new Random(seed + i);
    const line = { client, answers, generated: new Requests(document, random), random, figures, removals };
    while (figures.requests < requests && figures.failures.length < ENOUGH) await ask(line);
  });
  await Promise.all(lines);
  client.close();
  return figures;
}

async function ask({ client, answers, generated, random, figures, removals }: Line): Promise<void> {
  figures.requests++;
  if (random.below(GARBAGE) === 0) await garbage(client, random.pick(WIRE), figures);
  const request = generated.next();
  const before = removals.count;
  if (removes(request)) removals.count++;
  try {
    const answer = await client.ask(request);
    const { status, headers, body } = answer;
    figures.statuses[status] = (figures.statuses[status] ?? 0) + 1;
    if (headers.location !== undefined) generated.learn(headers.location);
    const wrong = answers.wrong(request, answer);
    if (wrong !== undefined) figures.failures.push(`${wrong}: ${shown(request)} -> ${status} ${body.subarray(0, 300)}`);
  } catch (error) {
    if (isCutExport(request, error) && removals.count > before) return;
    figures.failures.push(`${error}: ${shown(request)}`);
  } finally {
    if (removes(request)) removals.count++;
  }
}

/** Takes a listener away, or its messages. */
function removes({ method, url }: GeneratedRequest): boolean {
  return method === 'DELETE' || url.startsWith('/v1/reset');
}

/** An export whose listener another line takes away can't come to its end: its connection is cut. */
function isCutExport(request: GeneratedRequest, error: unknown): boolean {
  return /\.(ndjson|pcapng)(\?|$)/.test(shown(request).split(' ')[1] ?? '') && (error as Error).message === 'aborted';
}

/** What a client of HTTP would not send. The connection may end without an answer; one that comes is no 5xx. */
const HOST = 'host: localhost\r\n';
const WIRE = [
  'NOT HTTP\r\n\r\n',
  '\0\0\0\0\r\n\r\n',
  'GET /livez HTTP/1.1\r\n\r\n',
  `GET /livez HTTP/9.9\r\n${HOST}\r\n`,
  `GET http://[ HTTP/1.1\r\n${HOST}\r\n`,
  `GET * HTTP/1.1\r\n${HOST}\r\n`,
  `CONNECT localhost:1 HTTP/1.1\r\n${HOST}\r\n`,
  `GET /v1/listeners HTTP/1.1\r\n${HOST}${HOST}\r\n`,
  `GET /v1/listeners HTTP/1.1\r\n${HOST}x: ${'x'.repeat(30_000)}\r\n\r\n`,
  `GET /${'x'.repeat(30_000)} HTTP/1.1\r\n${HOST}\r\n`,
  `POST /v1/reset HTTP/1.1\r\n${HOST}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  `POST /v1/reset HTTP/1.1\r\n${HOST}content-length: -1\r\n\r\n`,
  `POST /v1/listeners HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\nzz\r\n`,
  `GET /v1/info HTTP/1.1\r\n${HOST}connection: upgrade\r\nupgrade: websocket\r\n\r\n`,
  `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
];

async function garbage(client: RequestClient, text: string, { failures }: Run): Promise<void> {
  const answer = await client.bytes(text).catch((error: Error) => `HTTP/1.1 500 ${error.message}`);
  const isWell = answer === '' || (/^HTTP\/1\.1 [1-4]/.test(answer) && /nosniff/.test(answer));
  if (!isWell) failures.push(`${JSON.stringify(text.slice(0, 200))} -> ${answer.slice(0, 300)}`);
}

function shown({ method, url, headers, body }: GeneratedRequest): string {
  const text = body === null ? '' : ` ${body.subarray(0, 1000)}`;
  return `${method} ${url.slice(0, 1000)} ${JSON.stringify(headers).slice(0, 500)}${text}`;
}
