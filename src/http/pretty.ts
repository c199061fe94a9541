/**
 * `?pretty`: JSON answers indented, for people with curl. It is no parameter of an operation but of how an answer is
 * written, so it is taken off the query before that is validated. Only white space is added: numbers and texts stay as
 * they were written.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { invalidParameter } from '../errors.ts';

const JSON_TYPE = /^application\/([\w.-]+\+)?json\b/;
const VALUES: Record<string, boolean> = { '': true, true: true, 1: true, false: false, 0: false };
/** Pieces written before others have a turn: a page may hold megabytes. */
const TURN = 10_000;

/** Call before bodies and queries are looked at. */
export function addPretty(app: FastifyInstance): void {
  const wanted = new WeakSet<FastifyRequest>();
  app.addHook('preParsing', async (request) => {
    const query = (request.query ?? {}) as Record<string, unknown>;
    if (query.pretty === undefined || !answersJson(request)) return;
    const value = VALUES[`${query.pretty}`];
    if (value === undefined) throw invalidParameter('pretty', 'must be true or false, or stand alone');
    delete query.pretty;
    if (value) wanted.add(request);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const isText = typeof payload === 'string' || Buffer.isBuffer(payload);
    if (!isText || !wanted.has(request) || !JSON_TYPE.test(`${reply.getHeader('content-type')}`)) return payload;
    return `${await indented(payload.toString())}\n`;
  });
}

/** A stream or a file has a form of its own; there it stays an unknown parameter. */
function answersJson({ routeOptions }: FastifyRequest): boolean {
  const response = (routeOptions.schema?.response ?? {}) as Record<string, { content?: object }>;
  const types = Object.entries(response)
    .filter(([status]) => status.startsWith('2'))
    .flatMap(([, { content = {} }]) => Object.keys(content));
  return types.length === 0 || types.some((type) => JSON_TYPE.test(type));
}

/** JSON text with each member on a line of its own. */
export async function indented(json: string): Promise<string> {
  const indenter = new Indenter(json);
  while (!indenter.write(TURN)) await nextTurn();
  return indenter.text;
}

class Indenter {
  readonly #json: string;
  readonly #pieces: string[] = [];
  #at = 0;
  #depth = 0;

  constructor(json: string) {
    this.#json = json;
  }

  get text(): string {
    return this.#pieces.join('');
  }

  /** So many pieces more. True at the end. */
  write(most: number): boolean {
    for (let n = 0; n < most && this.#at < this.#json.length; n++) this.#piece();
    return this.#at >= this.#json.length;
  }

  #piece(): void {
    const [first, second] = [this.#json[this.#at]!, this.#json[this.#at + 1]];
    if (first === '"') this.#take(endOfString(this.#json, this.#at));
    else if ((first === '{' && second === '}') || (first === '[' && second === ']')) this.#take(this.#at + 2);
    else if (first === '{' || first === '[') this.#mark(`${first}${this.#line(1)}`);
    else if (first === '}' || first === ']') this.#mark(`${this.#line(-1)}${first}`);
    else if (first === ',') this.#mark(`,${this.#line(0)}`);
    else if (first === ':') this.#mark(': ');
    else if (/\s/.test(first)) this.#mark('');
    else this.#take(endOfWord(this.#json, this.#at));
  }

  #line(deeper: number): string {
    this.#depth += deeper;
    return `\n${'  '.repeat(Math.max(0, this.#depth))}`;
  }

  #mark(written: string): void {
    this.#pieces.push(written);
    this.#at++;
  }

  #take(end: number): void {
    this.#pieces.push(this.#json.slice(this.#at, end));
    this.#at = end;
  }
}

/** Beyond the quote that no odd number of backslashes stands before. */
function endOfString(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); quote !== -1; quote = json.indexOf('"', quote + 1)) {
    let before = quote;
    while (json[before - 1] === '\\') before--;
    if ((quote - before) % 2 === 0) return quote + 1;
  }
  return json.length;
}

/** Beyond a number, `true`, `false` or `null`. */
function endOfWord(json: string, start: number): number {
  let end = start + 1;
  while (end < json.length && /[^\s"{}[\],:]/.test(json[end]!)) end++;
  return end;
}
