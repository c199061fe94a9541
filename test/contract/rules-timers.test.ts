import { once } from 'node:events';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { datagramClient, streamClient } from '../support/clients.ts';
import { type Service, startProcess } from '../support/process.ts';

t.setTimeout(120_000);

const service = await startProcess(t);
const reply = (text: string, more = {}) => ({ reply: { text, ...more } });
const filled = (text: string) => reply(text, { template: true });

async function listener(on: Service, spec: object): Promise<number> {
  const { status, body } = await on.post('/v1/listeners', spec);
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body.address.port;
}

async function datagrams(t: Test, port: number) {
  const socket = await datagramClient(t);
  const answers: string[] = [];
  socket.on('message', (bytes) => answers.push(String(bytes)));
  const until = async (holds: (all: string[]) => boolean) => {
    while (!holds(answers)) await once(socket, 'message');
    return answers;
  };
  return { send: (text: string) => socket.send(text, port, '127.0.0.1'), answers, until };
}

t.test('a connection that says nothing: asked once in each silence, by state, then closed', async (t) => {
  const port = await listener(service, {
    protocol: 'tcp',
    name: 'quiet',
    responder: {
      type: 'rules',
      rules: [
        { name: 'nag', on: { idle: '50ms' }, when: { state: 'start' }, then: [reply('well?'), { setState: 'asked' }] },
        { name: 'bye', on: { idle: '50ms' }, when: { state: 'told' }, then: [reply('bye'), { close: 'fin' }] },
        { when: { state: 'asked' }, then: [filled('<{{text}}>'), { setState: 'told' }] },
      ],
    },
  });
  const { socket, until } = streamClient(t, port);
  t.equal(await until((text) => text.includes('?')), 'well?');
  const { body: status } = await service.get('/v1/listeners/quiet/rules');
  t.match(status.items, [{ name: 'nag', hits: 1 }]);
  socket.write('x');
  await once(socket, 'end');
  t.equal(await until(() => true), 'well?<x>bye');
  const { body } = await service.get('/v1/listeners/quiet/messages?direction=out');
  t.match(
    body.items,
    [
      { text: 'well?', rule: 'nag' },
      { text: '<x>', inReplyTo: 2 },
      { text: 'bye', rule: 'bye' },
    ],
    'what an event sends names its rule',
  );
  t.equal(body.items[0].inReplyTo, undefined);
  t.match(await service.get('/v1/listeners/quiet'), { body: { unmatched: 0, stats: { received: 1 } } });
});

t.test('a heartbeat on each connection, as long as a rule says so', async (t) => {
  const port = await listener(service, {
    protocol: 'tcp',
    name: 'heart',
    responder: { type: 'none' },
    tcp: { framing: { type: 'line' } },
  });
  const one = streamClient(t, port);
  const two = streamClient(t, port);
  await Promise.all([once(one.socket, 'connect'), once(two.socket, 'connect')]);
  await service.until('/v1/listeners/heart/connections', ({ body }) => body.items.length === 2);
  const rules = [{ name: 'beat', on: { every: '20ms' }, then: [reply('tick')] }];
  t.equal((await service.put('/v1/listeners/heart/rules', { rules })).status, 200);
  t.match(await one.until((text) => text.length >= 15), /^(tick\n){3}/, 'those that were open before have it too');
  t.match(await two.until((text) => text.length >= 15), /^(tick\n){3}/);
  await service.patch('/v1/listeners/heart', { paused: true });
  const { body: paused } = await service.get('/v1/listeners/heart/rules');
  await service.patch('/v1/listeners/heart/rules/beat', { enabled: false });
  t.match((await service.patch('/v1/listeners/heart', { paused: false })).body, { state: 'listening' });
  const { body: after } = await service.get('/v1/listeners/heart/rules');
  t.equal(after.items[0].hits, paused.items[0].hits, 'neither paused nor disabled');
  t.equal((await service.delete('/v1/listeners/heart')).status, 204);
});

t.test('a peer that does not read is not filled up', async (t) => {
  const port = await listener(service, {
    protocol: 'tcp',
    name: 'deaf',
    capture: { maxMessages: 10 },
    responder: {
      type: 'rules',
      rules: [{ on: { every: '10ms' }, then: [reply('x'.repeat(1 << 20))] }],
    },
  });
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.on('error', () => {});
  socket.pause();
  const { body } = await service.until('/v1/listeners/deaf', (answer) => answer.body.stats.repliesSuppressed >= 3);
  t.ok(body.stats.sentBytes < 32 << 20, `${body.stats.sentBytes} bytes wait`);
});

for (const engine of ['mmsg', 'dgram'])
  t.test(`peers of datagrams (${engine}): every while their state lives, idle when it ends`, async (t) => {
    const own = engine === 'mmsg' ? service : await startProcess(t, [], { LISTENPOST_ENGINE: 'dgram' });
    const port = await listener(own, {
      protocol: 'udp',
      name: 'peers',
      maxRequests: 3,
      responder: {
        type: 'rules',
        state: { idle: '400ms' },
        rules: [
          { name: 'hello', on: 'connect', then: [reply('hello')] },
          { name: 'beat', on: { every: '50ms' }, then: [filled('beat {{remote.port}} {{state}}')] },
          { name: 'end', on: { idle: '1h' }, then: [filled('end {{state}}')] },
          { name: 'move', then: [{ setState: 'moved' }] },
        ],
      },
    });
    const one = await datagrams(t, port);
    const two = await datagrams(t, port);
    one.send('a');
    two.send('b');
    for (const { answers, until } of [one, two]) {
      await until((all) => all.includes('end moved'));
      t.equal(answers[0], 'hello');
      t.match(answers[1], /^beat \d+ moved$/);
      t.equal(answers.filter((text) => text.startsWith('end')).length, 1);
      t.equal(answers.at(-1), 'end moved', 'nothing comes after its end');
    }
    t.match(await own.get('/v1/listeners/peers'), { body: { state: 'listening' } }, 'events are no requests');
    const { body } = await own.get('/v1/listeners/peers/messages?rule=end');
    t.match(body.items, [
      { direction: 'out', text: 'end moved' },
      { direction: 'out', text: 'end moved' },
    ]);
    one.answers.splice(0);
    one.send('again');
    await one.until((all) => all.length > 0);
    t.equal(one.answers[0], 'hello', 'a peer that comes back begins anew');
  });

t.test('peers that were known before the rule, and the guard of replies', async (t) => {
  const port = await listener(service, {
    protocol: 'udp',
    name: 'late',
    responder: { type: 'rules', rules: [{ then: [reply('got it')] }] },
  });
  const { send, answers, until } = await datagrams(t, port);
  send('x');
  await until((all) => all.length === 1);
  const rules = [{ name: 'beat', on: { every: '20ms' }, then: [reply('beat')] }];
  await service.put('/v1/listeners/late/rules', { rules });
  await until((all) => all.length >= 3);
  t.match(answers, ['got it', 'beat', 'beat']);

  // Ten rules that say something about seventy times a second each.
  const burst = Array.from({ length: 10 }, (_, i) => ({ on: { every: 10 + i }, then: [reply('x')] }));
  const pair = await listener(service, { protocol: 'udp', responder: { type: 'rules', rules: burst }, name: 'pair' });
  await listener(service, { protocol: 'udp', name: 'other' });
  const begun = performance.now();
  await service.post('/v1/sends', { protocol: 'udp', from: 'other', to: { host: '127.0.0.1', port: pair }, text: 'x' });
  await service.until('/v1/listeners/pair', ({ body }) => body.stats.repliesSuppressed > 100);
  const { body } = await service.get('/v1/listeners/other');
  const seconds = Math.ceil((performance.now() - begun) / 1000) + 1;
  t.ok(body.stats.received <= 100 * seconds, `${body.stats.received} in ${seconds} s`);
});

t.test('beats that can not leave do not pile up in front of messages', async (t) => {
  const name = 'patient';
  const responder = {
    type: 'rules',
    rules: [
      { name: 'beat', on: { every: '10ms' }, then: [reply('beat')] },
      { when: { text: { equals: 'ask' } }, then: [{ hold: '60s' }, reply('done')] },
    ],
    otherwise: [reply('other')],
  };
  const port = await listener(service, { protocol: 'udp', name, concurrency: 'sequential', responder });
  const one = await datagrams(t, port);
  const two = await datagrams(t, port);
  two.send('x');
  await two.until((all) => all.includes('other'));
  one.send('ask');
  await service.get(`/v1/listeners/${name}/messages?wait=10s&text=ask`);
  await service.until(`/v1/listeners/${name}`, ({ body }) => body.stats.repliesSuppressed >= 20);
  two.answers.splice(0);
  two.send('y');
  const { body } = await service.get(`/v1/listeners/${name}/messages?wait=10s&text=y`);
  const { seq } = (await service.get(`/v1/listeners/${name}/messages?text=ask`)).body.items[0];
  t.equal((await service.post(`/v1/listeners/${name}/messages/${seq}/reply`, { text: 'answer' })).status, 200);
  await two.until((all) => all.includes('other'));
  t.same(two.answers.slice(0, two.answers.indexOf('other') + 1), ['beat', 'other'], 'one of them waits, in its turn');
  await two.until((all) => all.filter((text) => text === 'beat').length >= 3);
  t.equal(body.matched, 1);
  t.equal((await service.delete(`/v1/listeners/${name}`)).status, 204);
});

t.test('what is wrong is a 400 that points at it', async (t) => {
  const create = (protocol: string, rules: object[]) =>
    service.post('/v1/listeners', { protocol, responder: { type: 'rules', rules } });
  const pointsAt = (pointer: string) => ({ status: 400, body: { errors: [{ in: 'body', pointer }] } });
  const rule = (on: unknown) => ({ on, then: [{ ignore: true }] });
  t.match(await create('tcp', [rule({ idle: 'soon' })]), pointsAt('/responder/rules/0/on/idle'));
  t.match(await create('tcp', [rule({ every: '9ms' })]), pointsAt('/responder/rules/0/on/every'));
  t.match(await create('tcp', [rule({ every: '1s', idle: '1s' })]), pointsAt('/responder/rules/0/on'));
  t.match(await create('tcp', [rule({})]), pointsAt('/responder/rules/0/on'));
  t.match(await create('tcp', [rule('sometimes')]), pointsAt('/responder/rules/0/on'));
  t.match(
    await create('udp', [{ on: { every: '1s' }, then: [{ hold: '1s' }] }]),
    pointsAt('/responder/rules/0/then/0/hold'),
  );
  const many = Array.from({ length: 17 }, (_, i) => rule({ every: 1000 + i }));
  t.match(await create('tcp', many), pointsAt('/responder/rules/16/on'));
  t.equal((await create('tcp', [...many.slice(0, 16), rule({ every: 1000 })])).status, 201);
});
