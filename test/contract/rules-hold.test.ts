/** The action `hold` through HTTP: the test is the responder, and the list goes on once it has answered. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t from 'tap';
import { streamClient } from '../support/clients.ts';
import { startProcess } from '../support/process.ts';

t.setTimeout(120_000);

const service = await startProcess(t);
const reply = (text: string, more = {}) => ({ reply: { text, ...more } });

async function listener(spec: object): Promise<number> {
  const { status, body } = await service.post('/v1/listeners', spec);
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body.address.port;
}

const held = (name: string, query = '') =>
  service.get(`/v1/listeners/${name}/messages?wait=20s&direction=in&limit=1${query}`);
const messages = async (name: string) => (await service.get(`/v1/listeners/${name}/messages`)).body.items;

t.test('a connection waits for the answer of the test, and what is behind it stays unread', async (t) => {
  const name = 'held';
  const port = await listener({
    protocol: 'tcp',
    name,
    tcp: { framing: { type: 'line' } },
    responder: {
      type: 'rules',
      rules: [
        {
          name: 'ask',
          when: { text: { startsWith: 'ask' } },
          then: [reply('wait'), { hold: '60s' }, reply('{{text}} done', { template: true })],
        },
      ],
      otherwise: [reply('other')],
    },
  });
  const one = streamClient(t, port);
  const two = streamClient(t, port);
  one.socket.write('ask 1\nhello\n');
  const { body } = await held(name, '&rule=ask');
  const { seq } = body.items[0];
  t.equal(await one.got('wait\n'), 'wait\n');
  two.socket.write('hello\n');
  t.equal(await two.got('other\n'), 'other\n', 'other connections go on');
  t.same((await messages(name)).filter(({ direction }: { direction: string }) => direction === 'in').length, 2);

  const refused = await service.post(`/v1/listeners/${name}/messages/${seq}/reply`, { hex: '0' });
  t.equal(refused.status, 400);
  t.equal((await one.got('')).length, 'wait\n'.length, 'a reply that is refused ends nothing');

  const sent = await service.post(`/v1/listeners/${name}/messages/${seq}/reply`, { text: '42' });
  t.match(sent, { status: 200, body: { bytes: 2 } });
  const all = 'wait\n42\nask 1 done\nother\n';
  t.equal(await one.got(all), all);
  const out = (await messages(name)).filter(({ inReplyTo }: { inReplyTo: number }) => inReplyTo === seq);
  t.same(
    out.map(({ text }: { text: string }) => text),
    ['wait', '42', 'ask 1 done'],
    'all of them answer that message',
  );
  const again = await service.post(`/v1/listeners/${name}/messages/${seq}/reply`, { text: 'more' });
  t.equal(again.status, 200, 'a message that is not held is answered as any other');
  t.equal(await one.got(`${all}more\n`), `${all}more\n`);
});

t.test('each hold wants an answer of its own, one that gets none ends by itself', async (t) => {
  const name = 'twice';
  const port = await listener({
    protocol: 'tcp',
    name,
    responder: {
      type: 'rules',
      rules: [
        { name: 'twice', when: { text: { equals: 'twice' } }, then: [{ hold: '60s' }, { hold: '60s' }, reply('end')] },
        { name: 'short', then: [{ hold: '10ms' }, reply('over'), { close: 'fin' }] },
      ],
    },
  });
  const { socket, got } = streamClient(t, port);
  socket.write('twice');
  const { body } = await held(name);
  const path = `/v1/listeners/${name}/messages/${body.items[0].seq}/reply`;
  await service.post(path, { text: 'a' });
  await service.post(path, { text: 'b' });
  t.equal(await got('abend'), 'abend');
  socket.write('short');
  t.equal(await got('abendover'), 'abendover');
});

for (const protocol of ['tcp', 'udp'])
  t.test(`what waits is released by its answer, whatever the responder is by then (${protocol})`, async (t) => {
    const name = `swap-${protocol}`;
    const port = await listener({
      protocol,
      name,
      ...(protocol === 'udp' ? { concurrency: 'sequential' } : {}),
      responder: { type: 'rules', rules: [{ then: [{ hold: '10m' }, reply('end')] }] },
    });
    const received: string[] = [];
    const peer = protocol === 'tcp' ? streamClient(t, port).socket : createSocket('udp4').bind(0, '127.0.0.1');
    const say = (text: string) => ('write' in peer ? peer.write(text) : peer.send(text, port, '127.0.0.1'));
    peer.on('write' in peer ? 'data' : 'message', (bytes: unknown) => received.push(String(bytes)));
    if (!('write' in peer)) t.teardown(() => peer.close());
    say('ask');
    const { seq } = (await held(name)).body.items[0];
    const patched = await service.patch(`/v1/listeners/${name}`, { responder: { type: 'echo' } });
    t.equal(patched.status, 200);
    t.equal((await service.post(`/v1/listeners/${name}/messages/${seq}/reply`, { text: 'answer.' })).status, 200);
    say('.next');
    const { body } = await service.get(`/v1/listeners/${name}/messages?wait=10s&direction=out&text=.next`);
    t.equal(body.matched, 1);
    while (received.join('').length < 'answer.end.next'.length) await once(peer, 'write' in peer ? 'data' : 'message');
    t.equal(received.join(''), 'answer.end.next');
  });

t.test('a peer that goes, and a listener that goes, hold nothing', async (t) => {
  const name = 'gone';
  const port = await listener({
    protocol: 'tcp',
    name,
    responder: { type: 'rules', rules: [{ then: [{ hold: '10m' }, reply('late')] }] },
  });
  const { socket } = streamClient(t, port);
  socket.write('x');
  const { body } = await held(name);
  const [{ seq, connectionId }] = body.items;
  await service.request('DELETE', `/v1/listeners/${name}/connections/${connectionId}?mode=rst`);
  await service.get(`/v1/listeners/${name}/messages?wait=20s&kind=connection&count=2`);
  t.match(await service.get(`/v1/listeners/${name}`), { body: { stats: { repliesSuppressed: 1, sent: 0 } } });
  const late = await service.post(`/v1/listeners/${name}/messages/${seq}/reply`, { text: 'x' });
  t.equal(late.status, 404, 'there is nobody to be answered');
  const other = streamClient(t, port);
  other.socket.write('y');
  await held(name, '&text=y');
  const removed = await service.request('DELETE', `/v1/listeners/${name}`);
  t.equal(removed.status, 204, 'it is not waited for');
});

for (const engine of ['mmsg', 'dgram'])
  t.test(`datagrams (${engine}): those behind it are recorded and wait`, async (t) => {
    const own = engine === 'mmsg' ? service : await startProcess(t, [], { LISTENPOST_ENGINE: 'dgram' });
    const { body } = await own.post('/v1/listeners', {
      protocol: 'udp',
      name: 'turn',
      concurrency: 'sequential',
      responder: {
        type: 'rules',
        rules: [{ name: 'ask', when: { text: { equals: 'ask' } }, then: [{ hold: '60s' }, reply('bye')] }],
        otherwise: [reply('{{text}}', { template: true })],
      },
    });
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    t.teardown(() => socket.close());
    const answers: string[] = [];
    socket.on('message', (bytes) => answers.push(String(bytes)));
    socket.send('ask', body.address.port, '127.0.0.1');
    socket.send('next', body.address.port, '127.0.0.1');
    const { body: page } = await own.get('/v1/listeners/turn/messages?wait=20s&count=2&direction=in');
    t.equal(page.items.length, 2);
    t.same(answers, []);
    await own.post(`/v1/listeners/turn/messages/${page.items[0].seq}/reply`, { text: 'hello' });
    while (answers.length < 3) await once(socket, 'message');
    t.same(answers, ['hello', 'bye', 'next']);
  });

t.test('what is wrong is a 400 that points at it; a trial shows it', async (t) => {
  const hold = { then: [{ ignore: true }, { hold: '30s' }, reply('x')] };
  const create = (protocol: string, rules: object[], more = {}) =>
    service.post('/v1/listeners', { protocol, responder: { type: 'rules', rules }, ...more });
  const pointsAt = (pointer: string) => ({ status: 400, body: { errors: [{ in: 'body', pointer }] } });
  t.match(await create('udp', [hold]), pointsAt('/responder/rules/0/then/1/hold'));
  t.match(
    await create('udp', [{ choose: [hold] }], { concurrency: 'concurrent' }),
    pointsAt('/responder/rules/0/choose/0/then/1/hold'),
  );
  t.match(await create('tcp', [{ ...hold, on: 'connect' }]), pointsAt('/responder/rules/0/then/1/hold'));
  t.match(await create('tcp', [{ then: [{ hold: 'soon' }] }]), pointsAt('/responder/rules/0/then/0/hold'));
  t.match(
    await create('tcp', [{ then: [{ halfClose: true }, { hold: '1s' }] }]),
    pointsAt('/responder/rules/0/then/1'),
  );
  const { body } = await create('udp', [hold], { concurrency: 'sequential', name: 'trial' });
  t.equal(body.state, 'listening');
  const trial = await service.post('/v1/listeners/trial/rules/test', { messages: [{ text: 'x' }] });
  t.match(trial.body.items[0].actions, [
    { do: 'hold', ms: 30_000 },
    { do: 'send', text: 'x' },
  ]);
  const changed = await service.post('/v1/listeners', { protocol: 'udp', name: 'plain' });
  t.equal(changed.status, 201);
  t.match(
    await service.request('PUT', '/v1/listeners/plain/rules', { rules: [hold] }),
    pointsAt('/rules/0/then/1/hold'),
  );
  t.match(
    await service.post('/v1/listeners/plain/rules/test', {
      messages: [{ text: 'x' }],
      responder: { type: 'rules', rules: [hold] },
    }),
    pointsAt('/responder/rules/0/then/1/hold'),
  );
});
