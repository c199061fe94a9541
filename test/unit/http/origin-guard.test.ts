/** Each rule of the gate, with the request that gets through without it. */
import { connect } from 'node:net';
import t from 'tap';
import { hostName } from '../../../src/http/origin-guard.ts';
import { fakeApp, listeningApp } from '../../support/fake/app.ts';

type Headers = Record<string, string>;
const url = '/v1/info';

t.test('Host is compared whole, after cutting port, brackets, one trailing dot and case', async (t) => {
  const { app } = await fakeApp(t, { allowHost: ['Tests.Example'] });
  const status = async (host: string) => (await app.inject({ url, headers: { host } })).statusCode;
  const served = [
    'localhost',
    'LOCALHOST:8080',
    'localhost.',
    '127.0.0.1:1',
    '127.9.8.7',
    '[::1]:8080',
    '[::1]',
    'tests.example:9',
  ];
  for (const host of served) t.equal(await status(host), 200, host);
  const refused = [
    'evil.example',
    'localhost.evil.example',
    'localhost..',
    '127.0.0.1.evil.example',
    '127.0.0.256',
    '128.0.0.1',
    'evil127.0.0.1',
    'evil.tests.example',
    '[::2]',
    'localhost:8080/@evil.example',
    'user@localhost',
  ];
  for (const host of refused) t.equal(await status(host), 403, host);
});

t.test('a request without a Host is refused', async (t) => {
  const { url: base } = await listeningApp(t);
  const socket = connect(Number(new URL(base).port), '127.0.0.1');
  socket.write(`GET ${url} HTTP/1.0\r\n\r\n`);
  let text = '';
  for await (const part of socket) text += part;
  t.match(text, /^HTTP\/1\.1 403 .*host_not_allowed/s);
});

t.test('the refusal names the way out', async (t) => {
  const { app } = await fakeApp(t);
  const answer = await app.inject({ url, headers: { host: 'ci.example:8080' } });
  t.match(answer.json(), { code: 'host_not_allowed', detail: /--allow-host ci\.example/ });
});

t.test('hostName leaves bare IPv6 whole', async (t) => {
  t.equal(hostName('FD00::1'), 'fd00::1');
  t.equal(hostName('[fd00::1]:80'), 'fd00::1');
});

t.test('Origin, on any method, must be our own or allowed', async (t) => {
  const { app, registry } = await fakeApp(t, { allowOrigin: ['https://tests.example'] });
  await registry.create({ protocol: 'udp', name: 'x' });
  const ask = (origin: string, method: 'GET' | 'POST' | 'DELETE' = 'GET') =>
    app.inject({
      url: method === 'DELETE' ? '/v1/listeners/x' : url,
      method,
      headers: { host: 'localhost:8080', origin },
    });
  t.equal((await ask('http://localhost:8080')).statusCode, 200);
  t.equal((await ask('https://tests.example')).statusCode, 200);
  const refused = [
    'null',
    'http://evil.example',
    'http://localhost:9090',
    'http://localhost',
    'https://localhost:8081',
    'http://tests.example',
    'https://tests.example.evil.example',
    'file://localhost:8080',
    'ftp://localhost:8080',
    'localhost:8080',
  ];
  for (const origin of refused)
    t.match((await ask(origin)).json(), { status: 403, code: 'origin_not_allowed' }, origin);
  t.equal((await ask('http://evil.example', 'DELETE')).statusCode, 403);
  t.equal(registry.entries.length, 1, 'nothing was deleted');
});

t.test('what a page elsewhere embeds sends no Origin: Sec-Fetch-Site tells it', async (t) => {
  const { app } = await fakeApp(t, { allowOrigin: ['https://tests.example'], token: 'secret' });
  const ask = async (site: string, more: Headers = {}, path = url) => {
    const headers = { host: 'localhost', authorization: 'Bearer secret', 'sec-fetch-site': site, ...more };
    return (await app.inject({ url: path, headers })).json();
  };
  const embeds: Headers[] = [
    { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' },
    { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    {},
  ];
  for (const site of ['cross-site', 'same-site', 'Cross-Site']) {
    for (const embed of embeds) {
      t.match(await ask(site, embed), { status: 403, code: 'origin_not_allowed', detail: /Sec-Fetch-Site/ });
    }
  }
  for (const site of ['same-origin', 'none']) t.match(await ask(site, embeds[0]), { version: '1.2.3' }, site);
  t.match(await ask('cross-site', { origin: 'https://tests.example' }), { version: '1.2.3' }, 'an allowed origin');
});

t.test('a link from elsewhere leads to the pages, which hold no data', async (t) => {
  const { app } = await fakeApp(t);
  const follow = async (path: string, dest = 'document', method: 'GET' | 'POST' = 'GET') => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': dest };
    return (await app.inject({ method, url: path, headers })).statusCode;
  };
  for (const page of ['/docs', '/docs/', '/openapi.json', '/problems/not_found'])
    t.equal(await follow(page), 200, page);
  t.equal(await follow('/'), 302);
  t.equal(await follow('/docs/', 'iframe'), 403, 'not into a frame');
  t.equal(await follow('/docs/', 'document', 'POST'), 403, 'not by a form');
  for (const path of ['/v1/listeners', '/metrics', '/v1/export']) t.equal(await follow(path), 403, path);
});

t.test('null is refused even where somebody allows it', async (t) => {
  const { app } = await fakeApp(t, { allowOrigin: ['null'] });
  t.equal((await app.inject({ url, headers: { origin: 'null' } })).statusCode, 403);
});

t.test('only allowed origins get CORS headers, on answers, errors and preflights', async (t) => {
  const { app } = await fakeApp(t, { allowOrigin: ['https://tests.example/'] });
  const origin = 'https://tests.example';
  const answer = await app.inject({ url, headers: { origin } });
  t.match(answer.headers, { 'access-control-allow-origin': origin, vary: 'Origin' });
  t.match(answer.headers['access-control-expose-headers'], /Link/);
  const missing = await app.inject({ url: '/v1/listeners/none', headers: { origin } });
  t.match([missing.statusCode, missing.headers['access-control-allow-origin']], [404, origin]);
  const preflight = (from: string) =>
    app.inject({ method: 'OPTIONS', url, headers: { origin: from, 'access-control-request-method': 'PATCH' } });
  const allowed = await preflight(origin);
  t.equal(allowed.statusCode, 204);
  t.match(allowed.headers['access-control-allow-methods'], /PATCH/);
  t.match(allowed.headers['access-control-allow-headers'], /Authorization/);
  t.equal((await preflight('https://evil.example')).statusCode, 403);
  const own = await app.inject({ url, headers: { host: 'localhost', origin: 'http://localhost' } });
  t.match([own.statusCode, own.headers['access-control-allow-origin']], [200, undefined]);
});

t.test('with a token every request but pages and probes must carry it', async (t) => {
  const { app } = await fakeApp(t, { token: 'secret' });
  const ask = (path: string, headers: Headers = {}) => app.inject({ url: path, headers });
  const refused = await ask(url);
  t.match(refused.json(), { status: 401, code: 'unauthorized' });
  t.match(refused.headers['www-authenticate'], /^Bearer/);
  for (const authorization of [
    'Bearer wrong',
    'Bearer secretly',
    'Bearer ',
    'Basic secret',
    'secret',
    'Bearer secre',
  ]) {
    t.equal((await ask(url, { authorization })).statusCode, 401, authorization);
  }
  t.equal((await ask(url, { authorization: 'Bearer secret' })).statusCode, 200);
  t.equal((await ask(url, { authorization: 'bearer secret' })).statusCode, 200, 'the scheme has no case');
  for (const open of ['/livez', '/readyz', '/healthz', '/docs/', '/openapi.json', '/openapi.yaml', '/']) {
    t.not((await ask(open)).statusCode, 401, open);
  }
  for (const shut of ['/metrics', '/v1/nothing', '/docsx', '/openapi.json/x', '/livez/x']) {
    t.equal((await ask(shut)).statusCode, 401, shut);
  }
});

t.test('a valid token makes the Host check unnecessary, not the Origin check', async (t) => {
  const { app } = await fakeApp(t, { token: 'secret' });
  const headers = { host: 'ci.example', authorization: 'Bearer secret' };
  t.equal((await app.inject({ url, headers })).statusCode, 200);
  t.equal((await app.inject({ url: '/docs/', headers: { host: 'ci.example' } })).statusCode, 403);
  t.equal((await app.inject({ url, headers: { ...headers, origin: 'http://evil.example' } })).statusCode, 403);
});

t.test('a preflight carries no token, so its Host is excused where a token decides', async (t) => {
  const { app } = await fakeApp(t, { token: 'secret', allowOrigin: ['https://tests.example'] });
  const headers = { host: 'ci.example', origin: 'https://tests.example', 'access-control-request-method': 'GET' };
  t.equal((await app.inject({ method: 'OPTIONS', url, headers })).statusCode, 204);
  const refused = await app.inject({ url, headers: { host: 'ci.example', origin: 'https://tests.example' } });
  t.match([refused.statusCode, refused.headers['access-control-allow-origin']], [401, 'https://tests.example']);
});

t.test('probes need neither gate nor token', async (t) => {
  const { app } = await fakeApp(t, { token: 'secret' });
  for (const path of ['/livez', '/readyz', '/healthz']) {
    t.equal((await app.inject({ url: path, headers: { host: '10.1.2.3', origin: 'null' } })).statusCode, 200, path);
  }
});

t.test('unknown paths are behind the gate too', async (t) => {
  const { app } = await fakeApp(t);
  t.equal((await app.inject({ url: '/v1/nothing', headers: { host: 'evil.example' } })).statusCode, 403);
});

t.test('writes are JSON only: what a web form can send is refused', async (t) => {
  const { app, registry } = await fakeApp(t);
  const types = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', ''];
  for (const type of types) {
    const payload = JSON.stringify({ protocol: 'udp' });
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/listeners',
      headers: { 'content-type': type },
      payload,
    });
    t.match(answer.json(), { status: 415, code: 'unsupported_media_type', detail: /use curl --json/ }, type);
  }
  t.equal(registry.entries.length, 0);
});
