/** Bodies on their way in: JSON only, so that no web form can write; well-formed UTF-8; PATCH also as a merge patch. */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ProblemError } from '../errors.ts';
import { parseJson, TooDeepError } from '../json/parse.ts';
import { wrongMediaType } from './problems.ts';
import { keepSource, takeSourceText } from './source-text.ts';

const JSON_TYPE = 'application/json';
const MERGE_PATCH = 'application/merge-patch+json';
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Replaces Fastify's parsers, and refuses bodies where a route takes none. */
export function addBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>(
    [JSON_TYPE, MERGE_PATCH],
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      if (request.method !== 'PATCH' && !isPlainJson(request.headers['content-type'])) {
        throw wrongMediaType(request.method);
      }
      return parseBody(body);
    },
  );
  app.addContentTypeParser('*', async ({ headers, method, is404, raw }: FastifyRequest) => {
    if (is404 || (headers['content-type'] === undefined && (await isEmpty(raw)))) return undefined;
    throw wrongMediaType(method);
  });
  app.addHook('preValidation', async ({ body, routeOptions, is404 }) => {
    if (is404) return;
    const wanted = routeOptions.schema?.body !== undefined;
    if (wanted && body === undefined) throw bodyProblem('is missing; send JSON');
    if (!wanted && body !== undefined && !isEmptyObject(body)) throw bodyProblem('is not expected here');
  });
  app.addHook('preHandler', async ({ body }) => takeSourceText(body));
}

/** A chunked body may turn out to be none, which needs no type. One that breaks off is not empty. */
async function isEmpty(request: IncomingMessage): Promise<boolean> {
  try {
    for await (const _chunk of request.iterator({ destroyOnReturn: false })) return false;
    return true;
  } catch {
    return false;
  }
}

/** An empty body is none. */
function parseBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    const text = utf8.decode(body);
    const parsed = parseJson(text);
    keepSource(parsed, text);
    return parsed;
  } catch (error) {
    if (error instanceof TooDeepError) throw bodyProblem(error.message);
    throw bodyProblem(error instanceof SyntaxError ? `is not JSON: ${error.message}` : 'is not UTF-8');
  }
}

function bodyProblem(detail: string): ProblemError {
  return new ProblemError('validation_failed', `The body ${detail}.`, {
    errors: [{ in: 'body', pointer: '', detail }],
  });
}

function isPlainJson(contentType = ''): boolean {
  return contentType.split(';', 1)[0]!.trim().toLowerCase() === JSON_TYPE;
}

function isEmptyObject(body: unknown): boolean {
  return typeof body === 'object' && body !== null && Object.keys(body).length === 0;
}
