/** What Node would answer itself is a problem document, and every answer says to browsers what it is and whose. */
import { once } from 'node:events';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { listeningApp } from '../../support/fake/app.ts';
import { isA } from '../../support/schema.ts';

const HOST = 'host: localhost\r\n';

t.test('what Node would answer without a body is a problem document', async (t) => {
  const { url } = await listeningApp(t);
  const cases: [request: string, status: number, code: string, detail: RegExp][] = [
    ['GET /v1/info HTTP/1.1\r\n\r\n', 400, 'validation_failed', /one Host header, this one has none/],
    [`GET /v1/info HTTP/1.1\r\n${HOST}Host: evil.example\r\n\r\n`, 400, 'validation_failed', /this one has 2/],
    ['GET /livez HTTP/1.1\r\n\r\n', 400, 'validation_failed', /one Host header/],
    [`GET /livez HTTP/1.1\r\n${HOST}expect: tea\r\n\r\n`, 417, 'expectation_failed', /Expect: tea is not known/],
    [`CONNECT evil.example:443 HTTP/1.1\r\n${HOST}\r\n`, 405, 'method_not_allowed', /no proxy/],
    ['NOT HTTP\r\n\r\n', 400, 'validation_failed', /not proper HTTP/],
    [`GET / HTTP/1.1\r\n${HOST}x: ${'x'.repeat(20_000)}\r\n\r\n`, 400, 'validation_failed', /headers are too large/],
    [`GET /v1/listeners/%zz HTTP/1.1\r\n${HOST}\r\n`, 400, 'validation_failed', /percent-encoded/],
    [`GET /v1/listeners/${'x'.repeat(200)} HTTP/1.1\r\n${HOST}\r\n`, 400, 'validation_failed', /longer than any id/],
  ];
  for (const [request, status, code, detail] of cases) {
    const answer = await exchange(t, url, request);
    t.match(answer, { status, headers: { 'content-type': /^application\/problem\+json/ } }, request.slice(0, 60));
    t.match(JSON.parse(answer.body), { status, code, detail });
    isA(t, 'Problem', JSON.parse(answer.body));
    isolated(t, answer, request.slice(0, 60));
  }
});

t.test('every answer is isolated: errors, streams, pages, exports, preflights', async (t) => {
  const { url, registry } = await listeningApp(t, { allowOrigin: ['https://tests.example'] });
  await registry.create({ protocol: 'udp', name: 'x' });
  const origin = 'origin: https://tests.example\r\n';
  const requests = [
    'GET /v1/info',
    'GET /v1/listeners/x/messages',
    'GET /v1/listeners/x/messages.ndjson',
    'GET /v1/listeners/x/messages/1/payload',
    'GET /v1/listeners/x/stream?for=1ms',
    'GET /v1/stream?for=1ms',
    'GET /v1/listeners/none/stream',
    'GET /nowhere',
    'PATCH /v1/listeners',
    'HEAD /v1/listeners/x',
    'GET /livez',
    'GET /metrics',
    'GET /docs/',
    'GET /docs/static/swagger-ui.css',
    'GET /docs/static/nothing',
    'GET /',
    'GET /openapi.json',
  ];
  for (const line of requests) isolated(t, await exchange(t, url, `${line} HTTP/1.1\r\n${HOST}\r\n`), line);
  const refused = await exchange(t, url, 'GET /v1/info HTTP/1.1\r\nhost: evil.example\r\n\r\n');
  t.equal(refused.status, 403);
  isolated(t, refused, 'a refused Host');
  const preflight = `OPTIONS /v1/info HTTP/1.1\r\n${HOST}${origin}access-control-request-method: GET\r\n\r\n`;
  isolated(t, await exchange(t, url, preflight), 'a preflight');
});

type Got = { status: number; headers: Record<string, string>; body: string };

function isolated(t: Test, { headers }: Got, name: string): void {
  const wanted = { 'x-content-type-options': 'nosniff', 'cross-origin-resource-policy': 'same-origin' };
  t.match(headers, wanted, name);
}

/** One request in its own words, one answer: its body is what Content-Length says, or nothing. */
async function exchange(t: Test, url: string, request: string): Promise<Got> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.setEncoding('latin1').write(request);
  let text = '';
  for (;;) {
    const end = text.indexOf('\r\n\r\n');
    const got = end === -1 ? undefined : parsed(text, end);
    if (got !== undefined && got.body.length >= Number(got.headers['content-length'] ?? 0)) return got;
    if (got !== undefined && request.startsWith('HEAD')) return got;
    text += (await once(socket, 'data'))[0];
  }
}

function parsed(text: string, end: number): Got {
  const [start, ...lines] = text.slice(0, end).split('\r\n');
  const pairs = lines.map((line) => line.split(/: ?(.*)/s, 2) as [string, string]);
  const headers = Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value]));
  return { status: Number(start!.split(' ')[1]), headers, body: text.slice(end + 4) };
}
