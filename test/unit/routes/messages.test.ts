import t from 'tap';
import { fakeApp, listeningApp } from '../../support/fake/app.ts';

/** The app with one listener `x` that got some messages. */
async function withMessages(t: Parameters<typeof fakeApp>[0], texts: string[]) {
  const made = await fakeApp(t);
  await made.registry.create({ protocol: 'udp', name: 'x' });
  for (const text of texts) made.journal.arrive(1, text);
  return made;
}
const path = '/v1/listeners/x/messages';

t.test('a page: items as they were encoded, cursor, link; following it yields each message once', async (t) => {
  const { app, registry } = await withMessages(t, ['a', 'b', 'c']);
  const first = await app.inject(`${path}?limit=2`);
  t.match(first.headers['content-type'], /^application\/json/);
  t.match(first.json(), { items: [{ seq: 1, text: 'a' }, { seq: 2 }], next: '2', hasMore: true });
  t.equal(first.headers.link, `<${path}?limit=2&after=2>; rel="next"`);
  t.same(registry.calls.at(-1), ['flush', 'x'], 'the workers flush before the read');
  const second = await app.inject(`${path}?limit=2&after=2`);
  t.match(second.json(), { items: [{ seq: 3 }], next: '3', hasMore: false });
  t.equal(second.headers.link, undefined);
});

t.test('newest first moves before', async (t) => {
  const { app, journal } = await withMessages(t, ['a', 'b', 'c']);
  const page = await app.inject(`${path}?order=desc&limit=1&payload=hex`);
  t.match(page.json(), { items: [{ seq: 3 }], hasMore: true });
  t.equal(page.headers.link, `<${path}?order=desc&limit=1&payload=hex&before=3>; rel="next"`);
  t.match(journal.pulls[0], { order: 'desc', payload: 'hex', maxBytes: 8 * 1024 ** 2, after: null, before: null });
});

t.test('a cursor beyond the end is a 400 that names after', async (t) => {
  const { app } = await withMessages(t, ['a']);
  t.match((await app.inject(`${path}?after=9`)).json(), { status: 400, errors: [{ in: 'query', pointer: 'after' }] });
  t.equal((await app.inject('/v1/listeners/none/messages')).statusCode, 404);
});

t.test('errors of the journal keep their meaning', async (t) => {
  const { app, journal } = await withMessages(t, []);
  const cases = {
    cursor_invalid: 400,
    filter_invalid: 400,
    unknown_listener: 404,
    unsupported: 422,
    limit_reached: 429,
    closed: 503,
    other: 500,
  };
  for (const [code, status] of Object.entries(cases)) {
    journal.failure = Object.assign(new Error('why'), { code });
    const answer = await app.inject(path);
    t.equal(answer.statusCode, status, code);
    t.equal(answer.headers['retry-after'], status === 429 || status === 503 ? '1' : undefined);
  }
});

t.test('wrong cursors and filters are named', async (t) => {
  const { app, journal } = await withMessages(t, []);
  const failing = async (code: string, message: string, query: string) => {
    journal.failure = Object.assign(new Error(message), { code });
    return (await app.inject(`${path}?${query}`)).json().errors?.[0].pointer;
  };
  t.equal(await failing('cursor_invalid', '"x" is no cursor here', 'after=1&before=x'), 'before');
  t.equal(await failing('cursor_invalid', '"x" is no cursor here', 'after=x&before=1'), 'after');
  t.equal(await failing('filter_invalid', 'regex: missing )', 'regex=('), 'regex');
  t.equal(await failing('filter_invalid', 'something', 'text=x'), undefined);
});

t.test('a gap is shown beside the items', async (t) => {
  const { app, journal } = await withMessages(t, ['a']);
  const gap = { reason: 'evicted', dropped: 2, fromSeq: 1, toSeq: 2 } as const;
  journal.read = async () => ({ body: new Uint8Array(), items: 0, messages: 0, next: '2', hasMore: false, gap });
  t.same((await app.inject(path)).json(), { items: [], next: '2', hasMore: false, gap });
});

t.test('a wait answers once enough have come, counting those already there', async (t) => {
  const { app, journal, registry } = await withMessages(t, ['a']);
  const waiting = app.inject(`${path}?wait=5s&count=2`);
  while (journal.waits.length === 0) await new Promise((resolve) => setImmediate(resolve));
  t.equal(registry.holds, 1, 'its ttl does not run meanwhile');
  journal.arrive(1, 'echo', 'out');
  journal.arrive(1, 'b');
  const answer = (await waiting).json();
  t.match(
    answer,
    { satisfied: true, matched: 2, wanted: 2, items: [{ text: 'a' }, { text: 'b' }] },
    'only `in` messages',
  );
  t.equal(answer.nearMisses, undefined);
  t.equal(registry.holds, 0);
});

t.test('direction and kind say what a wait counts', async (t) => {
  const { app, journal } = await withMessages(t, []);
  journal.arrive(1, 'echo', 'out');
  t.match((await app.inject(`${path}?wait=1ms&direction=out`)).json(), { satisfied: true });
  t.match((await app.inject(`${path}?wait=1ms&kind=message`)).json(), { satisfied: true });
  t.match((await app.inject(`${path}?wait=1ms`)).json(), { satisfied: false });
});

t.test('not satisfied is a 200 with near misses, or with orFail a 409 with the same members', async (t) => {
  const { app } = await withMessages(t, ['a']);
  const expected = { satisfied: false, matched: 1, wanted: 2, items: [{ text: 'a' }], nearMisses: [{ seq: 1 }] };
  const plain = await app.inject(`${path}?wait=5ms&count=2`);
  t.match([plain.statusCode, plain.json()], [200, expected]);
  const failed = await app.inject(`${path}?wait=5ms&count=2&orFail=true`);
  t.match([failed.statusCode, failed.headers['content-type']], [409, 'application/problem+json']);
  t.match(failed.json(), { ...expected, code: 'not_satisfied', detail: '1 of 2 matched in time.', next: '1' });
  t.equal((await app.inject(`${path}?wait=5ms&orFail=true`)).statusCode, 200);
});

t.test('parameters that do not go together are refused', async (t) => {
  const { app } = await withMessages(t, []);
  const cases = {
    'wait=61s': 'wait',
    'wait=soon': 'wait',
    'wait=1s&order=desc': 'order',
    'wait=1s&before=3': 'before',
    'count=2': 'count',
    'orFail=true': 'orFail',
    'wait=1s&count=1001': 'count',
    'payload=yaml': 'payload',
    'direction=up': 'direction',
  };
  for (const [query, pointer] of Object.entries(cases)) {
    t.match((await app.inject(`${path}?${query}`)).json(), { status: 400, errors: [{ in: 'query', pointer }] }, query);
  }
});

t.test('410 when the listener is deleted meanwhile', async (t) => {
  const { app, journal, registry } = await withMessages(t, []);
  const waiting = app.inject(`${path}?wait=5s`);
  while (journal.waits.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await registry.remove('x', {});
  t.match((await waiting).json(), { status: 410, code: 'gone' });
});

t.test('a client that goes away frees its wait', async (t) => {
  const { url, journal, registry } = await listeningApp(t);
  await registry.create({ protocol: 'udp', name: 'x' });
  const client = new AbortController();
  const waiting = fetch(`${url}${path}?wait=60s`, { signal: client.signal });
  while (journal.waits.length === 0) await new Promise((resolve) => setImmediate(resolve));
  client.abort();
  await t.rejects(waiting);
  while (registry.holds > 0) await new Promise((resolve) => setImmediate(resolve));
  t.equal(journal.waits[0]!.aborted, true);
});

t.test('a shutdown ends waits with 503', async (t) => {
  const { app, url, journal, registry } = await listeningApp(t);
  await registry.create({ protocol: 'udp', name: 'x' });
  const waiting = fetch(`${url}${path}?wait=60s`);
  while (journal.waits.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await app.close();
  const answer = await waiting;
  t.match([answer.status, await answer.json()], [503, { code: 'shutting_down' }]);
});

t.test('one message, its bytes, and those that are not there', async (t) => {
  const { app, journal } = await withMessages(t, ['a', 'b']);
  t.match((await app.inject(`${path}/2?payload=text`)).json(), { seq: 2, text: 'b' });
  t.match(journal.pulls[0], { after: '1', before: '3', limit: 1, payload: 'text' });
  const raw = await app.inject(`${path}/2/payload`);
  t.match([raw.body, raw.headers['content-type']], ['b', 'application/octet-stream']);
  for (const seq of ['3', '9', '9/payload']) t.match((await app.inject(`${path}/${seq}`)).json(), { status: 404 }, seq);
  journal.failure = new Error('inside');
  t.equal((await app.inject(`${path}/1`)).statusCode, 500);
});

t.test('a reply decodes its payload', async (t) => {
  const { app, registry } = await withMessages(t, ['a']);
  const reply = (payload: object) => app.inject({ method: 'POST', url: `${path}/1/reply`, payload });
  t.same((await reply({ hex: '68 69' })).json(), { bytes: 2, to: { address: '127.0.0.1', port: 5 } });
  t.same(registry.calls.at(-1), ['reply', 'x', 1, 'hi']);
  t.match((await reply({ hex: 'xyz' })).json(), { status: 400, errors: [{ in: 'body', pointer: '/hex' }] });
  t.match((await reply({})).json(), { status: 400, errors: [{ pointer: '/text', detail: /exactly one/ }] });
  t.match((await reply({ text: 'a', json: 1 })).json(), { status: 400, errors: [{ pointer: '/json' }] });
});

t.test('clearing says how many went', async (t) => {
  const { app } = await withMessages(t, ['a', 'b', 'c']);
  t.same((await app.inject({ method: 'DELETE', url: `${path}?before=2` })).json(), { cleared: 1 });
  t.same((await app.inject({ method: 'DELETE', url: path })).json(), { cleared: 2 });
});

t.test('an export has one message a line, as far as the newest when it began', async (t) => {
  const { app, journal } = await withMessages(t, []);
  for (let i = 1; i <= 25_000; i++)
    journal.items.push({ place: i, listener: 1, seq: i, kind: 'message', direction: 'in', text: `${i}` });
  const asking = app.inject(`${path}.ndjson?after=1`);
  const answer = await asking;
  t.match(answer.headers, {
    'content-type': 'application/x-ndjson',
    'content-disposition': 'attachment; filename="x.ndjson"',
  });
  const lines = answer.body
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).seq);
  t.same(
    lines,
    Array.from({ length: 24_999 }, (_, i) => i + 2),
  );
  t.equal(journal.pulls[0]?.before, '25001');
  t.equal((await app.inject(`${path}.ndjson?after=99999`)).statusCode, 400);
  t.equal((await app.inject(`${path}.ndjson?limit=5`)).statusCode, 400, 'limit is no parameter here');
});

t.test('over all listeners: scope, labels, opaque cursor', async (t) => {
  const { app, journal, registry } = await withMessages(t, ['a']);
  await registry.create({ protocol: 'udp', name: 'y', labels: { k: 'v' } });
  journal.arrive(2, 'b');
  journal.arrive(1, 'c');
  t.match((await app.inject('/v1/messages?limit=2')).json(), {
    items: [{ text: 'a' }, { text: 'b' }],
    next: '2',
    hasMore: true,
  });
  t.match((await app.inject('/v1/messages?listener=x')).json(), { items: [{ text: 'a' }, { text: 'c' }] });
  t.match((await app.inject('/v1/messages?label=k:v')).json(), { items: [{ text: 'b' }] });
  t.equal((await app.inject('/v1/messages?listener=none')).statusCode, 404);
});

t.test('a wait over a label counts listeners that come later', async (t) => {
  const { app, journal, registry } = await withMessages(t, ['a']);
  const waiting = app.inject('/v1/messages?label=k:v&wait=5s');
  while (journal.waits.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await registry.create({ protocol: 'udp', labels: { k: 'v' } });
  journal.arrive(2, 'late');
  t.match((await waiting).json(), { satisfied: true, items: [{ text: 'late' }] });
  t.equal(registry.events.listenerCount('change'), 0, 'nothing listens any more');
});
