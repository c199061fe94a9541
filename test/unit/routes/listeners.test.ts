import t from 'tap';
import { ProblemError } from '../../../src/errors.ts';
import { fakeApp } from '../../support/fake/app.ts';

const UDP = { protocol: 'udp', name: 'statsd', labels: { suite: 'smoke' } };

t.test('create answers 201 with Location and the whole listener', async (t) => {
  const { app } = await fakeApp(t);
  const answer = await app.inject({ method: 'POST', url: '/v1/listeners', payload: UDP });
  t.equal(answer.statusCode, 201);
  t.equal(answer.headers.location, `/v1/listeners/${answer.json().id}`);
  t.match(answer.json(), {
    ...UDP,
    state: 'listening',
    address: { port: 40_001 },
    stats: { dropped: { kernel: null } },
  });
});

t.test('what the domain refuses becomes its problem, extra members included', async (t) => {
  const { app, registry } = await fakeApp(t);
  registry.failure = new ProblemError('port_in_use', 'taken', { extra: { holder: { id: 'l_1', name: 'x' } } });
  const answer = await app.inject({ method: 'POST', url: '/v1/listeners', payload: UDP });
  t.equal(answer.statusCode, 409);
  t.match(answer.headers['content-type'], /^application\/problem\+json/);
  t.match(answer.json(), {
    type: '/problems/port_in_use',
    status: 409,
    code: 'port_in_use',
    detail: 'taken',
    instance: '/v1/listeners',
    holder: { name: 'x' },
  });
});

t.test('more than 64 labels are a 400 that names them', async (t) => {
  const { app } = await fakeApp(t);
  const labels = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, 'v']));
  for (const [method, url] of [
    ['POST', '/v1/listeners'],
    ['PUT', '/v1/listeners/many'],
  ] as const) {
    const answer = await app.inject({ method, url, payload: { protocol: 'udp', labels } });
    t.match([answer.statusCode, answer.json()], [400, { errors: [{ pointer: '/labels', detail: /64/ }] }]);
  }
});

t.test('list filters, pages and links', async (t) => {
  const { app, registry } = await fakeApp(t);
  for (const name of ['a', 'b', 'c']) await registry.create({ protocol: 'udp', name, labels: { k: 'v:w' } });
  const first = await app.inject('/v1/listeners?limit=2&label=k:v:w&protocol=udp,tcp&state=listening');
  t.match(first.json(), { items: [{ name: 'a' }, { name: 'b' }], next: '2', hasMore: true });
  const link = /^<(.*)>; rel="next"$/.exec(String(first.headers.link))?.[1];
  const second = await app.inject(link!);
  t.match(second.json(), { items: [{ name: 'c' }], next: null, hasMore: false });
  t.equal(second.headers.link, undefined);
});

t.test('get, patch and delete take an id or a name', async (t) => {
  const { app, registry } = await fakeApp(t);
  const { id } = await registry.create({ protocol: 'udp', name: 'statsd' });
  t.equal((await app.inject(`/v1/listeners/${id}`)).json().name, 'statsd');
  t.equal((await app.inject('/v1/listeners/statsd')).json().id, id);
  const patched = await app.inject({
    method: 'PATCH',
    url: '/v1/listeners/statsd',
    headers: { 'content-type': 'application/merge-patch+json' },
    payload: JSON.stringify({ paused: true, labels: { gone: null }, capture: { maxAge: null } }),
  });
  t.equal(patched.statusCode, 200);
  t.same(registry.calls.at(-1)?.[2], { paused: true, labels: { gone: null }, capture: { maxAge: null } });
  const gone = await app.inject({ method: 'DELETE', url: '/v1/listeners/statsd?mode=rst&drain=2s' });
  t.equal(gone.statusCode, 204);
  t.equal(gone.body, '');
  t.same(registry.calls.at(-1), ['remove', 'statsd', { mode: 'rst', drain: 2000 }]);
  t.equal((await app.inject('/v1/listeners/statsd')).json().code, 'not_found');
});

t.test('put takes the body of a get, ignores what only a get shows, and the path names it', async (t) => {
  const { app, registry } = await fakeApp(t);
  const put = (payload: object) => app.inject({ method: 'PUT', url: '/v1/listeners/statsd', payload });
  t.equal((await put({ protocol: 'udp' })).statusCode, 201);
  const shown = (await app.inject('/v1/listeners/statsd')).json();
  const again = await put(shown);
  t.equal(again.statusCode, 200);
  const [, , spec, options] = registry.calls.at(-1) as [string, string, object, object];
  t.notMatch(Object.keys(spec), ['id', 'stats', 'state', 'address']);
  t.match(spec, { protocol: 'udp', name: 'statsd', threads: 1 });
  t.same(options, { replace: false });
  const byId = await app.inject({ method: 'PUT', url: `/v1/listeners/${shown.id}`, payload: shown });
  t.equal(byId.statusCode, 201, 'an id goes through; the real registry knows it');
  const bad = await app.inject({ method: 'PUT', url: '/v1/listeners/s_0123456789', payload: shown });
  t.match(bad.json(), { status: 400, errors: [{ in: 'path', pointer: 'id', detail: /id's form/ }] });
  const other = await put({ protocol: 'udp', name: 'other' });
  t.match(other.json(), { status: 400, errors: [{ in: 'body', pointer: '/name' }] });
  t.equal((await put({ protocol: 'udp', colour: 'red' })).statusCode, 400);
});

t.test('delete by label says what went; without a label it is refused', async (t) => {
  const { app, registry } = await fakeApp(t);
  await registry.create({ protocol: 'udp', name: 'a', labels: { k: 'v' } });
  await registry.create({ protocol: 'udp', name: 'b' });
  const refused = await app.inject({ method: 'DELETE', url: '/v1/listeners' });
  t.match(refused.json(), { status: 400, errors: [{ in: 'query', pointer: 'label' }] });
  const answer = await app.inject({ method: 'DELETE', url: '/v1/listeners?label=k:v' });
  t.match(answer.json(), { deleted: 1, listeners: [{ name: 'a' }] });
  t.equal(registry.entries.length, 1);
});

t.test('reset empties everything', async (t) => {
  const { app, registry, sends } = await fakeApp(t);
  await registry.create({ protocol: 'udp' });
  await sends.create({ protocol: 'udp', to: { port: 9 }, text: 'x' }, {});
  t.equal((await app.inject({ method: 'POST', url: '/v1/reset' })).statusCode, 204);
  t.equal(registry.entries.length + sends.views.length, 0);
});
