/** What strangers nest: payloads and requests that go too deep end no thread and no process, before and after a restart. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { type Service, startProcess } from '../support/process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

t.setTimeout(120_000);

const DEPTH = 20_000;
const deep = (open: string, close: string, inside = '') => `${open.repeat(DEPTH)}${inside}${close.repeat(DEPTH)}`;
/** Payloads that are JSON to the letter, but deeper than is read here. */
const PAYLOADS = [
  `{"a":${deep('[', ']')}}`,
  deep('[', ']'),
  `{"a":1,"b":${deep('[', ']')}}`,
  `{"a":${'{"a":'.repeat(8000)}`,
];

t.test('payloads that nest too deep', async (t) => {
  const data = temporaryDirectory(t);
  const service = await startProcess(t, ['--threads', '2', '--data', data]);
  const specs = {
    quiet: { protocol: 'udp' },
    answering: { protocol: 'udp', responder: { type: 'reply', text: '{{json /a}}|{{upper json /a}}', template: true } },
    stream: { protocol: 'tcp', responder: { type: 'reply', text: '{{json /a}}|', template: true } },
  };
  const names = Object.keys(specs);
  for (const [name, spec] of Object.entries(specs)) {
    t.equal((await service.post('/v1/listeners', { ...spec, name })).status, 201);
  }
  const waits = names.map((name) => service.get(`/v1/listeners/${name}/messages?json=/a=1&wait=30s&count=2`));
  for (const name of names) {
    for (const text of PAYLOADS) {
      const sent = await service.post('/v1/sends', {
        protocol: specs[name as 'quiet'].protocol,
        to: { listener: name },
        text,
      });
      t.equal(sent.status, 201);
    }
  }
  await everyQuestion(t, service, names, 'it is not JSON');
  for (const name of names) {
    for (let n = 0; n < 2; n++) {
      await service.post('/v1/sends', {
        protocol: specs[name as 'quiet'].protocol,
        to: { listener: name },
        json: { a: 1 },
      });
    }
  }
  for (const { status, body } of await Promise.all(waits))
    t.match([status, body.satisfied], [200, true], 'the waits go on');
  t.match((await service.get('/v1/workers')).body.pools[0].threads, [{ restarts: 0 }, { restarts: 0 }]);
  t.equal((await service.stop()).code, 0);

  const again = await startProcess(t, ['--threads', '2', '--data', data]);
  await everyQuestion(t, again, names);
  t.match((await again.get('/v1/workers')).body.pools[0].threads, [{ restarts: 0 }, { restarts: 0 }]);
});

/** All that looks into a payload as JSON. `newest`: why the newest payload does not match. */
async function everyQuestion(t: Test, service: Service, names: string[], newest?: string): Promise<void> {
  const match = { json: { pointer: '/a', equals: [[1]] } };
  for (const name of names) {
    const path = `/v1/listeners/${name}`;
    const pages = [
      '?json=/a=1',
      '?json==[]&wait=50ms',
      '?json=/a/0/0=1&wait=1ms&count=9',
      '.ndjson?json=/a=2',
      '.pcapng?json=/a=2',
    ];
    for (const query of pages) t.equal((await service.get(`${path}/messages${query}`)).status, 200, query);
    const verified = await service.post(`${path}/verifications`, { match, within: '20ms' });
    t.match([verified.status, verified.body.passed], [200, false]);
    if (newest !== undefined) t.equal(verified.body.nearMisses[0].why, newest);
    t.equal((await service.get(path)).body.state, 'listening');
  }
}

t.test('requests that nest too deep', async (t) => {
  const service = await startProcess(t);
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  t.teardown(() => socket.close());
  await once(socket, 'listening');
  await service.post('/v1/listeners', { protocol: 'udp', name: 'u' });
  const to = JSON.stringify({ host: '127.0.0.1', port: socket.address().port });
  const bodies: [method: string, path: string, body: (nested: string) => string][] = [
    ['POST', '/v1/listeners', (nested) => `{"protocol":"udp","responder":{"type":"reply","json":${nested}}}`],
    ['POST', '/v1/listeners', (nested) => `{"protocol":"udp","labels":${nested}}`],
    ['PUT', '/v1/listeners/p', (nested) => `{"protocol":"udp","responder":{"type":"reply","json":${nested}}}`],
    ['PATCH', '/v1/listeners/u', (nested) => `{"responder":{"type":"reply","json":${nested}}}`],
    ['POST', '/v1/sends', (nested) => `{"protocol":"udp","to":${to},"json":${nested}}`],
    ['POST', '/v1/sends', (nested) => `{"protocol":"udp","to":${to},"sequence":[{"json":${nested}}]}`],
    ['POST', '/v1/listeners/u/verifications', (nested) => `{"match":{"json":{"pointer":"/a","equals":${nested}}}}`],
    [
      'POST',
      '/v1/listeners/u/verifications',
      (nested) => `{"match":${'{"not":'.repeat(DEPTH)}${nested}${'}'.repeat(DEPTH)}}`,
    ],
    ['POST', '/v1/listeners/u/messages/1/reply', (nested) => `{"json":${nested}}`],
    ['POST', '/v1/listeners/u/connections/c_1/send', (nested) => `{"json":${nested}}`],
    ['POST', '/v1/nowhere', (nested) => nested],
  ];
  for (const [method, path, body] of bodies) {
    for (const nested of [deep('[', ']'), deep('{"a":', '}', '1'), deep('[{"a":', '}]', '1'), deep('[', '')]) {
      const answer = await fetch(new URL(path, service.url), {
        method,
        body: body(nested),
        headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
      });
      const { status, detail } = (await answer.json()) as { status: number; detail: string };
      t.match({ status, detail }, { status: 400, detail: /nests deeper than 100/ }, `${method} ${path}`);
    }
  }
  const value = encodeURIComponent(deep('[', ']').slice(DEPTH - 1000, DEPTH + 1000));
  const asked = await service.get(`/v1/listeners/u/messages?json=/a=${value}`);
  t.match([asked.status, asked.body.errors], [400, [{ in: 'query', pointer: 'json', detail: /deeper than 100/ }]]);
  const line = await fetch(new URL('/v1/sends/import?to=u', service.url), {
    method: 'POST',
    body: `{"json":${deep('[', ']')}}\n`,
    headers: { 'content-type': 'application/x-ndjson' },
  });
  t.match([line.status, await line.json()], [400, { detail: /line 1 nests deeper than 100/ }]);
  const fits = `{"json":${'['.repeat(99)}${']'.repeat(99)},"protocol":"udp","to":${to}}`;
  const sent = await fetch(new URL('/v1/sends', service.url), {
    method: 'POST',
    body: fits,
    headers: { 'content-type': 'application/json' },
  });
  t.equal(sent.status, 201, 'a hundred is not too deep');
  t.equal((await service.stop()).code, 0);
});
