import fc from 'fast-check';
import t from 'tap';
import { indented } from '../../../src/http/pretty.ts';
import { fakeApp, listeningApp } from '../../support/fake/app.ts';

t.test('any JSON is indented as JSON.stringify does it', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.json(), async (json) => {
      const plain = JSON.stringify(JSON.parse(json));
      return (await indented(plain)) === JSON.stringify(JSON.parse(json), null, 2);
    }),
    { numRuns: 300, seed: 21 },
  );
  t.equal(
    await indented('{"n":1.10,"big":12345678901234567890,"a":1,"a":2}'),
    `{
  "n": 1.10,
  "big": 12345678901234567890,
  "a": 1,
  "a": 2
}`,
    'values stay as they are written',
  );
  t.equal(
    await indented('{"text":"a \\"b\\\\","e":[],"o":{}}'),
    '{\n  "text": "a \\"b\\\\",\n  "e": [],\n  "o": {}\n}',
  );
  const long = JSON.stringify(Array.from({ length: 30_000 }, (_, i) => i));
  t.equal(await indented(long), JSON.stringify(JSON.parse(long), null, 2), 'over several turns');
});

t.test('?pretty goes with every JSON answer, errors included', async (t) => {
  const { app, registry } = await fakeApp(t);
  await registry.create({ protocol: 'udp', name: 'a' });
  const urls = [
    '/v1/listeners',
    '/v1/listeners/a',
    '/v1/info',
    '/readyz',
    '/openapi.json',
    '/v1/nothing',
    '/v1/listeners/b',
  ];
  for (const url of [...urls, '/v1/listeners/a/messages?limit=5', '/v1/listeners?limit=0']) {
    const plain = (await app.inject(url)).body;
    const { body, headers } = await app.inject(`${url}${url.includes('?') ? '&' : '?'}pretty`);
    t.equal(body, `${JSON.stringify(JSON.parse(plain), null, 2)}\n`, url);
    t.equal(headers['content-length'], `${Buffer.byteLength(body)}`);
  }
  for (const on of ['true', '1']) t.match((await app.inject(`/v1/info?pretty=${on}`)).body, /^\{\n/, on);
  for (const off of ['false', '0']) t.match((await app.inject(`/v1/info?pretty=${off}`)).body, /^\{"/, off);
  const wrong = (await app.inject('/v1/info?pretty=please')).json();
  t.match(wrong, { status: 400, errors: [{ in: 'query', pointer: 'pretty' }] });
  const made = { method: 'POST', url: '/v1/listeners?pretty', payload: { protocol: 'udp' } } as const;
  t.match((await app.inject(made)).body, /^\{\n {2}"id"/);
  t.equal((await app.inject({ method: 'DELETE', url: '/v1/listeners/a?pretty' })).statusCode, 204);
});

t.test('streams and files have a form of their own', async (t) => {
  const { app, registry } = await fakeApp(t);
  await registry.create({ protocol: 'udp', name: 'a' });
  for (const url of ['/v1/stream?for=1&pretty', '/v1/listeners/a/messages.ndjson?pretty', '/metrics?pretty']) {
    t.match(
      (await app.inject(url)).json(),
      { errors: [{ pointer: 'pretty', detail: /is not a parameter here/ }] },
      url,
    );
  }
});

t.test('a slash at the end of a path changes nothing', async (t) => {
  const { url, registry } = await listeningApp(t);
  await registry.create({ protocol: 'udp', name: 'a' });
  const ask = (path: string, init: RequestInit = {}) => fetch(`${url}${path}`, init);
  for (const path of [
    '/v1/listeners',
    '/v1/listeners/a',
    '/v1/listeners/a/messages',
    '/v1/info',
    '/livez',
    '/openapi.json',
  ]) {
    const [plain, slash] = [await ask(path), await ask(`${path}/`)];
    t.same([slash.status, await slash.json()], [200, await plain.json()], path);
  }
  t.equal((await ask('/v1/listeners/?limit=1')).status, 200);
  const body = JSON.stringify({ protocol: 'udp' });
  const made = await ask('/v1/listeners/', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  t.equal(made.status, 201);
  t.equal((await ask('/v1/listeners/a/', { method: 'DELETE' })).status, 204);
  t.equal((await ask('/docs/')).status, 200);
  t.equal((await ask('/docs')).status, 200);
  t.equal((await ask('/')).status, 200);
  t.equal((await ask('/v1/listeners/', { method: 'PATCH' })).status, 405);
  t.equal((await ask('/v1/listeners/', { headers: { origin: 'https://evil.example' } })).status, 403, 'nor the gate');
});
