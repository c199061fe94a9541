/** The HTTP face of a domain as a function: nothing here spawns, binds or reads the environment on import. */
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { addRoutes } from '../routes/index.ts';
import type { Domain } from './domain.ts';
import { ProblemError } from './errors.ts';
import { addBodies } from './http/bodies.ts';
import { addEncodings } from './http/encodings.ts';
import { HttpConnections } from './http/http-connections.ts';
import { addIsolation } from './http/isolation.ts';
import { Metrics } from './http/metrics.ts';
import { addOpenApi } from './http/openapi.ts';
import { addGate, type GateOptions } from './http/origin-guard.ts';
import { addPretty } from './http/pretty.ts';
import { addProblems, pathOf, sendProblem, toProblem, withoutLastSlash } from './http/problems.ts';
import { addQueryEncoding } from './http/query-encoding.ts';
import { createApiServer, type ServerLimits } from './http/servers.ts';
import { addStarting } from './http/startup-barrier.ts';
import type { StreamLimits } from './http/streams/sse.ts';
import { Streams } from './http/streams/streams.ts';
import { buildValidator, formatErrors } from './http/validation.ts';
import { answerBrokenRequest } from './http/wire.ts';
import { stringifyRaw } from './json/raw.ts';
import { NAMED_SCHEMAS } from './schemas/index.ts';

export type AppOptions = GateOptions & {
  /** Of the program, shown in /v1/info and the OpenAPI document. */
  version: string;
  /** Bytes of a request body at most. */
  bodyLimit?: number;
  /** Milliseconds that requests wait for a service that starts; tests shorten it. */
  startPatience?: number;
  /** What a slow stream client is granted; tests shorten it. */
  streams?: StreamLimits;
  /** What a client is granted that asks for nothing; tests shorten it. */
  limits?: ServerLimits;
};
export type AppParts = { domain: Domain; options: AppOptions; logger: FastifyBaseLogger };

/** Milliseconds at shutdown for what is under way: streams hand over what is left, exports and bodies end or are cut. */
const LAST_WORDS = 2000;
const BODY_LIMIT = 32 * 1024 ** 2;

/** Builds the app, ready to listen or to inject requests. Closing it ends streams and waits; the domain is the caller's. */
export async function buildApp({ domain, options, logger }: AppParts): Promise<FastifyInstance> {
  const connections = new HttpConnections();
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.bodyLimit ?? BODY_LIMIT,
    return503OnClosing: false,
    rewriteUrl: ({ url = '/' }) => withoutLastSlash(url),
    serverFactory: (handle) => createApiServer(handle, connections, options.limits),
    schemaController: { compilersFactory: { buildValidator } },
    schemaErrorFormatter: formatErrors,
    frameworkErrors: (error, request, reply) => sendProblem(request, reply, toProblem(error)),
    clientErrorHandler: answerBrokenRequest,
  });
  // Answers are ours and right; a serializer by schema would drop what a schema forgot.
  app.setSerializerCompiler(() => stringifyRaw);
  for (const schema of NAMED_SCHEMAS) app.addSchema(schema);
  addIsolation(app);
  addProblems(app);
  addClosing(app, domain, options.streams);
  app.decorate('domain', domain).decorate('connections', connections).decorate('programVersion', options.version);
  app.decorate('needsToken', options.token !== null);
  addGate(app, options);
  addStarting(app, domain.status, options.startPatience);
  addEncodings(app);
  addPretty(app);
  addBodies(app);
  addQueryEncoding(app);
  addStrictQueries(app);
  addRequestLog(app, domain);
  addOpenApi(app, options.version);
  addRoutes(app);
  await app.ready();
  return app;
}

/** Once the service stops, nothing new begins; streams and waits end before the server closes, or it would wait for them. */
function addClosing(app: FastifyInstance, domain: Domain, limits?: StreamLimits): void {
  const closing = new AbortController();
  const streams = new Streams(domain.journal, limits);
  app.decorate('closing', closing.signal).decorate('streams', streams);
  app.addHook('onRequest', async ({ url }) => {
    if (!domain.status.stopping.aborted && !closing.signal.aborted) return;
    if (!/^\/(livez|readyz|healthz)$/.test(pathOf(url))) {
      throw new ProblemError('shutting_down', 'The service is shutting down.');
    }
  });
  // Or a client that keeps its connection would keep the server.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (closing.signal.aborted) reply.header('connection', 'close');
    done(null, payload);
  });
  app.addHook('preClose', async () => {
    closing.abort();
    await Promise.all([streams.close(LAST_WORDS), app.connections.close(LAST_WORDS)]);
  });
}

/** Unknown query parameters are refused also where a route knows none. */
function addStrictQueries(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    if (route.schema?.operationId !== undefined)
      route.schema.querystring ??= { type: 'object', properties: {}, additionalProperties: false };
  });
}

/** Observes every answer; the log line has neither query nor body: those may hold payload. */
function addRequestLog(app: FastifyInstance, domain: Domain): void {
  const metrics = new Metrics(domain, {
    streams: () => app.streams.totals(),
    connections: () => app.connections.totals(),
  });
  app.decorate('metrics', metrics);
  app.addHook('onResponse', async (request, { statusCode: status, elapsedTime }) => {
    const { method, routeOptions } = request;
    const route = routeOptions.url ?? 'unknown';
    metrics.observeRequest({ method, route, status, seconds: elapsedTime / 1000 });
    request.log.debug({ method, route, status, ms: Math.round(elapsedTime * 10) / 10 }, 'request');
  });
}
