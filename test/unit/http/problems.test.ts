/** Every way to be wrong ends in a problem document that says what is wrong. */
import { connect } from 'node:net';
import t from 'tap';
import { PROBLEMS } from '../../../src/errors.ts';
import { fakeApp, listeningApp } from '../../support/fake/app.ts';

const post = (payload: unknown, headers = { 'content-type': 'application/json' }) => ({
  method: 'POST' as const,
  url: '/v1/listeners',
  headers,
  payload: typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload),
});

const framing = (framing: object) => ({ protocol: 'tcp', tcp: { framing } });
const ntp = (parameters: object) => ({ protocol: 'udp', responder: { type: 'preset', name: 'ntp', with: parameters } });
const rules = (rule: object) => ({ protocol: 'udp', responder: { type: 'rules', rules: [rule] } });

t.test('wrong fields are named by pointer and in plain words', async (t) => {
  const { app } = await fakeApp(t);
  const cases: [body: object, pointer: string, detail: RegExp][] = [
    [{}, '/protocol', /^is required$/],
    [{ protocol: 'sctp' }, '/protocol', /^must be one of udp, tcp$/],
    [{ protocol: 'ucp' }, '/protocol', /^must be one of udp, tcp$/],
    [{ protocol: 'udp', colour: 1 }, '/colour', /^is not a field here; known are protocol, host/],
    [{ protocol: 'udp', port: '80' }, '/port', /^must be an integer$/],
    [{ protocol: 'udp', port: 65_536 }, '/port', /^must be at most 65535$/],
    [{ protocol: 'udp', threads: 0 }, '/threads', /^must be at least 1$/],
    [{ protocol: 'udp', ttl: '5 s' }, '/ttl', /^must be a duration such as "500ms"/],
    [{ protocol: 'udp', name: 'a b' }, '/name', /letters, digits/],
    [{ protocol: 'udp', name: 'l_0000000001' }, '/name', /id's form/],
    [{ protocol: 'udp', labels: { 'a b': 'x' } }, '/labels/a b', /^is no name of a label: 1 to 63 letters/],
    [{ protocol: 'udp', labels: { 'a/b': 1 } }, '/labels/a~1b', /^must be a string$/],
    [{ protocol: 'udp', capture: { maxBytes: '1MB' } }, '/capture/maxBytes', /^must be a size/],
    [{ protocol: 'udp', responder: { type: 'ecko' } }, '/responder/type', /^must be one of none, echo, upper, reply/],
    [{ protocol: 'udp', responder: {} }, '/responder/type', /^is required$/],
    [
      { protocol: 'udp', responder: { type: 'echo', text: 'x' } },
      '/responder/text',
      /^is not a field here; known are type$/,
    ],
    [
      { protocol: 'tcp', tcp: { framing: { type: 'lines' } } },
      '/tcp/framing/type',
      /^must be one of none, line.*; did you mean line\?$/,
    ],
    [framing({ type: 'line', eol: 'X' }), '/tcp/framing/eol', /^must be one of "\\n", "\\r\\n"$/],
    [framing({ type: 'stxEtx', start: '2' }), '/tcp/framing/start', /^must be a byte as two hex digits/],
    [ntp({ reference: 'RATES' }), '/responder/with/reference', /^must match .*, e\.g\. "LOCL"$/],
    [[], '', /^must be an object, e\.g\. {"protocol":"udp","name":"statsd"/],
    [{ protocol: 'udp', responder: 'echo' }, '/responder', /^must be an object, e\.g\. {"type":"echo"}$/],
    [{ protocol: 'udp', udp: 1 }, '/udp', /^must be an object, e\.g\. {"receiveBuffer":"8MiB"}$/],
    [{ protocol: 'udp', labels: 'a:b' }, '/labels', /^must be an object, e\.g\. {"suite":"smoke"}$/],
    [{ protocol: 'udp', framing: { type: 'line' } }, '/framing', /^is not a field here; it belongs in tcp$/],
    [
      rules({ then: [{ reply: { text: 'x' }, delay: 5 }] }),
      '/responder/rules/0/then/0',
      /^takes one member, not reply and delay; give each an object of its own$/,
    ],
    [rules({ true: 'connect', then: [] }), '/responder/rules/0/true', /^is `on`, which YAML 1\.1 reads as true/],
    [rules({ on: 'conect', then: [] }), '/responder/rules/0/on', /^must be one of message, connect, halfClose$/],
    [rules({ name: 'a b', then: [] }), '/responder/rules/0/name', /^must be 1 to 63 letters/],
    [
      rules({ when: { json: { pointer: 'id' } } }),
      '/responder/rules/0/when/json/pointer',
      /^must be empty or begin with \//,
    ],
    [
      rules({ when: { text: {} } }),
      '/responder/rules/0/when/text',
      /^must not be empty, e\.g\. {"equals":"Hola server"}$/,
    ],
    [
      rules({ cycle: [] }),
      '/responder/rules/0/cycle',
      /^must be an object, e\.g\. {"steps":\[{"repeat":2,"then":\[{"reply"/,
    ],
    [rules({ choose: {} }), '/responder/rules/0/choose', /^must be an array, e\.g\. \[{"weight":9,"then":\[{"reply"/],
    [
      { protocol: 'udp', responder: { type: 'rules', rules: [], fields: { 'a-b': {} } } },
      '/responder/fields/a-b',
      /^is no name of a field: 1 to 32 letters/,
    ],
    [{ protocol: 'udp', allow: '10.0.0.1' }, '/allow', /^must be an array, e\.g\. \["127\.0\.0\.0\/8"\]$/],
  ];
  for (const [body, pointer, detail] of cases) {
    const answer = await app.inject(post(body));
    t.match(answer.headers['content-type'], 'application/problem+json');
    t.match(
      answer.json(),
      { status: 400, code: 'validation_failed', errors: [{ in: 'body', pointer, detail }] },
      pointer,
    );
    t.equal(answer.json().errors.length, 1, `one error about ${pointer}`);
  }
});

t.test('a misspelt field is told beside the required one that it was meant to be', async (t) => {
  const { app } = await fakeApp(t);
  const { detail, errors } = (
    await app.inject(post({ protokol: 'udp', nmae: 'x', responder: { typ: 'echo' } }))
  ).json();
  t.match(errors, [
    { pointer: '/protocol', detail: 'is required' },
    { pointer: '/protokol', detail: /^is not a field here; did you mean protocol\? Known are protocol, host/ },
    { pointer: '/nmae', detail: /did you mean name\?/ },
    { pointer: '/responder/type', detail: 'is required; did you mean type by typ?' },
  ]);
  t.match(detail, /\/protocol is required; \/protokol is not a field here; did you mean protocol\?/);
  const query = (await app.inject('/v1/listeners?lable=a:b')).json();
  t.match(query.detail, /^lable is not a parameter here; did you mean label\?/);
});

t.test('digits alone are milliseconds in a query string, wherever a parameter is a duration', async (t) => {
  const { app, registry } = await fakeApp(t);
  await registry.create({ protocol: 'udp', name: 'a' });
  for (const path of ['/v1/listeners/a/messages?wait=0', '/v1/messages?wait=20', '/v1/listeners/a/stream?for=20']) {
    t.equal((await app.inject(path)).statusCode, 200, path);
  }
  t.equal((await app.inject('/v1/stream?for=20')).statusCode, 200);
  t.match((await app.inject('/v1/listeners/a/messages?wait=5.5')).json(), {
    errors: [{ pointer: 'wait', detail: /^must be a duration such as 500ms, .* milliseconds$/ }],
  });
  await app.inject({ method: 'DELETE', url: '/v1/listeners/a?drain=2000' });
  t.same(registry.calls.at(-1), ['remove', 'a', { mode: 'fin', drain: 2000 }]);
});

t.test('all wrong fields are named at once, up to a limit', async (t) => {
  const { app } = await fakeApp(t);
  const answer = await app.inject(post({ protocol: 'udp', a: 1, b: 2 }));
  t.match(answer.json(), { detail: /^\/a is not .*; \/b is not /, errors: [{ pointer: '/a' }, { pointer: '/b' }] });
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x${i}`, i]));
  t.equal((await app.inject(post({ protocol: 'udp', ...many }))).json().errors.length, 20);
});

t.test('unknown and wrong query parameters are named, also where a route knows none', async (t) => {
  const { app } = await fakeApp(t);
  const cases: [url: string, pointer: string, detail: RegExp][] = [
    [
      '/v1/listeners?colour=red',
      'colour',
      /^is not a parameter here; known are protocol, state, label, limit, cursor$/,
    ],
    ['/v1/listeners?limit=0', 'limit', /at least 1/],
    ['/v1/listeners?limit=many', 'limit', /must be an integer/],
    ['/v1/listeners?limit=1&limit=2', 'limit', /must be an integer/],
    ['/v1/listeners?protocol=sctp', 'protocol', /among udp, tcp/],
    ['/v1/listeners?state=asleep', 'state', /among opening/],
    ['/v1/listeners?label=nocolon', 'label', /key:value/],
    ['/v1/info?x=1', 'x', /^is not a parameter here, there are none$/],
    ['/v1/listeners/a?x=1', 'x', /there are none/],
  ];
  for (const [url, pointer, detail] of cases) {
    const answer = await app.inject(url);
    t.match(answer.json(), { status: 400, code: 'validation_failed', errors: [{ in: 'query', pointer, detail }] }, url);
  }
  const path = await app.inject('/v1/listeners/a/messages/one');
  t.match(path.json(), { status: 400, errors: [{ in: 'path', pointer: 'seq', detail: /integer/ }] });
});

t.test('bodies: malformed, not UTF-8, missing, unexpected, too large', async (t) => {
  const { app } = await fakeApp(t, { bodyLimit: 1000 });
  t.match((await app.inject(post('{"protocol":'))).json(), { status: 400, detail: /^The body is not JSON: / });
  t.match((await app.inject(post(Buffer.from([0x22, 0xff, 0x22])))).json(), { status: 400, detail: /not UTF-8/ });
  t.match((await app.inject({ method: 'POST', url: '/v1/listeners' })).json(), { status: 400, detail: /missing/ });
  t.match((await app.inject(post(''))).json(), { status: 400, detail: /missing/ });
  t.match((await app.inject(post('x'.repeat(1001)))).json(), { status: 413, code: 'payload_too_large' });
  const reset = { ...post({ really: true }), url: '/v1/reset' };
  t.match((await app.inject(reset)).json(), { status: 400, detail: /not expected/ });
  t.equal((await app.inject({ ...reset, payload: '{}' })).statusCode, 204);
  t.equal((await app.inject({ ...reset, payload: '' })).statusCode, 204);
});

t.test('a merge patch is for PATCH only', async (t) => {
  const { app } = await fakeApp(t);
  const type = { 'content-type': 'application/merge-patch+json' };
  t.match((await app.inject(post({ protocol: 'udp' }, type))).json(), {
    status: 415,
    detail: /must be application\/json:/,
  });
  const patch = { ...post('x', { 'content-type': 'text/plain' }), method: 'PATCH' as const, url: '/v1/listeners/a' };
  t.match((await app.inject(patch)).json(), { status: 415, detail: /merge-patch/ });
});

t.test('404 says where the docs are, 405 what the path knows', async (t) => {
  const { app } = await fakeApp(t);
  const body = { method: 'POST', url: '/nowhere', payload: { a: 1 } } as const;
  t.equal((await app.inject(body)).statusCode, 404, 'with a body too');
  const missing = await app.inject('/v1/nothing?secret=1');
  t.match(missing.json(), {
    status: 404,
    code: 'not_found',
    detail: /GET \/v1\/nothing; see \/docs/,
    instance: '/v1/nothing',
  });
  t.notMatch(missing.body, 'secret');
  const wrong = await app.inject({ method: 'PATCH', url: '/v1/listeners' });
  t.match(wrong.json(), { status: 405, code: 'method_not_allowed' });
  t.equal(wrong.headers.allow, 'DELETE, GET, HEAD, POST');
  const head = await app.inject({ method: 'HEAD', url: '/v1/stream' });
  t.match([head.statusCode, head.headers.allow], [405, 'GET']);
  t.equal((await app.inject({ method: 'DELETE', url: '/v1/listeners/a/messages.ndjson' })).headers.allow, 'GET, HEAD');
  t.equal((await app.inject({ method: 'HEAD', url: '/v1/reset' })).headers.allow, 'POST');
  t.equal((await app.inject({ method: 'PATCH', url: '/docs/' })).headers.allow, 'GET, HEAD');
  for (const method of ['HEAD', 'GET', 'DELETE', 'PATCH'] as const) {
    const shadowed = await app.inject({ method, url: '/v1/sends/import' });
    t.match([shadowed.statusCode, shadowed.headers.allow], [405, 'POST'], `${method}: a path of its own, no send`);
  }
  t.match((await app.inject('/v1/listeners/%zz')).json(), { status: 400, detail: /percent-encoded/ });
});

t.test('what goes wrong inside is logged and hidden', async (t) => {
  const { app, registry, lines } = await fakeApp(t);
  registry.failure = Object.assign(new Error('the inner secret'), { code: 'EWHATEVER' });
  const answer = await app.inject(post({ protocol: 'udp' }));
  t.match(answer.json(), { status: 500, code: 'internal' });
  t.notMatch(answer.body, 'inner secret');
  const logged = lines.map((line) => JSON.parse(line)).find(({ level }) => level === 50);
  t.match(logged, { err: { message: 'the inner secret', stack: /problems\.test/ }, route: '/v1/listeners' });
});

t.test('neither payload nor query nor path reaches the log', async (t) => {
  const { app, lines, registry } = await fakeApp(t);
  await registry.create({ protocol: 'udp', name: 'x' });
  await app.inject(post({ protocol: 'udp', responder: { type: 'reply', text: 'TOPSECRET' } }));
  await app.inject(post({ protocol: 'TOPSECRET' }));
  await app.inject('/v1/listeners/x/messages?text=TOPSECRET');
  await app.inject('/TOPSECRET');
  t.ok(lines.length >= 4, 'requests are logged');
  t.notMatch(lines.join(''), 'TOPSECRET');
});

t.test('429 and 503 say when to come again', async (t) => {
  const { app, registry } = await fakeApp(t);
  const { ProblemError } = await import('../../../src/errors.ts');
  registry.failure = new ProblemError('limit_reached', 'too many');
  t.equal((await app.inject(post({ protocol: 'udp' }))).headers['retry-after'], '1');
});

t.test('what is not HTTP gets a problem document too', async (t) => {
  const { url } = await listeningApp(t);
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write('NOT HTTP\r\n\r\n');
  let text = '';
  for await (const part of socket) text += part;
  t.match(text, /^HTTP\/1\.1 400 .*application\/problem\+json.*"code":"validation_failed"/s);
});

t.test('each error code has a page of its own', async (t) => {
  const { app } = await fakeApp(t);
  for (const code of Object.keys(PROBLEMS)) t.match((await app.inject(`/problems/${code}`)).json(), { code });
  t.equal((await app.inject('/problems/toString')).statusCode, 404);
});
