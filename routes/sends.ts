/** Sends: transmissions on demand. */
import { Type } from '@sinclair/typebox';
import type { Routes } from '../src/http/domain.ts';
import { listPage } from '../src/http/lists.ts';
import { jsonContent, responses } from '../src/http/operation.ts';
import { Ref, strict } from '../src/schemas/parts.ts';
import { listParameters } from '../src/schemas/query.ts';
import { SendPageSchema, SendRequestSchema, SendSchema } from '../src/schemas/send.ts';

const tags = ['Sends'];
const path = '/v1/sends';

export const sends: Routes = async (app) => {
  const { sends } = app.domain;

  app.post(path, { schema: createSchema }, async (request, reply) => {
    const idempotencyKey = request.headers['idempotency-key'];
    const options = idempotencyKey === undefined ? {} : { idempotencyKey };
    const { status, replayed, send } = await sends.create(request.body, options);
    if (replayed) reply.header('idempotency-replayed', 'true');
    return reply.code(status).header('location', `${path}/${send.id}`).send(send);
  });

  app.get(path, { schema: listSchema }, async (request, reply) => {
    const { limit = 100, cursor } = request.query;
    return listPage(request, reply, sends.list(cursor === undefined ? { limit } : { limit, cursor }));
  });

  app.get(`${path}/:id`, { schema: getSchema }, async (request) => sends.get(request.params.id));

  app.delete(`${path}/:id`, { schema: cancelSchema }, async (request) => sends.cancel(request.params.id));
};

const SendParams = Type.Object({ id: Type.String({ description: 'Id of the send.', examples: ['s_0000000001'] }) });

const createSchema = {
  operationId: 'createSend',
  tags,
  summary: 'Send',
  description:
    '201 with the result; 202 when rate, interval, duration or a delay makes it long. What is known before anything leaves is an error; what the network says is in the result.',
  headers: Type.Object({
    'idempotency-key': Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 255,
        description: 'The same key and body gets the first answer again.',
        examples: ['3f9c'],
      }),
    ),
  }),
  body: Ref(SendRequestSchema),
  response: responses({
    201: jsonContent(SendSchema, 'It is done.'),
    202: jsonContent(SendSchema, 'It goes on; GET shows how far it is.'),
  }),
};

const listSchema = {
  operationId: 'listSends',
  tags,
  summary: 'List sends',
  description: 'Newest first; the newest 1,000 are kept.',
  querystring: Type.Object(listParameters, strict),
  response: responses({ 200: jsonContent(SendPageSchema, 'A page of sends.') }),
};

const getSchema = {
  operationId: 'getSend',
  tags,
  summary: 'Get one send',
  description: 'How far it is, and its result.',
  params: SendParams,
  response: responses({ 200: jsonContent(SendSchema, 'The send.') }),
};

const cancelSchema = {
  operationId: 'cancelSend',
  tags,
  summary: 'Cancel a send',
  description: 'Nothing more leaves once it has answered. A send that is done stays as it is.',
  params: SendParams,
  response: responses({ 200: jsonContent(SendSchema, 'The send.') }),
};
