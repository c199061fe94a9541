/** What the service is and does: version and policy, threads, and the way back to an empty service. */
import type { Routes } from '../src/http/domain.ts';
import { empty, jsonContent, responses } from '../src/http/operation.ts';
import { InfoSchema, WorkersSchema } from '../src/schemas/status.ts';

const tags = ['Operations'];

export const status: Routes = async (app) => {
  const { registry, sends, status } = app.domain;

  app.get('/v1/info', { schema: infoSchema }, async () => ({ version: app.programVersion, ...status.info() }));

  app.get('/v1/workers', { schema: workersSchema }, async () => status.workers());

  app.post('/v1/reset', { schema: resetSchema }, async (_request, reply) => {
    await registry.reset();
    await sends.clear();
    return reply.code(204).send();
  });
};

const infoSchema = {
  operationId: 'getInfo',
  tags,
  summary: 'Version, limits and policy',
  description: 'What this service is and what it allows.',
  response: responses({ 200: jsonContent(InfoSchema, 'About this service.') }),
};

const workersSchema = {
  operationId: 'getWorkers',
  tags,
  summary: 'Worker threads',
  description: 'Pools, their threads, and what each does.',
  response: responses({ 200: jsonContent(WorkersSchema, 'The threads.') }),
};

const resetSchema = {
  operationId: 'reset',
  tags,
  summary: 'Remove everything',
  description: 'Listeners, messages, sends and running waits are gone.',
  response: responses({ 204: empty('The service is empty.') }),
};
