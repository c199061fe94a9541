/** Requests out of the OpenAPI document, from a seed: a third as documented, a third almost, a third hostile. */
import { type Document, type Operation, operationsOf, type Parameter, type Schema } from './document.ts';
import type { Random } from './random.ts';
import { HOSTILE_TEXTS, Values } from './values.ts';

export type GeneratedRequest = { method: string; url: string; headers: Record<string, string>; body: Buffer | null };
type Intent = 'right' | 'nearlyRight' | 'hostile';

/** Operations that end what the others need come seldom. */
const SELDOM: Record<string, number> = { reset: 0.05, deleteListeners: 0.2, deleteListener: 0.3, clearMessages: 0.3 };
const NAMES = ['statsd', 'box', 'shop', 'nobody'];
const JSON_TYPE = 'application/json';
/** What keeps something there to ask for, now and then. */
const STANDING: readonly [method: string, url: string, body: object][] = [
  ['PUT', '/v1/listeners/statsd', { protocol: 'udp', responder: { type: 'echo' } }],
  ['PUT', '/v1/listeners/box', { protocol: 'tcp', responder: { type: 'upper' }, tcp: { framing: { type: 'line' } } }],
  ['PUT', '/v1/listeners/shop', { protocol: 'udp', labels: { suite: 'smoke' }, host: '::1' }],
  ['POST', '/v1/sends', { protocol: 'udp', to: { listener: 'statsd' }, text: 'Hola', expectReply: {}, from: 'statsd' }],
  ['POST', '/v1/sends', { protocol: 'tcp', to: { listener: 'box' }, json: { user: { id: 7 } }, count: 3 }],
  ['POST', '/v1/sends', { protocol: 'udp', to: { listener: 'shop' }, hex: '48 00 ff', count: 20 }],
];
const TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'application/json;charset=latin1',
  'image/*',
  ';',
  'x',
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'M-SEARCH'];
const BODIES: readonly (string | Buffer)[] = [
  '',
  '{',
  'null',
  '[]',
  '"text"',
  '{"protocol":"udp","protocol":"tcp"}',
  '\ufeff{}',
  '{"__proto__":{"protocol":"udp"}}',
  '{"protocol":"udp","port":1e999}',
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`,
  `{"protocol":"udp","name":"${'n'.repeat(100_000)}"}`,
  Buffer.of(0x22, 0xff, 0xfe, 0x22),
  Buffer.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3),
];
const HEADERS: readonly Record<string, string>[] = [
  { host: 'evil.example' },
  { host: '' },
  { origin: 'null' },
  { origin: 'http://evil.example' },
  { 'sec-fetch-site': 'cross-site' },
  { 'content-encoding': 'gzip' },
  { 'content-type': 'application/json' },
  { 'last-event-id': 'x'.repeat(5000) },
  { 'last-event-id': '999999999999999999999' },
  { 'idempotency-key': 'k'.repeat(300) },
  { authorization: 'Bearer ' },
  { expect: 'tea' },
  { accept: 'image/png' },
  { 'x-http-method-override': 'DELETE' },
  { range: 'bytes=0-1' },
  { 'if-none-match': '*' },
  { connection: 'close' },
];

export class Requests {
  readonly #operations: Operation[];
  readonly #values: Values;
  readonly #random: Random;
  readonly #known: Record<string, string[]> = {
    id: [...NAMES],
    send: [],
    cid: ['c_1', 'c_2'],
    code: ['not_found'],
  };

  constructor(document: Document, random: Random) {
    this.#operations = operationsOf(document);
    this.#values = new Values(document, random);
    this.#random = random;
  }

  /** Ids that an answer gave are asked for later. */
  learn(location: string): void {
    const ids = location.startsWith('/v1/sends') ? this.#known.send! : this.#known.id!;
    ids.push(location.split('/').at(-1)!);
    if (ids.length > 10) ids.splice(ids === this.#known.id ? NAMES.length : 0, 1);
  }

  next(): GeneratedRequest {
    if (this.#random.chance(0.1)) return standing(...this.#random.pick(STANDING));
    const operation = this.#operation();
    const intent = this.#random.pick<Intent>(['right', 'nearlyRight', 'hostile']);
    const request = this.#request(operation, intent);
    return intent === 'hostile' ? this.#twisted(request) : request;
  }

  #operation(): Operation {
    for (;;) {
      const operation = this.#random.pick(this.#operations);
      if (this.#random.chance(SELDOM[operation.operationId] ?? 1)) return operation;
    }
  }

  #request({ method, path, parameters, requestBody }: Operation, intent: Intent): GeneratedRequest {
    const places = { path, query: new URLSearchParams(), headers: {} as Record<string, string> };
    const spoilt = intent === 'nearlyRight' ? this.#random.below(parameters.length + 1) : -1;
    for (const [i, parameter] of parameters.entries()) {
      this.#place(parameter, i === spoilt ? 'nearlyRight' : 'right', places);
    }
    const { query, headers } = places;
    const bodyIntent = intent === 'nearlyRight' && spoilt < parameters.length ? 'right' : intent;
    const [type, body] = requestBody === undefined ? [null, null] : this.#body(requestBody.content, bodyIntent);
    if (type !== null) headers['content-type'] = type;
    return { method, url: query.size === 0 ? places.path : `${places.path}?${query}`, headers, body };
  }

  #place(
    { name, in: place, required, schema }: Parameter,
    intent: Intent,
    places: { path: string; query: URLSearchParams; headers: Record<string, string> },
  ): void {
    const isWrong = intent !== 'right';
    if (place !== 'path' && !isWrong && required !== true && !this.#random.chance(0.15)) return;
    const known = this.#known[places.path.startsWith('/v1/sends/{id}') ? 'send' : name] ?? [];
    const value = isWrong ? this.#values.nearlyRight(schema, name) : this.#values.right(schema, name);
    const texts = [value].flat().map((one) => (typeof one === 'object' ? JSON.stringify(one) : String(one)));
    if (place === 'path') {
      const text = known.length > 0 && !isWrong ? this.#random.pick(known) : (texts[0] ?? '');
      places.path = places.path.replace(`{${name}}`, encodeURIComponent(text.toWellFormed().slice(0, 300)));
    } else if (place === 'query') for (const text of texts) places.query.append(name, text.slice(0, 3000));
    else places.headers[name] = headerText(texts[0] ?? '');
  }

  #body(content: Record<string, { schema: Schema }>, intent: Intent): [string, Buffer] {
    const random = this.#random;
    const type = random.pick(Object.keys(content));
    if (!type.endsWith('json') || type.includes('ndjson')) return [type, this.#file(intent)];
    if (intent === 'hostile' && random.chance(0.5)) return [type, Buffer.from(random.pick(BODIES))];
    const { schema } = content[type]!;
    const value = intent === 'right' ? this.#values.right(schema) : this.#values.nearlyRight(schema);
    return [type, Buffer.from(JSON.stringify(value) ?? '')];
  }

  /** Lines, or a pcap header and noise. */
  #file(intent: Intent): Buffer {
    const lines = Buffer.from('{"text":"a"}\n{"kind":"gap"}\n{"hex":"00ff"}\n');
    if (intent === 'right') return lines;
    const header = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');
    const section = Buffer.from('0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000', 'hex');
    const start = this.#random.pick([lines, header, section, Buffer.of(0x1f, 0x8b)]);
    return Buffer.concat([start, this.#random.bytes(this.#random.below(200))]);
  }

  /** A request with the method, the path, the headers or the body of another. */
  #twisted(request: GeneratedRequest): GeneratedRequest {
    const random = this.#random;
    const way = random.below(5);
    if (way === 0) return { ...request, method: random.pick(METHODS) };
    if (way === 1) return { ...request, headers: { ...request.headers, ...random.pick(HEADERS) } };
    if (way === 2) return { ...request, headers: { ...request.headers, 'content-type': random.pick(TYPES) } };
    if (way === 3)
      return { ...request, headers: { 'content-type': JSON_TYPE }, body: Buffer.from(random.pick(BODIES)) };
    const text = encodeURIComponent(random.pick(HOSTILE_TEXTS).toWellFormed().slice(0, 500));
    const paths = [
      `${request.url}/${text}`,
      `/v1/${text}`,
      `${request.url}%`,
      `/docs/${text}`,
      `//${text}`,
      `${request.url}?${text}`,
    ];
    return { ...request, url: random.pick(paths) };
  }
}

function standing(method: string, url: string, body: object): GeneratedRequest {
  return { method, url, headers: { 'content-type': JSON_TYPE }, body: Buffer.from(JSON.stringify(body)) };
}

/** What a header may carry. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 4000);
}
