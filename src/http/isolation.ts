/**
 * What every answer says to browsers: it is of the type it names, and pages of other origins may not embed it. Without
 * these a page could read a captured payload as a script (`<script src>`), which sends no Origin.
 */
import type { FastifyInstance } from 'fastify';

export const ISOLATION = {
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** Call before any other hook, so that refusals and streams carry them too. */
export function addIsolation(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(ISOLATION);
  });
}
