/** The contract of messages and sends, through HTTP, against the real process. */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import t from 'tap';
import { startProcess } from '../support/process.ts';
import { isA } from '../support/schema.ts';

t.setTimeout(120_000);

const service = await startProcess(t);

async function listener(spec: object): Promise<{ id: string; address: { port: number } }> {
  const { status, body } = await service.post('/v1/listeners', spec);
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body;
}
const send = (to: string, text: string, more: object = {}) =>
  service.post('/v1/sends', { protocol: 'udp', to: { listener: to }, text, ...more });

t.test('messages and pages keep to their schemas, of every kind', async (t) => {
  const { address } = await listener({ protocol: 'tcp', name: 'kinds', responder: { type: 'upper' } });
  const socket = connect(address.port, '127.0.0.1');
  socket.write('hola');
  await new Promise((resolve) => socket.once('data', resolve));
  const port = socket.localPort;
  socket.end();
  const kinds = 'kind=message,connection,gap,drop,listener,problem';
  const path = `/v1/listeners/kinds/messages?${kinds}`;
  const done = await service.until(path, ({ body }) => JSON.stringify(body).includes('"closed"'));
  isA(t, 'MessagePage', done.body);
  const messages = done.body.items.filter(({ kind }: { kind: string }) => kind === 'message');
  t.match(messages, [
    { seq: 1, direction: 'in', text: 'hola', size: 4, connectionId: 'c_1', remote: { port } },
    { seq: 2, direction: 'out', text: 'HOLA', inReplyTo: 1 },
  ]);
  for (const mode of ['text', 'hex', 'base64', 'none'])
    isA(t, 'MessagePage', (await service.get(`${path}&payload=${mode}`)).body);
});

t.test('filters', async (t) => {
  await listener({ protocol: 'udp', name: 'filters', responder: { type: 'echo' } });
  for (const text of ['alpha', 'beta', '{"a":{"b":7}}']) await send('filters', text, { expectReply: {} });
  const texts = async (query: string) => {
    const { body } = await service.get(`/v1/listeners/filters/messages?direction=in&${query}`);
    return body.items?.map(({ text }: { text: string }) => text) ?? body;
  };
  t.same(await texts('text=lph'), ['alpha']);
  t.same(await texts('hex=62%20??%2074'), ['beta']);
  t.same(await texts('regex=^.e'), ['beta']);
  t.same(await texts(`json=${encodeURIComponent('/a/b=7')}`), ['{"a":{"b":7}}']);
  t.same(await texts('minSize=6'), ['{"a":{"b":7}}']);
  t.same(await texts('maxSize=4'), ['beta']);
  t.same(await texts('remote=127.0.0.0/8&since=2020-01-01T00:00:00Z&until=2100-01-01T00:00:00Z&limit=1'), ['alpha']);
  t.same(await texts('remote=127.0.0.1:1'), []);
  t.same(await texts('until=2020-01-01T00:00:00Z'), []);
  t.match(await texts('regex=('), { errors: [{ in: 'query', pointer: 'regex' }] });
});

t.test('pages stay right while messages keep arriving, forward and backward', async (t) => {
  const { address } = await listener({ protocol: 'udp', name: 'busy' });
  const socket = createSocket('udp4');
  const sending = setInterval(() => {
    for (let i = 0; i < 10; i++) socket.send('x', address.port, '127.0.0.1');
  }, 2);
  const seqs: number[] = [];
  for (let after = '0'; seqs.length < 3000; ) {
    const { body } = await service.get(`/v1/listeners/busy/messages?limit=70&payload=none&after=${after}`);
    seqs.push(...body.items.map(({ seq }: { seq: number }) => seq));
    after = body.next;
  }
  t.same(
    seqs,
    Array.from({ length: seqs.length }, (_, i) => i + 1),
  );
  const down: number[] = [];
  let url: string | undefined = '/v1/listeners/busy/messages?order=desc&limit=500&payload=none';
  while (url !== undefined && down.length < 2000) {
    const { body, headers }: Awaited<ReturnType<typeof service.get>> = await service.get(url);
    down.push(...body.items.map(({ seq }: { seq: number }) => seq));
    url = /<(.*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
  }
  t.same(
    down,
    Array.from({ length: down.length }, (_, i) => down[0]! - i),
  );
  clearInterval(sending);
  socket.close();
});

t.test('eviction shows as a gap', async (t) => {
  await listener({ protocol: 'udp', name: 'small', capture: { maxMessages: 3 }, responder: { type: 'echo' } });
  for (let i = 0; i < 4; i++) await send('small', `${i}`, { expectReply: {} });
  const { body } = await service.get('/v1/listeners/small/messages?after=0');
  t.match(body, {
    items: [{ seq: 6 }, { seq: 7 }, { seq: 8 }],
    gap: { reason: 'evicted', dropped: 5, fromSeq: 1, toSeq: 5 },
  });
  isA(t, 'MessagePage', body);
  t.equal((await service.get('/v1/listeners/small/messages/1')).status, 404);
  t.equal((await service.get('/v1/listeners/small/messages/9')).status, 404);
  t.equal((await service.get('/v1/listeners/small/messages?after=9')).status, 400);
});

t.test('waits: satisfied, not satisfied, gone, completed', async (t) => {
  await listener({ protocol: 'udp', name: 'waits', maxRequests: 2 });
  const path = '/v1/listeners/waits/messages';
  const waiting = service.get(`${path}?wait=10s&text=right`);
  await send('waits', 'wrong');
  const missed = await service.get(`${path}?wait=1ms&text=right&orFail=true`);
  t.match(missed, {
    status: 409,
    body: { code: 'not_satisfied', satisfied: false, wanted: 1, nearMisses: [{ seq: 1 }] },
  });
  await send('waits', 'right');
  const satisfied = await waiting;
  t.match(satisfied.body, { satisfied: true, matched: 1, items: [{ text: 'right' }] });
  isA(t, 'MessagePage', satisfied.body);
  await service.until('/v1/listeners/waits', ({ body }) => body.state === 'completed');
  const start = performance.now();
  t.match((await service.get(`${path}?wait=30s&count=3`)).body, { satisfied: false, matched: 2 });
  t.ok(performance.now() - start < 5000, 'a completed listener is not waited for');
  await listener({ protocol: 'udp', name: 'going' });
  const lost = service.get('/v1/listeners/going/messages?wait=30s');
  await service.until('/metrics', ({ body }) => /listenpost_journal_waits 1$/m.test(body));
  await service.delete('/v1/listeners/going');
  t.match(await lost, { status: 410, body: { code: 'gone' } });
});

t.test('raw bytes, replies, clearing, export', async (t) => {
  const { address } = await listener({ protocol: 'udp', name: 'bytes' });
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  const bytes = Buffer.from([0, 255, 10, 13]);
  await new Promise((resolve) => socket.send(bytes, address.port, '127.0.0.1', resolve));
  await service.get('/v1/listeners/bytes/messages?wait=5s');
  const raw = await fetch(`${service.url}/v1/listeners/bytes/messages/1/payload`);
  t.same(Buffer.from(await raw.arrayBuffer()), bytes);
  const answered = new Promise<Buffer>((resolve) => socket.once('message', resolve));
  const reply = await service.post('/v1/listeners/bytes/messages/1/reply', { hex: '01 02' });
  t.match(reply, { status: 200, body: { bytes: 2, to: { address: '127.0.0.1', port: socket.address().port } } });
  t.same(await answered, Buffer.from([1, 2]));
  const exported = await (await fetch(`${service.url}/v1/listeners/bytes/messages.ndjson`)).text();
  const lines = exported.trimEnd().split('\n');
  t.match(
    lines.map((line: string) => JSON.parse(line)),
    [
      { seq: 1, direction: 'in' },
      { seq: 2, direction: 'out', inReplyTo: 1 },
    ],
  );
  for (const line of lines) isA(t, 'Message', JSON.parse(line));
  t.match(await service.delete('/v1/listeners/bytes/messages?before=2'), { body: { cleared: 1 } });
  t.match((await service.get('/v1/listeners/bytes/messages')).body, { items: [{ seq: 2 }] });
});

t.test('sends: results, what the network says, what is known before', async (t) => {
  const { address } = await listener({ protocol: 'tcp', name: 'tcp' });
  const closed = await listener({ protocol: 'tcp', name: 'closed' });
  await service.delete('/v1/listeners/closed');
  const post = (body: object) => service.post('/v1/sends', { protocol: 'tcp', text: 'x', ...body });
  const done = await post({ to: { host: '127.0.0.1', port: address.port } });
  t.match(done, { status: 201, body: { state: 'done', sent: 1, remote: { port: address.port } } });
  isA(t, 'Send', done.body);
  const refused = await post({ to: { host: '127.0.0.1', port: closed.address.port } });
  t.match(refused, { status: 201, body: { state: 'failed', error: { code: 'connection_refused' } } });
  isA(t, 'Send', refused.body);
  t.match(await post({ to: { listener: 'tcp' }, from: 'tcp' }), { status: 400, body: { detail: /connections/ } });
  t.match(await post({ to: { host: '192.0.2.1', port: 9 } }), {
    status: 403,
    body: { code: 'destination_not_allowed' },
  });
  t.match(await post({ to: { host: 'nowhere.invalid', port: 9 } }), { status: 422, body: { code: 'unprocessable' } });
  const huge = { protocol: 'udp', to: { host: '127.0.0.1', port: 9 }, text: 'x'.repeat(66_000) };
  t.match(await post(huge), { status: 422, body: { code: 'unprocessable' } });
  isA(t, 'SendPage', (await service.get('/v1/sends')).body);
});
