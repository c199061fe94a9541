/**
 * The gate: who may ask at all. Three doors, each against another intruder: the Host check stops a web page whose name
 * was rebound to this address, the Origin check stops any other web page (and Sec-Fetch-Site where a browser sends no
 * Origin), the token stops everybody else.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../errors.ts';
import { pathOf } from './problems.ts';

export type GateOptions = {
  /** Bearer token that requests must carry; null asks for none. */
  token: string | null;
  /** Host names served beside loopback. */
  allowHost: readonly string[];
  /** Origins served beside our own, e.g. `https://tests.example`. */
  allowOrigin: readonly string[];
};

/** Probes of an orchestrator come by address and without a token; what they learn is how the service is. */
const OPEN = /^\/(livez|readyz|healthz)$/;
/** The pages themselves hold no data. */
const PAGES = /^\/(docs(\/.*)?|openapi\.(json|yaml)|problems\/.*)?$/;

const OTHER_SITE = /cross-site|same-site/i;

const EXPOSED = 'Link, Location, Retry-After, Idempotency-Replayed';
const PREFLIGHT = {
  'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
  'access-control-allow-headers': 'Authorization, Content-Type, Idempotency-Key, Last-Event-ID',
  'access-control-allow-private-network': 'true',
  'access-control-max-age': '600',
};

/** Puts the gate before every request, those to unknown paths included. */
export function addGate(app: FastifyInstance, options: GateOptions): void {
  const carriesToken = tokenCheck(options.token);
  const hosts = new Set(options.allowHost.map((host) => hostName(host)));
  const origins = new Set(options.allowOrigin.map(normalOrigin));

  app.addHook('onRequest', async (request, reply) => {
    const path = pathOf(request.url);
    checkHostLine(request.raw);
    if (OPEN.test(path)) return;
    const trusted = carriesToken(request.headers.authorization);
    const preflight = isPreflight(request);
    checkOrigin(request, reply, origins);
    checkSite(request, path);
    if (options.token !== null && !trusted && !preflight && !PAGES.test(path)) throw unauthorized();
    // A preflight can't carry the token that would excuse its Host; the request after it must.
    if (!trusted && !(preflight && options.token !== null)) checkHost(request.headers.host, hosts);
    if (preflight && reply.hasHeader('access-control-allow-origin')) return reply.code(204).headers(PREFLIGHT).send();
  });
}

/** Compares in constant time; digests make the lengths equal. */
function tokenCheck(token: string | null): (authorization: string | undefined) => boolean {
  if (token === null) return () => false;
  const expected = digest(token);
  return (authorization = '') => {
    const given = /^Bearer +(.+)$/i.exec(authorization)?.[1] ?? '';
    return timingSafeEqual(digest(given.trim()), expected);
  };
}

function checkHost(host: string | undefined, allowed: ReadonlySet<string>): void {
  const name = hostName(host ?? '');
  if (isLoopback(name) || allowed.has(name)) return;
  throw new ProblemError(
    'host_not_allowed',
    `Host ${host ?? '(none)'} is not served: use localhost, or start with --allow-host ${name || 'ci.example'}.`,
  );
}

function checkOrigin(request: FastifyRequest, reply: FastifyReply, allowed: ReadonlySet<string>): void {
  const { origin, host } = request.headers;
  if (origin === undefined) return;
  reply.header('vary', 'Origin');
  if (origin !== 'null' && allowed.has(normalOrigin(origin))) {
    reply.headers({ 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED });
  } else if (!isSameOrigin(origin, host ?? '')) {
    throw new ProblemError(
      'origin_not_allowed',
      origin === 'null'
        ? 'Origin null (a file, or a sandboxed frame) is never served: serve the page from an origin of its own.'
        : `Origin ${origin} is not served: pages of other origins need --allow-origin ${origin}.`,
    );
  }
}

/**
 * Browsers send no Origin with what a page embeds (`<script src>`, images, frames), yet they say from where. Only a link
 * may come from elsewhere, and lead to the pages alone: they hold no data and can't be framed.
 */
function checkSite({ method, headers }: FastifyRequest, path: string): void {
  const site = headers['sec-fetch-site'];
  if (headers.origin !== undefined || typeof site !== 'string' || !OTHER_SITE.test(site)) return;
  const isLink = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  if (isLink && /^(GET|HEAD)$/.test(method) && PAGES.test(path)) return;
  throw new ProblemError(
    'origin_not_allowed',
    'A page of another origin asked, without saying which (Sec-Fetch-Site): have it use fetch with mode "cors", and start with its origin, e.g. --allow-origin https://tests.example.',
  );
}

/** HTTP/1.1 wants exactly one Host (RFC 9112, section 3.2); with two of them, who reads which? */
function checkHostLine({ httpVersion, rawHeaders }: IncomingMessage): void {
  const lines = rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === 'host').length;
  if (lines === 1 || (lines === 0 && httpVersion === '1.0')) return;
  throw new ProblemError('validation_failed', `A request has one Host header, this one has ${lines || 'none'}.`, {
    errors: [{ in: 'header', pointer: 'host', detail: lines === 0 ? 'is required' : 'is there more than once' }],
  });
}

/** Whether an Origin is the page's own: the same host and port as the request went to. */
function isSameOrigin(origin: string, host: string): boolean {
  const url = URL.parse(origin);
  if (url === null || !/^https?:$/.test(url.protocol)) return false;
  const own = URL.parse(`${url.protocol}//${host}`);
  return own !== null && hostName(own.host) === hostName(url.host) && own.port === url.port;
}

/** A Host without its port, IPv6 brackets, one trailing dot and case. */
export function hostName(host: string): string {
  const match = /^\[([^\]]*)\](?::\d*)?$/.exec(host) ?? /^([^:]*)(?::\d*)?$/.exec(host);
  const name = match?.[1] ?? host;
  return name.replace(/\.$/, '').toLowerCase();
}

/** 127.0.0.0/8, ::1 and localhost, compared whole. */
function isLoopback(name: string): boolean {
  if (name === 'localhost' || name === '::1') return true;
  const parts = /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(name);
  return parts?.slice(1).every((part) => Number(part) <= 255) ?? false;
}

function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

function normalOrigin(origin: string): string {
  const url = URL.parse(origin);
  return url === null || url.origin === 'null' ? origin.toLowerCase() : url.origin;
}

function unauthorized(): ProblemError {
  return new ProblemError('unauthorized', 'Send the token as Authorization: Bearer <token>.');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
