/** Health: for orchestrators, without gate and token. */
import { Type } from '@sinclair/typebox';
import type { Routes } from '../src/http/domain.ts';
import { answers, json } from '../src/http/operation.ts';
import { strict } from '../src/schemas/parts.ts';
import { HealthSchema } from '../src/schemas/status.ts';

const tags = ['Operations'];

export const health: Routes = async (app) => {
  app.get('/livez', { schema: aliveSchema('getLivez') }, async () => ({ status: 'ok' }));
  app.get('/healthz', { schema: aliveSchema('getHealthz') }, async () => ({ status: 'ok' }));

  app.get('/readyz', { schema: readySchema }, async (request, reply) => {
    const { ready, checks } = await app.domain.status.readiness();
    const verbose = request.query.verbose !== undefined;
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'unavailable', ...(verbose ? { checks } : {}) });
  });
};

function aliveSchema(operationId: string) {
  return {
    operationId,
    tags,
    summary: 'Is it alive?',
    description: 'Answers as long as the process serves requests.',
    security: [],
    response: answers({ 200: json(HealthSchema, 'It is alive.') }),
  };
}

const readySchema = {
  operationId: 'getReadyz',
  tags,
  summary: 'Is it ready?',
  description: 'Ready once stored and configured listeners are up or failed, and not while shutting down.',
  security: [],
  querystring: Type.Object(
    { verbose: Type.Optional(Type.String({ description: 'Show each check.', examples: ['true'] })) },
    strict,
  ),
  response: answers({ 200: json(HealthSchema, 'It is ready.'), 503: json(HealthSchema, 'It is not ready.') }),
};
