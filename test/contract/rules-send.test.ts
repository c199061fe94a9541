/** The action `send` through HTTP: to others than the peer, from the listener's socket or a throw-away one. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { startProcess } from '../support/process.ts';
import { isA } from '../support/schema.ts';

t.setTimeout(120_000);

const service = await startProcess(t);

async function listener(spec: object, on = service): Promise<number> {
  const { status, body } = await on.post('/v1/listeners', spec);
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body.address.port;
}

async function socket(t: Test) {
  const made = createSocket('udp4');
  made.bind(0, '127.0.0.1');
  await once(made, 'listening');
  t.teardown(() => made.close());
  return made;
}

const rules = (...then: object[]) => ({ type: 'rules', rules: [{ name: 'tell', then }] });
const send = (protocol: string, port: number, more: object) => ({
  send: { protocol, to: { host: '127.0.0.1', port }, ...more },
});

for (const engine of ['mmsg', 'dgram'])
  t.test(`a datagram to somebody else leaves from the listener's socket (${engine})`, async (t) => {
    const own = engine === 'mmsg' ? service : await startProcess(t, [], { LISTENPOST_ENGINE: 'dgram' });
    const third = await socket(t);
    const to = third.address().port;
    const port = await listener(
      {
        protocol: 'udp',
        name: 'relay',
        responder: rules(
          send('udp', to, { text: 'saw {{text}}', template: true }),
          { reply: { text: 'ok' } },
          { delay: '5ms' },
          send('udp', to, { json: { done: true } }),
        ),
      },
      own,
    );
    const peer = await socket(t);
    const came: [string, number][] = [];
    third.on('message', (bytes, from) => came.push([String(bytes), from.port]));
    peer.send('x', port, '127.0.0.1');
    t.equal(String((await once(peer, 'message'))[0]), 'ok');
    while (came.length < 2) await once(third, 'message');
    t.same(came, [
      ['saw x', port],
      ['{"done":true}', port],
    ]);
    const { body } = await own.get('/v1/listeners/relay/messages?wait=10s&direction=out&count=3');
    t.match(body.items, [
      { text: 'saw x', rule: 'tell', inReplyTo: 1, remote: { port: to } },
      { text: 'ok', inReplyTo: 1, remote: { port: peer.address().port } },
      { text: '{"done":true}', rule: 'tell', inReplyTo: 1, remote: { port: to } },
    ]);
    for (const item of body.items) isA(t, 'Message', item);
    t.equal(body.items[1].rule, undefined);
  });

t.test('all else leaves from a throw-away socket and is a send of the service', async (t) => {
  const third = await socket(t);
  const target = await listener({ protocol: 'tcp', name: 'target' });
  const port = await listener({
    protocol: 'tcp',
    name: 'caller',
    responder: rules(send('tcp', target, { text: '{{text}} called', template: true }), { reply: { text: 'ok' } }),
  });
  const viaUdp = await listener({
    protocol: 'tcp',
    name: 'shouter',
    responder: rules(send('udp', third.address().port, { hex: '00 ff' })),
  });
  const one = connect(port, '127.0.0.1');
  t.teardown(() => one.destroy());
  one.write('ada');
  t.equal(String((await once(one, 'data'))[0]), 'ok');
  t.match(await service.get('/v1/listeners/target/messages?wait=20s'), { body: { items: [{ text: 'ada called' }] } });
  const two = connect(viaUdp, '127.0.0.1');
  t.teardown(() => two.destroy());
  two.write('x');
  const [bytes] = await once(third, 'message');
  t.same([...bytes], [0, 255]);
  const { body: caller } = await service.get('/v1/listeners/caller');
  const { body } = await service.until('/v1/sends', (answer) => answer.body.items.length === 2);
  for (const item of body.items) isA(t, 'Send', item);
  t.match(
    body.items.find(({ protocol }: { protocol: string }) => protocol === 'tcp'),
    { state: 'done', sent: 1, bytes: 10, listenerId: caller.id, rule: 'tell', remote: { port: target } },
  );
  const { body: out } = await service.get('/v1/listeners/caller/messages?direction=out');
  t.equal(out.items.length, 1, 'only what went to its peer is recorded there');
});

t.test('what the network does not take is told', async (t) => {
  const free = await socket(t);
  const nobody = free.address().port;
  const port = await listener({ protocol: 'tcp', name: 'lost', responder: rules(send('tcp', nobody, { text: 'x' })) });
  const one = connect(port, '127.0.0.1');
  t.teardown(() => one.destroy());
  one.write('x');
  const { body } = await service.get('/v1/listeners/lost/messages?wait=20s&kind=problem');
  t.match(body.items, [{ code: 'connection_refused', detail: /1 sends of rules were not carried out: .* port \d+/ }]);
  const { body: sends } = await service.get('/v1/sends');
  t.match(sends.items[0], { state: 'failed', error: { code: 'connection_refused' } });
});

t.test('rules that feed each other are limited to 100 a second', async (t) => {
  const spec = (name: string, port: number) => ({
    protocol: 'udp',
    name,
    responder: rules(send('udp', port, { text: 'again' })),
  });
  const a = await listener({ protocol: 'udp', name: 'a' });
  const b = await listener(spec('b', a));
  await service.patch('/v1/listeners/a', { responder: spec('a', b).responder });
  const begun = performance.now();
  const starter = await socket(t);
  for (let i = 0; i < 20; i++) starter.send('go', a, '127.0.0.1');
  await service.until('/v1/listeners/b', ({ body }) => body.stats.repliesSuppressed > 0);
  const { body } = await service.get('/v1/listeners/a');
  const seconds = Math.ceil((performance.now() - begun) / 1000) + 1;
  t.ok(body.stats.sent <= 100 * seconds, `${body.stats.sent} in ${seconds} s`);
  await service.delete('/v1/listeners/a');

  const target = await listener({ protocol: 'tcp', name: 'sink' });
  const fan = await listener({
    protocol: 'udp',
    name: 'fan',
    responder: rules(...Array(10).fill(send('tcp', target, { text: 'x' }))),
  });
  for (let i = 0; i < 40; i++) starter.send('go', fan, '127.0.0.1');
  const { body: flood } = await service.until('/v1/listeners/fan', (answer) => answer.body.stats.captured === 40);
  t.ok(flood.stats.repliesSuppressed >= 200, `${flood.stats.repliesSuppressed} of 400 were not sent`);
});

t.test('what is wrong is a 400 that points at it, and where nothing may be sent a 403', async (t) => {
  const create = (protocol: string, action: object, more = {}) =>
    service.post('/v1/listeners', { protocol, responder: rules(action), ...more });
  const pointsAt = (pointer: string) => ({
    status: 400,
    body: { errors: [{ in: 'body', pointer: `/responder/rules/0/then/0${pointer}` }] },
  });
  const to = (host: string, port: number, more: object = { text: 'x' }) => ({
    send: { protocol: 'udp', to: { host, port }, ...more },
  });
  t.match(await create('udp', to('somewhere.test', 9)), pointsAt('/send/to/host'));
  t.match(await create('udp', to('127.0.0.1', 7)), pointsAt('/send/to/port'));
  t.match(await create('udp', to('::1', 9)), pointsAt('/send/to/host'));
  t.match(await create('udp', to('127.0.0.1', 9), { host: '::1' }), pointsAt('/send/to/host'));
  t.match(await create('udp', to('127.0.0.1', 9, { hex: 'x' })), pointsAt('/send/hex'));
  t.match(await create('udp', to('127.0.0.1', 9, { text: '{{nope}}', template: true })), pointsAt('/send/text'));
  t.match(await create('udp', to('127.0.0.1', 70_000)), pointsAt('/send/to/port'));
  t.match(await create('udp', { send: { protocol: 'udp', text: 'x' } }), { status: 400 });
  const far = { status: 403, body: { code: 'destination_not_allowed', detail: /--allow-send 192\.0\.2\.1\/32/ } };
  t.match(await create('tcp', to('192.0.2.1', 9)), far);
  t.equal((await service.post('/v1/listeners', { protocol: 'udp', name: 'near' })).status, 201);
  const list = { rules: [{ then: [to('192.0.2.1', 9)] }] };
  t.match(await service.put('/v1/listeners/near/rules', list), far);
  t.match(await service.patch('/v1/listeners/near', { responder: { type: 'rules', ...list } }), far);
  const whole = { protocol: 'udp', responder: { type: 'rules', ...list } };
  t.match(await service.put('/v1/listeners/near?replace=true', whole), far);
  t.match(await service.get('/v1/listeners/near'), { body: { responder: { type: 'none' } } });

  const open = await startProcess(t, ['--allow-send', '192.0.2.0/24']);
  t.equal((await open.post('/v1/listeners', whole)).status, 201);
});

t.test('a trial shows where it would go, and JSON stays as it is written', async (t) => {
  const responder = rules(
    send('udp', 9, { json: { n: 1 } }),
    send('tcp', 9, { text: '{{bytes 4 8}}', template: true }),
  );
  t.equal((await service.post('/v1/listeners', { protocol: 'udp', name: 'trial', responder })).status, 201);
  t.match(await service.get('/v1/listeners/trial'), {
    body: { responder: { rules: [{ then: [{ send: { json: { n: 1 } } }, {}] }] } },
  });
  const { body } = await service.post('/v1/listeners/trial/rules/test', { messages: [{ text: 'x' }] });
  isA(t, 'RuleTestResult', body);
  t.match(body.items[0].actions, [
    { do: 'sendTo', protocol: 'udp', to: { address: '127.0.0.1', port: 9 }, text: '{"n":1}' },
    { do: 'sendTo', protocol: 'tcp', error: /bytes/ },
  ]);
});
