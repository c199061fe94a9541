/** TCP connections of a listener: look at them, write to them, stall and close them. */
import { Type } from '@sinclair/typebox';
import type { Routes } from '../src/http/domain.ts';
import { empty, jsonContent, ListenerParams, responses } from '../src/http/operation.ts';
import {
  ConnectionListSchema,
  ConnectionPatchSchema,
  ConnectionSchema,
  PayloadSchema,
} from '../src/schemas/connection.ts';
import { WrittenSchema } from '../src/schemas/message.ts';
import { OneOf, Ref, strict } from '../src/schemas/parts.ts';
import { payloadBytes } from '../src/schemas/payload.ts';

const tags = ['Connections'];
const path = '/v1/listeners/:id/connections';

export const connections: Routes = async (app) => {
  const { registry } = app.domain;

  app.get(path, { schema: listSchema }, async (request) => ({ items: await registry.connections(request.params.id) }));

  app.post(`${path}/:cid/send`, { schema: sendSchema }, async (request) => {
    const { id, cid } = request.params;
    return { bytes: await registry.connectionSend(id, cid, payloadBytes(request.body), request.body.raw) };
  });

  app.patch(`${path}/:cid`, { schema: patchSchema }, async (request) => {
    const { id, cid } = request.params;
    return registry.connectionUpdate(id, cid, request.body);
  });

  app.delete(`${path}/:cid`, { schema: closeSchema }, async (request, reply) => {
    const { id, cid } = request.params;
    await registry.connectionClose(id, cid, request.query.mode ?? 'fin');
    return reply.code(204).send();
  });
};

const ConnectionParams = Type.Object({
  id: Type.String({ description: 'Id or name of the listener.', examples: ['shop'] }),
  cid: Type.String({ description: 'Id of the connection.', examples: ['c_1'] }),
});

const listSchema = {
  operationId: 'listConnections',
  tags,
  summary: 'List open connections',
  description: 'The TCP connections that are open now.',
  params: ListenerParams,
  response: responses({ 200: jsonContent(ConnectionListSchema, 'The connections.') }),
};

const sendSchema = {
  operationId: 'sendOnConnection',
  tags,
  summary: 'Write to a connection',
  description: 'Recorded as `out`.',
  params: ConnectionParams,
  body: Ref(PayloadSchema),
  response: responses({ 200: jsonContent(WrittenSchema, 'It was written.') }),
};

const patchSchema = {
  operationId: 'patchConnection',
  tags,
  summary: 'Stall or half-close a connection',
  description: '`reading: false` lets the peer meet a full window; `writing: false` sends FIN after what is queued.',
  consumes: ['application/json', 'application/merge-patch+json'],
  params: ConnectionParams,
  body: Ref(ConnectionPatchSchema),
  response: responses({ 200: jsonContent(ConnectionSchema, 'The connection as it is now.') }),
};

const closeSchema = {
  operationId: 'closeConnection',
  tags,
  summary: 'Close a connection',
  description: 'By FIN, or at once by RST.',
  params: ConnectionParams,
  querystring: Type.Object(
    { mode: Type.Optional(OneOf(['fin', 'rst'], { description: 'How it ends; default fin.' })) },
    strict,
  ),
  response: responses({ 204: empty('It is closed.') }),
};
