/** Listeners: make, find, change, delete. */
import { type Static, Type } from '@sinclair/typebox';
import { invalidField, invalidParameter } from '../src/errors.ts';
import type { Routes } from '../src/http/domain.ts';
import { listPage } from '../src/http/lists.ts';
import { commaList, duration, labelPairs } from '../src/http/messages/filters.ts';
import { empty, jsonContent, ListenerParams, responses } from '../src/http/operation.ts';
import { listenerNumber } from '../src/records/ids.ts';
import { type ListenerSpec, ListenerSpecSchema, REF_PATTERN } from '../src/schemas/listener.ts';
import { LISTENER_STATES, type ListenerState } from '../src/schemas/listener-states.ts';
import {
  ListenerPageSchema,
  ListenerPatchSchema,
  ListenerPutSchema,
  ListenerSchema,
  READ_ONLY,
  RemovedSchema,
} from '../src/schemas/listener-view.ts';
import { OneOf, QueryDuration, Ref, strict } from '../src/schemas/parts.ts';
import { labelParameter, listParameters } from '../src/schemas/query.ts';

const tags = ['Listeners'];
const path = '/v1/listeners';

export const listeners: Routes = async (app) => {
  const { registry } = app.domain;

  app.post(path, { schema: createSchema }, async (request, reply) => {
    const listener = await registry.create(request.body);
    return reply.code(201).header('location', `${path}/${listener.id}`).send(listener);
  });

  app.get(path, { schema: listSchema }, async (request, reply) => {
    return listPage(request, reply, await registry.list(listQuery(request.query)));
  });

  app.delete(path, { schema: deleteManySchema }, async (request) => {
    const labels = labelPairs(request.query.label);
    if (labels.length === 0) throw invalidParameter('label', 'is required: say which listeners to delete');
    return registry.removeWhere(labels);
  });

  app.get(`${path}/:id`, { schema: getSchema }, async (request) => registry.get(request.params.id));

  app.patch(`${path}/:id`, { schema: patchSchema }, async (request) => registry.patch(request.params.id, request.body));

  app.put(`${path}/:id`, { schema: putSchema }, async (request, reply) => {
    const { id: name } = request.params;
    const spec = specOf(name, request.body);
    const { created, listener } = await registry.put(name, spec, { replace: request.query.replace ?? false });
    if (created) reply.code(201).header('location', `${path}/${listener.id}`);
    return listener;
  });

  app.delete(`${path}/:id`, { schema: deleteSchema }, async (request, reply) => {
    const { mode = 'fin', drain = 0 } = request.query;
    await registry.remove(request.params.id, { mode, drain: duration('drain', drain) });
    return reply.code(204).send();
  });
};

function listQuery(query: Static<typeof ListQuerySchema>) {
  const { limit = 100, cursor } = query;
  const protocol = words('protocol', query.protocol, ['udp', 'tcp']);
  const state = words<ListenerState>('state', query.state, LISTENER_STATES);
  return {
    labels: labelPairs(query.label),
    limit,
    ...(cursor === undefined ? {} : { cursor }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(state === undefined ? {} : { state }),
  };
}

/** A comma list whose words are all known. */
function words<W extends string>(name: string, text: string | undefined, known: readonly W[]): W[] | undefined {
  const list = commaList(text);
  const unknown = list?.find((word) => !(known as readonly string[]).includes(word));
  if (unknown !== undefined) throw invalidParameter(name, `must be among ${known.join(', ')}, not ${unknown}`);
  return list as W[] | undefined;
}

/** A PUT body without what only a GET shows. A name in the path is the listener's; by id it keeps its own. */
function specOf(ref: string, body: ListenerSpec): ListenerSpec {
  const isName = listenerNumber(ref) === undefined;
  if (isName && typeof body.name === 'string' && body.name !== ref) {
    throw invalidField('/name', `must be ${ref}, as in the path`);
  }
  const entries = Object.entries(body).filter(([key]) => !READ_ONLY.includes(key));
  const spec = Object.fromEntries(entries) as ListenerSpec;
  return isName ? { ...spec, name: ref } : spec;
}

const createSchema = {
  operationId: 'createListener',
  tags,
  summary: 'Create a listener',
  description: 'Answers once the socket is bound; `address.port` is the real port.',
  body: Ref(ListenerSpecSchema),
  response: responses({ 201: jsonContent(ListenerSchema, 'The listener listens.') }),
};

const ListQuerySchema = Type.Object(
  {
    protocol: Type.Optional(Type.String({ description: 'Only these: udp, tcp.', examples: ['udp'] })),
    state: Type.Optional(
      Type.String({
        description: `Only in these states, a comma list: ${LISTENER_STATES.join(', ')}.`,
        examples: ['listening'],
      }),
    ),
    label: labelParameter,
    ...listParameters,
  },
  strict,
);
const listSchema = {
  operationId: 'listListeners',
  tags,
  summary: 'List listeners',
  description: 'Oldest first.',
  querystring: ListQuerySchema,
  response: responses({ 200: jsonContent(ListenerPageSchema, 'A page of listeners.') }),
};

const getSchema = {
  operationId: 'getListener',
  tags,
  summary: 'Get one listener',
  description: 'Its workers flush first, so the numbers hold every message whose effect anybody has seen.',
  params: ListenerParams,
  response: responses({ 200: jsonContent(ListenerSchema, 'The listener.') }),
};

const patchSchema = {
  operationId: 'patchListener',
  tags,
  summary: 'Change a listener',
  description: 'RFC 7396 merge without a rebind; all of it or nothing. A smaller capture evicts at once.',
  consumes: ['application/json', 'application/merge-patch+json'],
  params: ListenerParams,
  body: Ref(ListenerPatchSchema),
  response: responses({ 200: jsonContent(ListenerSchema, 'The listener as it is now.') }),
};

const putSchema = {
  operationId: 'putListener',
  tags,
  summary: 'Create a listener unless it is there',
  description:
    '200 when a listener of this name has an equal spec, 409 `conflict` when it differs, with the members that do in `differs`. With `replace=true` it keeps id, messages and seq and binds anew: on another port the new socket opens first, on the same one the listener is `opening` meanwhile, and sends wait up to two seconds for it. Binds a completed or failed listener again.',
  params: Type.Object({
    id: Type.String({
      pattern: REF_PATTERN,
      description: 'Name of the listener, or the id of one that is there.',
      examples: ['statsd'],
    }),
  }),
  querystring: Type.Object(
    {
      replace: Type.Optional(
        Type.Boolean({ description: 'Replace a listener that differs; default false.', examples: [true] }),
      ),
    },
    strict,
  ),
  body: Ref(ListenerPutSchema),
  response: responses({
    200: jsonContent(ListenerSchema, 'It was there, or was replaced.'),
    201: jsonContent(ListenerSchema, 'It was created.'),
  }),
};

const deleteSchema = {
  operationId: 'deleteListener',
  tags,
  summary: 'Delete a listener',
  description: 'Answers after the socket is closed. Its messages are gone.',
  params: ListenerParams,
  querystring: Type.Object(
    {
      mode: Type.Optional(OneOf(['fin', 'rst'], { description: 'How its TCP connections end; default fin.' })),
      drain: Type.Optional(
        QueryDuration({ description: 'Let replies in flight finish so long; default 0.', examples: ['1s'] }),
      ),
    },
    strict,
  ),
  response: responses({ 204: empty('It is gone.') }),
};

const deleteManySchema = {
  operationId: 'deleteListeners',
  tags,
  summary: 'Delete listeners by label',
  description: 'Deletes every listener that has all the labels.',
  querystring: Type.Object({ label: labelParameter }, strict),
  response: responses({ 200: jsonContent(RemovedSchema, 'What was deleted.') }),
};
