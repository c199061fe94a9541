/** Metrics for Prometheus. */

import type { Routes } from '../src/http/domain.ts';
import { answers, content } from '../src/http/operation.ts';

export const metrics: Routes = async (app) => {
  app.get('/metrics', { schema }, async (_request, reply) => {
    return reply.type(app.metrics.contentType).send(await app.metrics.scrape());
  });
};

const schema = {
  operationId: 'getMetrics',
  tags: ['Operations'],
  summary: 'Metrics',
  description: 'In the text format of Prometheus, read at the moment of the request.',
  response: answers({ 200: content('text/plain', 'Metrics.') }),
};
