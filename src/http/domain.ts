/** What routes find on the Fastify instance. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Domain } from '../domain.ts';
import type { HttpConnections } from './http-connections.ts';
import type { Metrics } from './metrics.ts';
import type { Streams } from './streams/streams.ts';

declare module 'fastify' {
  interface FastifyInstance {
    domain: Domain;
    streams: Streams;
    connections: HttpConnections;
    metrics: Metrics;
    /** Of the program. */
    programVersion: string;
    /** Requests must carry a token. */
    needsToken: boolean;
    /** Aborted when the service begins to close: waits answer, streams end. */
    closing: AbortSignal;
  }
}

/** A resource: one small plugin. */
export type Routes = FastifyPluginAsyncTypebox;
