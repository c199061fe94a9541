/** The configuration file that brings these listeners back. */
import { configurationText } from '../src/config/write.ts';
import type { Routes } from '../src/http/domain.ts';
import { content, responses } from '../src/http/operation.ts';

export const configuration: Routes = async (app) => {
  app.get('/v1/export', { schema }, async (_request, reply) => {
    const { items } = await app.domain.registry.list({ labels: [], limit: Number.MAX_SAFE_INTEGER });
    return reply.type('application/yaml; charset=utf-8').send(configurationText(items));
  });
};

const schema = {
  operationId: 'exportConfiguration',
  tags: ['Operations'],
  summary: 'Export the configuration file',
  description: 'The listeners as a YAML file for `listenpost serve --config`; what equals a default is left out.',
  response: responses({ 200: content('application/yaml', 'The file.') }),
};
