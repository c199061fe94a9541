/** What a client may hold that asks for nothing, or for half of something; and clients that have closed their side. */
import { once } from 'node:events';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { listen } from '../../../src/http/servers.ts';
import { fakeApp, listeningApp } from '../../support/fake/app.ts';
import { isA } from '../../support/schema.ts';

const LIMITS = { head: 300, request: 600, idle: 60_000, connections: 8 };
const HEAD = 'host: localhost\r\ncontent-type: application/json\r\n';
const HALF_SENT = `POST /v1/listeners HTTP/1.1\r\n${HEAD}content-length: 100\r\n\r\n{"protocol":`;

/** A raw connection, all it got so far, and its end. */
async function openClient(t: Test, url: string, text = '') {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname.replace(/[[\]]/g, ''), port: Number(port), allowHalfOpen: true });
  const client = { socket, text: '', closed: new Promise((resolve) => socket.once('close', resolve)) };
  socket.on('data', (bytes: Buffer) => {
    client.text += bytes;
  });
  socket.on('error', () => {});
  socket.on('end', () => socket.end());
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  if (text !== '') socket.write(text);
  return client;
}

/** Like `printf … | nc -N`. */
async function halfClosed(t: Test, url: string, request: string, body = '') {
  const length = body === '' ? '' : `content-length: ${body.length}\r\n`;
  const client = await openClient(t, url);
  client.socket.end(`${request} HTTP/1.1\r\n${HEAD}${length}\r\n${body}`);
  return client;
}

const bodyOf = (text: string) => JSON.parse(text.slice(text.indexOf('\r\n\r\n')));
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

t.test('a request that does not come whole is cut, with the reason', async (t) => {
  const { url } = await listeningApp(t, { limits: LIMITS });
  const requests = ['', 'GET /v1/info HTTP/1.1\r\nhost: loc', HALF_SENT];
  const clients = await Promise.all(requests.map((request) => openClient(t, url, request)));
  await Promise.all(clients.map(({ closed }) => closed));
  for (const { text } of clients) {
    t.match(text, /^HTTP\/1.1 408 Request Timeout\r\n/);
    t.match(bodyOf(text), { code: 'request_timeout', status: 408 });
    isA(t, 'Problem', bodyOf(text));
  }
});

t.test('one that was refused below HTTP does not stay, though it never closes', async (t) => {
  const { url, app } = await listeningApp(t);
  const { socket } = await openClient(t, url, 'NOT HTTP\r\n\r\n');
  socket.removeAllListeners('end');
  await once(socket, 'end');
  await until(() => app.connections.totals().open === 0);
  t.pass('cut by us');
});

t.test('connections beyond the cap are refused, counted, and shown', async (t) => {
  const { url, app } = await listeningApp(t, { limits: { ...LIMITS, head: 60_000, request: 60_000 } });
  for (let i = 0; i < LIMITS.connections; i++) await openClient(t, url);
  await until(() => app.connections.totals().open === LIMITS.connections);
  await (await openClient(t, url)).closed;
  t.same(app.connections.totals(), { open: LIMITS.connections, refused: 1 });
});

t.test('who has closed its side is answered', async (t) => {
  const { url, registry, journal } = await listeningApp(t);
  const created = await halfClosed(t, url, 'POST /v1/listeners', '{"protocol":"udp","name":"x"}');
  await created.closed;
  t.match(created.text, /^HTTP\/1.1 201 /);
  t.equal(registry.entries.length, 1);
  const info = await halfClosed(t, url, 'GET /v1/info');
  await info.closed;
  t.match(info.text, /^HTTP\/1.1 200 /);

  journal.arrive(1, 'a');
  const wait = await halfClosed(t, url, 'GET /v1/listeners/x/messages?wait=60s&count=2');
  await wait.closed;
  t.match(bodyOf(wait.text), { satisfied: false, matched: 1, items: [{ text: 'a' }] }, 'at once, with what there is');
  const one = '{"match":{"text":{"contains":"a"}},"count":{"exactly":1},"within":"50ms"}';
  const verdict = await halfClosed(t, url, 'POST /v1/listeners/x/verifications', one);
  await verdict.closed;
  t.match(bodyOf(verdict.text), { passed: true }, 'carried out to its end');
  const all = await halfClosed(t, url, 'GET /v1/messages?wait=60s');
  await all.closed;
  t.match(bodyOf(all.text), { satisfied: true });
});

t.test('it reads streams on, and one that is gone lets go of them', async (t) => {
  const { url, registry, journal } = await listeningApp(t);
  await registry.create({ protocol: 'udp', name: 'x' });
  const reader = await halfClosed(t, url, 'GET /v1/listeners/x/stream?hold=1');
  await until(() => reader.text.includes('retry'));
  journal.arrive(1, 'after its end');
  await until(() => reader.text.includes('after its end'));
  t.equal(registry.holds, 1);
  reader.socket.destroy();
  await until(() => registry.holds === 0);
  t.pass('found out without anything to tell');
});

t.test('a close cuts at once who asks for nothing, and soon who asks by halves', async (t) => {
  const { url, app } = await listeningApp(t);
  const idle = [await openClient(t, url), await openClient(t, url, `GET /livez HTTP/1.1\r\n${HEAD}\r\n`)];
  await until(() => idle[1]!.text.includes('HTTP/1.1 200'));
  const half = await openClient(t, url, HALF_SENT.replace('\r\n', '\r\nexpect: 100-continue\r\n'));
  await until(() => half.text.includes('HTTP/1.1 100'));
  let cut = false;
  const began = performance.now();
  const closing = app.close().then(() => {
    cut = true;
  });
  await Promise.all(idle.map(({ closed }) => closed));
  t.notOk(cut, 'those at once');
  await Promise.all([closing, half.closed]);
  t.ok(performance.now() - began < 5000);
});

t.test('at a name of several addresses it listens at all of them, and closes them', async (t) => {
  const { app } = await fakeApp(t);
  const addresses = [{ address: '127.0.0.1' }, { address: '127.0.0.2' }, { address: '192.0.2.1' }];
  await listen(app, { host: 'localhost', port: 0 }, async () => addresses);
  const { port } = app.server.address() as { port: number };
  const urls = ['127.0.0.1', '127.0.0.2'].map((address) => `http://${address}:${port}`);
  for (const url of urls) t.equal((await fetch(`${url}/livez`)).status, 200, url);
  const silent = await openClient(t, urls[1]!);
  await app.close();
  await silent.closed;
  for (const url of urls) await t.rejects(openClient(t, url), url);
});
