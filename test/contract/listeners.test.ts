/** The contract of listeners, through HTTP, against the real process. */
import t from 'tap';
import { startProcess } from '../support/process.ts';
import { isA } from '../support/schema.ts';

t.setTimeout(120_000);

const service = await startProcess(t);

t.test('create answers with the real port; defaults are filled in and the answer keeps to its schema', async (t) => {
  const { status, headers, body } = await service.post('/v1/listeners', { protocol: 'tcp', labels: { a: 'b' } });
  t.equal(status, 201);
  t.equal(headers.get('location'), `/v1/listeners/${body.id}`);
  t.match(body, {
    port: 0,
    threads: 1,
    tcp: { backlog: 511, idleTimeout: '5m' },
    responder: { type: 'none' },
    state: 'listening',
  });
  t.ok(body.address.port > 0);
  isA(t, 'Listener', body);
  isA(t, 'ListenerPage', (await service.get('/v1/listeners')).body);
});

t.test('a port that is ours is a 409 that names the holder', async (t) => {
  const { body: holder } = await service.post('/v1/listeners', { protocol: 'udp', name: 'holder' });
  const again = await service.post('/v1/listeners', { protocol: 'udp', port: holder.address.port });
  t.match(again, { status: 409, body: { code: 'port_in_use', holder: { id: holder.id, name: 'holder' } } });
  isA(t, 'Problem', again.body);
});

t.test('addresses that are not allowed or not there', async (t) => {
  t.match(await service.post('/v1/listeners', { protocol: 'udp', host: '0.0.0.0' }), {
    status: 403,
    body: { code: 'bind_not_allowed' },
  });
  const ruled = await service.post('/v1/listeners', { protocol: 'udp', host: '192.0.2.1' });
  t.match(ruled, { status: 403, body: { code: 'bind_not_allowed', detail: /--allow-bind/ } });
  t.match(await service.post('/v1/listeners', { protocol: 'udp', threads: 2, concurrency: 'sequential' }), {
    status: 400,
  });
  const unknown = { protocol: 'udp', responder: { type: 'reply', template: true, text: '{{nonsense}}' } };
  t.match(await service.post('/v1/listeners', unknown), { status: 400, body: { code: 'validation_failed' } });
});

t.test('of 100 creates of one name at once one wins', async (t) => {
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => service.post('/v1/listeners', { protocol: 'udp', name: 'race' })),
  );
  const counts = Object.groupBy(answers, ({ status, body }) => `${status} ${body.code ?? ''}`);
  t.match({ won: counts['201 ']?.length, lost: counts['409 name_in_use']?.length }, { won: 1, lost: 99 });
});

t.test('GET then PUT changes nothing; a different one is a 409; replace keeps id and messages', async (t) => {
  const path = '/v1/listeners/kept';
  t.equal((await service.put(path, { protocol: 'udp', responder: { type: 'echo' } })).status, 201);
  const { body: before } = await service.get(path);
  t.match(await service.put(path, before), { status: 200, body: { id: before.id, address: before.address } });
  t.match(await service.put(`/v1/listeners/${before.id}`, before), { status: 200, body: { id: before.id } });
  await service.post('/v1/sends', { protocol: 'udp', to: { listener: 'kept' }, text: 'x', expectReply: {} });
  t.match(await service.put(path, { protocol: 'udp' }), { status: 409 });
  const replaced = await service.put(`${path}?replace=true`, { protocol: 'udp' });
  t.match(replaced, { status: 200, body: { id: before.id, responder: { type: 'none' }, stats: { lastSeq: 2 } } });
});

t.test('PATCH renames, labels, pauses; a wrong one changes nothing', async (t) => {
  await service.post('/v1/listeners', { protocol: 'udp', name: 'old', labels: { a: '1', b: '2' } });
  const renamed = await service.patch('/v1/listeners/old', { name: 'new', labels: { a: null, c: '3' }, paused: true });
  t.match(renamed.body, { name: 'new', labels: { b: '2', c: '3' }, state: 'paused' });
  t.notOk('a' in renamed.body.labels);
  t.equal((await service.get('/v1/listeners/old')).status, 404);
  t.match(await service.patch('/v1/listeners/new', { paused: false, name: 'race' }), { status: 409 });
  t.match((await service.get('/v1/listeners/new')).body, { state: 'paused' });
});

t.test('delete by label says what went', async (t) => {
  for (const protocol of ['udp', 'tcp']) await service.post('/v1/listeners', { protocol, labels: { suite: 'gone' } });
  const answer = await service.delete('/v1/listeners?label=suite:gone');
  t.match(answer, { status: 200, body: { deleted: 2 } });
  isA(t, 'Removed', answer.body);
  t.match((await service.get('/v1/listeners?label=suite:gone')).body, { items: [] });
});

t.test('what the service says of itself keeps to its schemas', async (t) => {
  isA(t, 'Workers', (await service.get('/v1/workers')).body);
  isA(t, 'Info', (await service.get('/v1/info')).body);
  isA(t, 'Health', (await service.get('/readyz?verbose')).body);
});

t.test('reset leaves nothing', async (t) => {
  t.equal((await service.post('/v1/reset')).status, 204);
  t.match((await service.get('/v1/listeners')).body, { items: [], next: null, hasMore: false });
  t.match((await service.get('/v1/sends')).body, { items: [] });
});
