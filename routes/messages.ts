/** Messages of one listener: pages, waits, one of them, its bytes, a reply to its peer, clearing, export. */
import { Type } from '@sinclair/typebox';
import { ProblemError } from '../src/errors.ts';
import type { Routes } from '../src/http/domain.ts';
import { exportCapture, exportLines } from '../src/http/messages/export.ts';
import { messageRead, pageRead, pageWait, sendPage, sendWaited, waitTerms } from '../src/http/messages/pages.ts';
import { waitOnOne } from '../src/http/messages/wait.ts';
import { content, jsonContent, ListenerParams, listenerParams, responses } from '../src/http/operation.ts';
import { PayloadSchema } from '../src/schemas/connection.ts';
import { ClearedSchema, MessagePageSchema, MessageSchema, WrittenSchema } from '../src/schemas/message.ts';
import { Ref, strict } from '../src/schemas/parts.ts';
import { payloadBytes } from '../src/schemas/payload.ts';
import { ExportQuerySchema, PageQuerySchema, payloadParameter } from '../src/schemas/query.ts';
import type { MissedRange } from '../src/schemas/reads.ts';

const tags = ['Messages'];
const path = '/v1/listeners/:id/messages';

export const messages: Routes = async (app) => {
  const { registry, journal } = app.domain;

  app.get(path, { schema: pageSchema }, async (request, reply) => {
    const { query, params, method } = request;
    const terms = waitTerms(query);
    const { number, strict } = await registry.flush(params.id);
    const scope = { listener: number };
    if (terms === undefined) return sendPage(request, reply, await journal.read(pageRead(query, scope, method)));
    const wait = pageWait(query, scope, terms, method);
    const waited = await waitOnOne(app, reply, { ref: params.id, strict }, wait);
    return sendWaited(request, reply, waited, terms);
  });

  app.get(`${path}/:seq`, { schema: oneSchema }, async (request, reply) => {
    const { id, seq } = request.params;
    const { number } = await registry.flush(id);
    const found = await journal
      .read(messageRead(number, seq, request.query.payload, request.method))
      .catch(noneBeyondEnd);
    if (found === undefined || found.items === 0) throw noMessage(id, seq, found?.gap);
    return reply.type('application/json; charset=utf-8').send(found.body);
  });

  app.get(`${path}/:seq/payload`, { schema: payloadSchema }, async (request, reply) => {
    const { id, seq } = request.params;
    const { number } = await registry.flush(id);
    const options = { peek: request.method === 'HEAD', raw: request.query.raw ?? false };
    const bytes = await journal.payload(number, seq, options);
    if (bytes === undefined) throw noMessage(id, seq);
    if (bytes === null) throw new ProblemError('unprocessable', `The frame of message ${seq} was too long to be kept.`);
    return reply.type('application/octet-stream').send(bytes);
  });

  app.post(`${path}/:seq/reply`, { schema: replySchema }, async (request) => {
    const { id, seq } = request.params;
    return registry.reply(id, seq, payloadBytes(request.body), request.body.raw);
  });

  app.delete(path, { schema: clearSchema }, async (request) => {
    const { number } = await registry.flush(request.params.id);
    return { cleared: await journal.clear(number, request.query.before) };
  });

  app.get(`${path}.ndjson`, { schema: exportSchema }, async (request, reply) => {
    const { number, id, name } = await registry.flush(request.params.id);
    const lines = await exportLines(journal, number, request);
    reply.header('content-disposition', `attachment; filename="${name ?? id}.ndjson"`);
    return reply.type('application/x-ndjson').send(lines);
  });

  app.get(`${path}.pcapng`, { schema: captureSchema }, async (request, reply) => {
    const { number, id, name } = await registry.flush(request.params.id);
    const capture = await exportCapture(journal, number, request);
    reply.header('content-disposition', `attachment; filename="${name ?? id}.pcapng"`);
    return reply.type('application/x-pcapng').send(capture);
  });
};

function noMessage(id: string, seq: number, gap?: MissedRange): ProblemError {
  const why = gap?.reason === 'damaged' ? ': it was damaged on the disk' : '';
  return new ProblemError('not_found', `Listener ${id} has no message ${seq}${why}.`);
}

/** A message beyond the newest is not there, rather than a wrong cursor. */
function noneBeyondEnd(error: { code?: string }): undefined {
  if (error.code !== 'cursor_ahead') throw error;
}

const pageSchema = {
  operationId: 'listMessages',
  tags,
  summary: 'Read or wait for messages',
  description:
    'A page in order of seq; give `next` back as `after` to go on. With `wait` it answers as soon as `count` messages match, or at the time-out, with status 200 either way; `orFail=true` turns not satisfied into a 409. A client that closes its side of the connection ends its wait.',
  params: ListenerParams,
  querystring: PageQuerySchema,
  response: responses({ 200: jsonContent(MessagePageSchema, 'A page of messages.') }),
};

const messageParams = Type.Object({
  ...listenerParams,
  seq: Type.Integer({ minimum: 1, description: 'Seq of the message.', examples: [1] }),
});
const oneSchema = {
  operationId: 'getMessage',
  tags,
  summary: 'Get one message',
  description: 'The message as pages show it.',
  params: messageParams,
  querystring: Type.Object({ payload: payloadParameter }, strict),
  response: responses({ 200: jsonContent(MessageSchema, 'The message.') }),
};

const payloadSchema = {
  operationId: 'getMessagePayload',
  tags,
  summary: 'Get the raw bytes of a message',
  description: 'What was kept of its payload; with `raw` the bytes with their frame, as they were on the wire.',
  params: messageParams,
  querystring: Type.Object(
    {
      raw: Type.Optional(
        Type.Boolean({ default: false, description: 'With its frame, as it was on the wire.', examples: [true] }),
      ),
    },
    strict,
  ),
  response: responses({ 200: content('application/octet-stream', 'The bytes.') }),
};

const replySchema = {
  operationId: 'replyToMessage',
  tags,
  summary: 'Send to the peer of a message',
  description:
    "From the listener's socket (UDP), or on the message's connection (TCP). Recorded as `out`. When a rule holds the message (action `hold`), its list goes on then.",
  params: messageParams,
  body: Ref(PayloadSchema),
  response: responses({ 200: jsonContent(WrittenSchema, 'It was handed to the kernel.') }),
};

const clearSchema = {
  operationId: 'clearMessages',
  tags,
  summary: 'Clear messages',
  description: 'All of them, or those before a seq. Numbers go on where they were.',
  params: ListenerParams,
  querystring: Type.Object(
    {
      before: Type.Optional(
        Type.Integer({ minimum: 1, description: 'Only messages with a smaller seq.', examples: [100] }),
      ),
    },
    strict,
  ),
  response: responses({ 200: jsonContent(ClearedSchema, 'How many are gone.') }),
};

const captureSchema = {
  operationId: 'exportCapture',
  tags,
  summary: 'Export messages as pcapng',
  description: 'For Wireshark and its kin, with headers made up around the payloads. Filters apply.',
  params: ListenerParams,
  querystring: ExportQuerySchema,
  response: responses({ 200: content('application/x-pcapng', 'The capture.') }),
};

const exportSchema = {
  operationId: 'exportMessages',
  tags,
  summary: 'Export messages as NDJSON',
  description: 'One message a line, up to the newest one when the export began.',
  params: ListenerParams,
  querystring: ExportQuerySchema,
  response: responses({ 200: content('application/x-ndjson', 'One JSON object a line.') }),
};
