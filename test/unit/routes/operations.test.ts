import { once } from 'node:events';
import { Agent, get } from 'node:http';
import t from 'tap';
import { fakeApp, listeningApp } from '../../support/fake/app.ts';

t.test('alive and ready, with checks when asked', async (t) => {
  const { app, status } = await fakeApp(t);
  t.same((await app.inject('/livez')).json(), { status: 'ok' });
  t.same((await app.inject('/healthz')).json(), { status: 'ok' });
  t.same((await app.inject('/readyz')).json(), { status: 'ok' });
  t.same((await app.inject('/readyz?verbose')).json(), { status: 'ok', checks: [{ name: 'journal', ok: true }] });
  status.checks = [{ name: 'journal', ok: false, detail: 'the disk is full' }];
  const answer = await app.inject('/readyz?verbose=true');
  t.match(
    [answer.statusCode, answer.json()],
    [503, { status: 'unavailable', detail: 'the disk is full', checks: [{ detail: 'the disk is full' }] }],
  );
});

t.test('while it starts, what shows listeners waits', async (t) => {
  const { app, status } = await fakeApp(t);
  status.isStarted = false;
  t.equal((await app.inject('/livez')).statusCode, 200);
  t.equal((await app.inject('/openapi.json')).statusCode, 200);
  t.equal((await app.inject({ url: '/v1/info', headers: { host: 'evil.example' } })).statusCode, 403, 'the gate first');
  let answered = false;
  const info = app.inject('/v1/info').then((answer) => {
    answered = true;
    return answer;
  });
  t.equal((await app.inject('/readyz')).statusCode, 200);
  t.notOk(answered);
  status.isStarted = true;
  status.begun.resolve();
  t.equal((await info).statusCode, 200);
});

t.test('a start that takes too long is told', async (t) => {
  const { app, status } = await fakeApp(t, { startPatience: 20 });
  status.isStarted = false;
  const late = await app.inject('/metrics');
  t.match([late.statusCode, late.headers['retry-after'], late.json()], [503, '1', { code: 'starting' }]);
});

t.test('a start that ends in a stop lets go of who waits', async (t) => {
  const { app, status } = await fakeApp(t);
  status.isStarted = false;
  const waiting = app.inject('/v1/listeners');
  await app.inject('/livez');
  status.stop.abort();
  t.match((await waiting).json(), { code: 'shutting_down' });
});

t.test('once it stops, only probes are answered', async (t) => {
  const { app, status } = await fakeApp(t);
  status.stop.abort();
  t.equal((await app.inject('/livez')).statusCode, 200);
  t.equal((await app.inject('/readyz')).statusCode, 503);
  const refused = await app.inject('/v1/info');
  t.match([refused.statusCode, refused.headers['retry-after']], [503, '1']);
  t.match(refused.json(), { code: 'shutting_down' });
});

t.test('closing does not wait for clients that keep their connection', async (t) => {
  const { app, url } = await listeningApp(t);
  const agent = new Agent({ keepAlive: true });
  t.teardown(() => agent.destroy());
  const [response] = await once(get(`${url}/v1/info`, { agent }), 'response');
  const { socket } = response;
  for await (const _ of response);
  t.notOk(socket.closed, 'kept');
  const cut = once(socket, 'close');
  await app.close();
  await cut;
  t.pass('cut by the service: the client would have kept it');
});

t.test('info, workers', async (t) => {
  const { app } = await fakeApp(t);
  t.same((await app.inject('/v1/info')).json(), { version: '1.2.3', limits: { maxThreads: 64 } });
  t.match((await app.inject('/v1/workers')).json(), { pools: [], maxThreads: 64 });
});

t.test('metrics count requests by route, never by path', async (t) => {
  const { app, journal } = await fakeApp(t);
  journal.stats = async () => ({
    engine: 'memory',
    chunks: 0,
    bytes: 0,
    maxBytes: 1,
    disk: { file: 0, log: 0, ballast: 0 },
    pending: 0,
    appends: 0,
    appendSeconds: 0,
    waits: 0,
    internalErrors: 0,
    fault: null,
  });
  await app.inject('/v1/listeners/somebody');
  await app.inject('/nowhere/at/all');
  const { body, headers } = await app.inject('/metrics');
  t.match(headers['content-type'], /^text\/plain/);
  t.match(body, /route="\/v1\/listeners\/:id"/);
  t.notMatch(body, /somebody|nowhere/);
  t.match(body, /stream_clients 0/);
});

t.test('the description as JSON and YAML, the page at /docs, and / leads there', async (t) => {
  const { app } = await fakeApp(t);
  const json = await app.inject('/openapi.json');
  t.match(json.json(), { openapi: '3.1.0', info: { version: '1.2.3' } });
  const yaml = await app.inject('/openapi.yaml');
  t.match([yaml.headers['content-type'], yaml.body], ['application/yaml', /^openapi: 3\.1\.0/]);
  t.match([(await app.inject('/')).statusCode, (await app.inject('/')).headers.location], [302, '/docs/']);
  for (const url of ['/docs', '/docs/']) {
    const page = await app.inject(url);
    t.match([page.statusCode, page.headers['content-type']], [200, /^text\/html/], url);
    t.notMatch(page.headers['content-security-policy'], /upgrade-insecure|https:/);
    t.notMatch(page.body, /(src|href)="(https?:)?\/\//, 'no outside asset');
  }
});
