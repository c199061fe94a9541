/** Messages of all listeners, in the order of the journal. */
import type { Routes } from '../src/http/domain.ts';
import { commaList, labelPairs } from '../src/http/messages/filters.ts';
import { pageRead, pageWait, sendPage, sendWaited, waitTerms } from '../src/http/messages/pages.ts';
import { LiveReadPosition } from '../src/http/messages/read-scope.ts';
import { waitOnMany } from '../src/http/messages/wait.ts';
import { jsonContent, responses } from '../src/http/operation.ts';
import { MessagePageSchema } from '../src/schemas/message.ts';
import { AllPageQuerySchema } from '../src/schemas/query.ts';

export const allMessages: Routes = async (app) => {
  const { registry, journal } = app.domain;

  app.get('/v1/messages', { schema: pageSchema }, async (request, reply) => {
    const { query, method } = request;
    const terms = waitTerms(query);
    const live = new LiveReadPosition(registry, commaList(query.listener), labelPairs(query.label));
    try {
      const { scope } = live.current;
      if (terms === undefined) return sendPage(request, reply, await journal.read(pageRead(query, scope, method)));
      const waited = await waitOnMany(app, reply, live, pageWait(query, scope, terms, method));
      return sendWaited(request, reply, waited, terms);
    } finally {
      live.dispose();
    }
  });
};

const pageSchema = {
  operationId: 'listAllMessages',
  tags: ['Messages'],
  summary: 'Read or wait for messages of all listeners',
  description: 'A page in the order in which messages were stored. The cursor is opaque: give `next` back as `after`.',
  querystring: AllPageQuerySchema,
  response: responses({ 200: jsonContent(MessagePageSchema, 'A page of messages.') }),
};
