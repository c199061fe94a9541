import t from 'tap';
import { fakeApp } from '../../support/fake/app.ts';

const UDP = { protocol: 'udp', to: { host: '127.0.0.1', port: 9 }, text: 'hi' };

t.test('a send answers 201 with its result, a long one 202; both with Location', async (t) => {
  const { app } = await fakeApp(t);
  const post = (payload: object) => app.inject({ method: 'POST', url: '/v1/sends', payload });
  const done = await post(UDP);
  t.match([done.statusCode, done.headers.location], [201, '/v1/sends/s_0000000001']);
  t.match(done.json(), { state: 'done', bytes: 4 });
  const long = await post({ ...UDP, count: 3, interval: '1s' });
  t.match([long.statusCode, long.json().state], [202, 'running']);
  t.match((await app.inject('/v1/sends?limit=1')).json(), {
    items: [{ id: 's_0000000002' }],
    next: 'more',
    hasMore: true,
  });
  t.equal((await app.inject('/v1/sends/s_0000000001')).json().state, 'done');
  t.equal((await app.inject('/v1/sends/s_none')).statusCode, 404);
  t.equal((await app.inject({ method: 'DELETE', url: '/v1/sends/s_0000000002' })).json().state, 'cancelled');
});

t.test('an Idempotency-Key is handed on, a replay is marked', async (t) => {
  const { app, sends } = await fakeApp(t);
  const post = (key: string) =>
    app.inject({ method: 'POST', url: '/v1/sends', headers: { 'idempotency-key': key }, payload: UDP });
  const first = await post('k');
  t.match([sends.lastKey, first.headers['idempotency-replayed']], ['k', undefined]);
  t.equal((await post('again')).headers['idempotency-replayed'], 'true');
  t.match((await post('x'.repeat(256))).json(), {
    status: 400,
    errors: [{ in: 'header', pointer: 'idempotency-key' }],
  });
});

t.test('forms of from, expectReply and the rest are checked', async (t) => {
  const { app } = await fakeApp(t);
  const status = async (more: object) => {
    const answer = await app.inject({ method: 'POST', url: '/v1/sends', payload: { ...UDP, ...more } });
    return answer.statusCode === 400 ? answer.json().errors[0].pointer : answer.statusCode;
  };
  t.equal(await status({ from: 'statsd' }), 201);
  t.equal(await status({ from: { host: '127.0.0.1', port: 0 } }), 201);
  t.equal(await status({ from: { hots: 'x' } }), '/from/hots');
  t.equal(await status({ from: 7 }), '/from');
  t.equal(await status({ expectReply: null }), 201);
  t.equal(await status({ expectReply: { count: 0 } }), '/expectReply/count');
  t.equal(await status({ rate: 0 }), '/rate');
  t.equal(await status({ to: { port: 70_000 } }), '/to/port');
  t.equal(await status({ sequence: [] }), '/sequence');
  t.equal(await status({ sequence: [{ txt: 'a' }] }), '/sequence/0/txt');
});
