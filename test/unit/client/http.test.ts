/** What the client makes of a service that refuses, breaks or is not there. */
import t from 'tap';
import { Http } from '../../../src/client/http.ts';
import { connect, ProblemError, UnreachableError } from '../../../src/client/index.ts';
import { failure, fakeService } from './rig.ts';

t.setTimeout(120_000);

t.test('a problem document becomes an error that says it all', async (t) => {
  const errors = [
    { in: 'body', pointer: '/port', detail: 'must be at most 65535' },
    { in: 'body', pointer: '/foo', detail: 'is not a field here' },
  ];
  const problem = { code: 'validation_failed', title: 'No', status: 400, detail: 'Two things.', errors };
  const url = await fakeService(t, (_, response) => {
    response.writeHead(400, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
  });
  const error = await failure(ProblemError, new Http(url).json('POST', '/v1/listeners', { body: {} }));
  t.match(error, { code: 'validation_failed', status: 400, problem });
  t.equal(
    error.message,
    [
      'POST /v1/listeners: 400 validation_failed: Two things.',
      '  body /port: must be at most 65535',
      '  body /foo: is not a field here',
    ].join('\n'),
  );
});

t.test('an answer that is no problem document is shown as it is', async (t) => {
  const url = await fakeService(t, (_, response) => void response.writeHead(502).end('<html>bad gateway</html>'));
  const error = await failure(ProblemError, new Http(url).json('GET', '/v1/info'));
  t.equal(error.message, 'GET /v1/info: 502 unknown: <html>bad gateway</html>');
});

t.test('a connection that breaks: what changes nothing is asked again, what changes something is not', async (t) => {
  let requests = 0;
  const url = await fakeService(t, (request, response) => {
    requests++;
    if (requests === 1 || request.method === 'POST') request.socket.destroy();
    else response.setHeader('content-type', 'application/json').end('{"ok":true}');
  });
  t.same(await new Http(url).json('GET', '/'), { ok: true });
  t.equal(requests, 2);
  await failure(UnreachableError, new Http(url).json('POST', '/', { body: {} }));
  t.equal(requests, 3);
});

t.test('a service that never answers', async (t) => {
  const url = await fakeService(t, () => {});
  const error = await failure(UnreachableError, new Http(url, { timeout: 50 }).json('GET', '/v1/info'));
  t.match(error.message, /can't reach http:\/\/127.* for GET \/v1\/info: no answer in time/);
});

t.test('a service that is not there, and one whose end is known', async (t) => {
  const url = await fakeService(t, () => {});
  const port = Number(new URL(url).port);
  const http = new Http(url, {
    fetch: () => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } })),
  });
  const error = await failure(UnreachableError, http.json('GET', '/v1/info'));
  t.equal(
    error.message,
    `can't reach http://127.0.0.1:${port} for GET /v1/info: ECONNREFUSED; is \`listenpost serve\` running there?`,
  );
  http.gone = () => 'the service ended with exit code 70';
  t.match((await failure(UnreachableError, http.json('GET', '/'))).message, /; the service ended with exit code 70$/);
});

t.test('a signal of the caller ends a request as fetch would', async (t) => {
  const url = await fakeService(t, () => {});
  const leaving = new AbortController();
  const asked = new Http(url).json('GET', '/', { signal: leaving.signal });
  leaving.abort();
  await t.rejects(asked, { name: 'AbortError' });
});

t.test('a closed client asks nothing any more', async (t) => {
  const http = new Http(await fakeService(t, () => {}));
  const asked = failure(UnreachableError, http.json('GET', '/'));
  http.close();
  t.match((await asked).message, /the client of .* is closed/);
  await failure(UnreachableError, http.json('GET', '/'));
});

t.test('connect sends its token, cuts the slash, and waits when told to', async (t) => {
  let refuse = 2;
  const seen: unknown[] = [];
  const url = await fakeService(t, (request, response) => {
    seen.push([request.url, request.headers.authorization]);
    if (refuse-- > 0) request.socket.destroy();
    else response.end('{"version":"1"}');
  });
  await failure(UnreachableError, connect(`${url}/`, { token: 's3cret' }));
  refuse = 2;
  const service = await connect(`${url}/`, { token: 's3cret', wait: '5s' });
  t.equal(service.url, url);
  t.same(await service.info(), { version: '1' });
  t.same(seen[0], ['/v1/info', 'Bearer s3cret']);
});

t.test('without a URL the environment says where', async (t) => {
  const url = await fakeService(t, (request, response) => {
    if (request.headers.authorization === 'Bearer env') response.end('{}');
    else response.writeHead(401).end('{"code":"unauthorized","detail":"A token."}');
  });
  const { LISTENPOST_URL, LISTENPOST_TOKEN } = process.env;
  t.teardown(() => restore({ LISTENPOST_URL, LISTENPOST_TOKEN }));
  restore({ LISTENPOST_URL: url, LISTENPOST_TOKEN: 'env' });
  t.equal((await connect()).url, url);
  restore({ LISTENPOST_TOKEN: undefined });
  t.equal((await failure(ProblemError, connect())).code, 'unauthorized');
});

function restore(variables: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}
