/** Event streams: one listener's, and all listeners'. */
import { Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import type { Domain, ListenerRef } from '../src/domain.ts';
import type { Routes } from '../src/http/domain.ts';
import { commaList, duration, labelPairs, messageFilter } from '../src/http/messages/filters.ts';
import { LiveReadPosition, readScopeOf } from '../src/http/messages/read-scope.ts';
import { content, empty, ListenerParams, responses } from '../src/http/operation.ts';
import type { Follower } from '../src/http/streams/follower.ts';
import { type OpenStream, openStream, type StreamTerms } from '../src/http/streams/open-stream.ts';
import { AllStreamQuerySchema, type StreamQuery, StreamQuerySchema } from '../src/schemas/query.ts';

const tags = ['Streams'];

export const streams: Routes = async (app) => {
  const { domain } = app;

  app.get('/v1/listeners/:id/stream', { schema: streamSchema, exposeHeadRoute: false }, async (request, reply) => {
    const { query, params } = request;
    const listener = await domain.registry.flush(params.id);
    const filter = messageFilter(query, ['message', 'gap']);
    return openStream(
      app,
      reply,
      { ...streamTerms(request, query), where: readScopeOf(listener.number), filter },
      ({ follower }) => [
        domain.registry.hold(params.id, { tie: query.hold === '1' }),
        endWithListener(domain, listener, follower),
      ],
    );
  });

  app.get('/v1/stream', { schema: allStreamSchema, exposeHeadRoute: false }, async (request, reply) => {
    const { kind, ...query } = request.query;
    const kinds = commaList(kind) ?? ['message', 'gap', 'listener', 'send'];
    const filter = messageFilter(
      query,
      kinds.filter((one) => one !== 'send'),
    );
    const terms = streamTerms(request, query);
    const live = new LiveReadPosition(domain.registry, commaList(query.listener), labelPairs(query.label));
    const where = () => live.current;
    return openStream(app, reply, { ...terms, where, filter }, (open) => [
      () => live.dispose(),
      ...(kinds.includes('send') ? [tellSends(domain, open)] : []),
      ...(kinds.includes('listener') ? [tellDeletions(domain, live, open)] : []),
    ]);
  });
};

/** What the two have in common. Last-Event-ID wins over after. */
function streamTerms({ headers }: FastifyRequest, query: Pick<StreamQuery, 'after' | 'limit' | 'for' | 'payload'>) {
  const resume = headers['last-event-id'];
  const resumes = typeof resume === 'string' && resume !== '';
  return {
    resumes,
    after: (resumes ? resume : query.after) ?? null,
    limit: query.limit ?? Number.POSITIVE_INFINITY,
    lasts: query.for === undefined ? undefined : duration('for', query.for),
    payload: query.payload ?? 'full',
  } satisfies Partial<StreamTerms>;
}

/** Ends the stream once its listener is completed or gone. */
function endWithListener({ registry }: Domain, { number, state }: ListenerRef, follower: Follower): () => void {
  if (state === 'completed') follower.end('completed');
  return registry.onChange(({ listener, removed }) => {
    if (listener.number !== number) return;
    if (removed) follower.end('deleted');
    else if (listener.state === 'completed') follower.end('completed');
  });
}

/** Progress of sends. Replies stay in the send itself: they may be large. */
function tellSends({ sends }: Domain, { stream, follower }: OpenStream): () => void {
  return sends.onProgress(({ replies, ...send }) => {
    stream.event('send', { ...send, replyCount: replies.length });
    follower.ring();
  });
}

/** With a listener its records go, so no record can tell that it went. */
function tellDeletions({ registry }: Domain, live: LiveReadPosition, { stream, follower }: OpenStream): () => void {
  return registry.onChange(({ listener, removed }) => {
    if (!removed || !live.included(listener.number)) return;
    const { id, name, protocol } = listener;
    const at = new Date().toISOString();
    stream.event('listener', { listenerId: id, kind: 'listener', protocol, at, name, state: 'deleted' });
    follower.ring();
  });
}

const headers = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({ description: 'Cursor to go on from; wins over `after`.', examples: ['1'] }),
  ),
});
const stream = content('text/event-stream', 'Events: each with `event:`, `id:` (the cursor) and one line of JSON.');

const streamSchema = {
  operationId: 'streamListener',
  tags,
  summary: 'Follow one listener',
  description:
    'Server-sent events. Starts now, or replays from a cursor and goes on live, nothing lost and nothing twice. The last event is `end`; a client that is too slow gets `lag` with the cursor to resume from. A cursor of an earlier life, of a listener of the same name or before a restart in memory, begins with a `gap` and everything there is.',
  params: ListenerParams,
  querystring: StreamQuerySchema,
  headers,
  response: responses({ 200: stream, 204: empty('With Last-Event-ID: the listener is completed and all was seen.') }),
};

const allStreamSchema = {
  operationId: 'streamAll',
  tags,
  summary: 'Follow all listeners',
  description:
    'The same over all listeners in the order of the journal, with changes of listeners and progress of sends.',
  querystring: AllStreamQuerySchema,
  headers,
  response: responses({ 200: stream }),
};
