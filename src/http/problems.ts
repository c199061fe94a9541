/** Errors on their way out: every one is a problem document (RFC 9457); what is not meant for clients is logged and hidden. */
import type { FastifyBaseLogger, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { invalidParameter, PROBLEMS, type ProblemCode, ProblemError } from '../errors.ts';
import { PayloadError } from '../schemas/payload.ts';
import { discardBody } from './discard.ts';
import { ISOLATION } from './isolation.ts';
import { allowedMethods } from './methods.ts';

export const PROBLEM_TYPE = 'application/problem+json';
const MIB = 1024 ** 2;
/** Answers to a body that is still on its way. */
const REFUSED_BODY = new Set<number>([413, 415]);
/** What a problem is made from besides the error. */
type Asked = { method: string; url: string; routeOptions?: { bodyLimit?: number } };

/** Error and not-found handlers. Call before any route is added, or Fastify answers some errors in its own form. */
export function addProblems(app: FastifyInstance): void {
  const allowed = allowedMethods(app);
  app.setErrorHandler(async (error: unknown, request, reply) => {
    const problem = toProblem(error, request);
    if (REFUSED_BODY.has(problem.status)) await readOn(request, reply);
    return sendProblem(request, reply, problem);
  });
  app.setNotFoundHandler((request, reply) => {
    const methods = allowed(pathOf(request.url));
    if (methods.length > 0) reply.header('allow', methods.join(', '));
    return sendProblem(request, reply, methods.length > 0 ? wrongMethod(request, methods) : nothingThere(request));
  });
  // The router takes `GET /v1/sends/import` for the send of that id, which is a path of its own.
  app.addHook('preParsing', async (request, reply) => {
    const { is404, method, url, routeOptions } = request;
    if (is404 || routeOptions.url?.includes(':') !== true) return;
    const methods = allowed(pathOf(url));
    if (methods.includes(method)) return;
    reply.header('allow', methods.join(', '));
    throw wrongMethod(request, methods);
  });
}

/** Once the body has been read, the connection may stay. */
async function readOn({ raw }: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (await discardBody(raw)) reply.removeHeader('connection');
  else reply.header('connection', 'close');
}

/** Writes a problem document. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: ProblemError): FastifyReply {
  if (problem.code === 'internal') logInternal(request.log, request, problem);
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="listenpost"');
  if (problem.status === 429 || problem.status === 503) reply.header('retry-after', '1');
  return reply
    .code(problem.status)
    .headers(ISOLATION)
    .type(PROBLEM_TYPE)
    .send(problemDocument(problem, pathOf(request.url)));
}

/** The document as an object: members of `extra` first, so that none of them can hide ours. */
export function problemDocument(problem: ProblemError, instance: string): Record<string, unknown> {
  const { code, status, message: detail, errors, extra } = problem;
  const document = { ...extra, type: `/problems/${code}`, title: PROBLEMS[code].title, status, detail, instance, code };
  return errors === undefined ? document : { ...document, errors };
}

/** What a client may see of any error. */
export function toProblem(error: unknown, request?: Asked): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof PayloadError) return payloadProblem(error);
  const { code, statusCode, message } = error as Partial<FastifyError>;
  const made = code === undefined ? undefined : FROM_CODE[code]?.(message ?? '', request);
  if (made !== undefined) return made;
  if (isKnown(code)) return new ProblemError(code, message ?? '');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return byStatus(statusCode, message ?? '');
  return new ProblemError('internal', 'Something went wrong inside; the log says what.', { cause: error });
}

const FROM_CODE: Record<string, (message: string, request?: Asked) => ProblemError> = {
  FST_ERR_CTP_BODY_TOO_LARGE: (_message, request) => tooLarge(request?.routeOptions?.bodyLimit ?? 0),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: (_message, request) => wrongMediaType(request?.method),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => invalid('The body is not as long as Content-Length says.'),
  FST_ERR_MAX_PARAM_LENGTH: () => invalid('A part of the path is longer than any id or name.'),
  FST_ERR_BAD_URL: () => invalid('The path is not properly percent-encoded.'),
  cursor_ahead: (message) => invalidParameter('after', message.replace('`after` ', '')),
  cursor_invalid: (message, request) => wrongCursor(message, request?.url ?? ''),
  filter_invalid: (message) => wrongFilter(message),
  unknown_listener: () => new ProblemError('not_found', 'There is no such listener.'),
  unsupported: (message) => new ProblemError('unprocessable', message),
  limit_reached: (message) => new ProblemError('limit_reached', message),
  storage: (message) => new ProblemError('storage_full', message),
  export_gone: () => new ProblemError('gone', 'The export was given up; ask for it again.'),
  closed: () => new ProblemError('shutting_down', 'The service is shutting down.'),
};

/** Errors of worker threads carry a code of ours. */
function isKnown(code: string | undefined): code is ProblemCode {
  return code !== undefined && code !== 'internal' && Object.hasOwn(PROBLEMS, code);
}

function byStatus(status: number, message: string): ProblemError {
  const code = (Object.keys(PROBLEMS) as ProblemCode[]).find((name) => PROBLEMS[name].status === status);
  return new ProblemError(code ?? 'validation_failed', message);
}

/** The message begins with the cursor in quotes. */
function wrongCursor(message: string, url: string): ProblemError {
  const before = new URLSearchParams(url.slice(pathOf(url).length)).get('before');
  const name = before !== null && message.startsWith(JSON.stringify(before)) ? 'before' : 'after';
  return invalidParameter(name, `is not good: ${message}`);
}

/** The message begins with the name of the parameter, as in `regex: …`. */
function wrongFilter(message: string): ProblemError {
  const [, name, why] = /^(\w+): (.*)$/s.exec(message) ?? [];
  return name === undefined ? invalid(message) : invalidParameter(name, `is not good: ${why}`);
}

function payloadProblem(error: PayloadError): ProblemError {
  return new ProblemError('validation_failed', `/${error.field} ${error.message}`, {
    errors: [{ in: 'body', pointer: `/${error.field}`, detail: error.message }],
  });
}

/** @param limit in bytes; whole MiB are told as such. */
function tooLarge(limit: number): ProblemError {
  const shown = limit % MIB === 0 ? `${limit / MIB} MiB` : `${limit} bytes`;
  return new ProblemError('payload_too_large', `The body may have ${shown} at most.`);
}

export function wrongMediaType(method = 'POST'): ProblemError {
  const kinds = method === 'PATCH' ? 'application/json or application/merge-patch+json' : 'application/json';
  return new ProblemError(
    'unsupported_media_type',
    `The body must be ${kinds}: send it with Content-Type, or use curl --json.`,
  );
}

function invalid(detail: string): ProblemError {
  return new ProblemError('validation_failed', detail);
}

function wrongMethod(request: FastifyRequest, methods: string[]): ProblemError {
  return new ProblemError(
    'method_not_allowed',
    `${pathOf(request.url)} knows ${methods.join(', ')}, not ${request.method}.`,
  );
}

function nothingThere(request: FastifyRequest): ProblemError {
  return new ProblemError('not_found', `There is nothing at ${request.method} ${pathOf(request.url)}; see /docs.`);
}

function logInternal(log: FastifyBaseLogger, request: FastifyRequest, problem: ProblemError): void {
  const err = problem.cause ?? problem;
  log.error({ err, method: request.method, route: request.routeOptions.url }, 'a request failed inside');
}

/** The path of a URL, without the query: it may hold what somebody searches for. */
export function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

/** `/v1/listeners/` means `/v1/listeners`; the pages of /docs have relative links, so there a slash means something. */
export function withoutLastSlash(url: string): string {
  const path = pathOf(url);
  if (!path.endsWith('/') || path.startsWith('/docs/')) return url;
  return (path.replace(/\/+$/, '') || '/') + url.slice(path.length);
}
