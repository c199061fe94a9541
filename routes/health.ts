/** Health: for orchestrators, without gate and token. */
import { Type } from '@sinclair/typebox';
import type { Routes } from '../src/http/domain.ts';
import { jsonContent, responses } from '../src/http/operation.ts';
import { strict } from '../src/schemas/parts.ts';
import { HealthSchema } from '../src/schemas/status.ts';

const tags = ['Operations'];

export const health: Routes = async (app) => {
  app.get('/livez', { schema: aliveSchema('getLivez') }, async () => ({ status: 'ok' }));
  app.get('/healthz', { schema: aliveSchema('getHealthz') }, async () => ({ status: 'ok' }));

  app.get('/readyz', { schema: readySchema }, async (request, reply) => {
    const { ready, checks } = await app.domain.status.readiness();
    const shown = request.query.verbose === undefined ? {} : { checks };
    if (ready) return { status: 'ok', ...shown };
    return reply.code(503).send({ status: 'unavailable', detail: checks.find(({ ok }) => !ok)?.detail, ...shown });
  });
};

function aliveSchema(operationId: string) {
  return {
    operationId,
    tags,
    summary: 'Is it alive?',
    description: 'Answers as long as the process serves requests.',
    security: [],
    response: responses({ 200: jsonContent(HealthSchema, 'It is alive.') }),
  };
}

const readySchema = {
  operationId: 'getReadyz',
  tags,
  summary: 'Is it ready?',
  description:
    'Ready once stored and configured listeners are up or failed, and not while shutting down. Until then requests below /v1 wait, up to ten seconds.',
  security: [],
  querystring: Type.Object(
    { verbose: Type.Optional(Type.String({ description: 'Show each check.', examples: ['true'] })) },
    strict,
  ),
  response: responses({
    200: jsonContent(HealthSchema, 'It is ready.'),
    503: jsonContent(HealthSchema, 'It is not ready.'),
  }),
};
