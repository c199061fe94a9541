/** Metrics for Prometheus. */
import { Type } from '@sinclair/typebox';
import type { Routes } from '../src/http/domain.ts';
import { content, responses } from '../src/http/operation.ts';
import { OneOf, strict } from '../src/schemas/parts.ts';

export const metrics: Routes = async (app) => {
  app.get('/metrics', { schema }, async (request, reply) => {
    const all = request.query.all === 'true';
    return reply.type(app.metrics.contentType).send(await app.metrics.scrape({ all }));
  });
};

const schema = {
  operationId: 'getMetrics',
  tags: ['Operations'],
  summary: 'Metrics',
  description:
    'In the text format of Prometheus, read at the moment of the request. The oldest 200 listeners have series of their own, the ones beyond are summed by protocol as `listener="others"`, and `listenpost_listeners_summed` says how many they are.',
  querystring: Type.Object(
    {
      all: Type.Optional(
        OneOf(['true', 'false'], {
          default: 'false',
          description: 'Series of its own for every listener.',
          examples: ['false'],
        }),
      ),
    },
    strict,
  ),
  response: responses({ 200: content('text/plain', 'Metrics.') }),
};
