/** Replies from a new port through HTTP: a socket for one peer whose messages are the listener's, as TFTP has it. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import t from 'tap';
import { datagramClient } from '../support/clients.ts';
import { type Service, startProcess } from '../support/process.ts';
import { isA } from '../support/schema.ts';
import { betweenLooks } from '../support/waiting.ts';

t.setTimeout(120_000);

const service = await startProcess(t);
const newPort = (hex: string, more = {}) => ({ reply: { hex, template: true, from: 'newPort', ...more } });

/** Two blocks of a file, then an error; the first block leaves from a new port. */
const TFTP = {
  type: 'rules',
  state: { idle: '30s' },
  fields: { opcode: { at: 0, as: 'u16be' }, block: { at: 2, as: 'u16be' } },
  rules: [
    {
      name: 'read',
      when: { fields: { opcode: 1 } },
      then: [newPort('00 03 00 01 61 61'), { setState: 'sending' }],
    },
    {
      name: 'next',
      when: { fields: { opcode: 4, block: 1 }, state: 'sending' },
      then: [{ reply: { hex: '00 03 00 02 62' } }, { setState: 'last' }],
    },
    { name: 'end', when: { fields: { opcode: 4, block: 2 }, state: 'last' }, then: [{ setState: 'start' }] },
  ],
  otherwise: [newPort('00 05')],
};

async function listener(on: Service, name: string, responder: object, more = {}): Promise<number> {
  const { status, body } = await on.post('/v1/listeners', { protocol: 'udp', name, responder, ...more });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body.address.port;
}

/** Whether nobody holds a port. */
async function isFree(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  socket.bind(port, '127.0.0.1');
  const isBound = await once(socket, 'listening').then(
    () => true,
    () => false,
  );
  socket.close();
  return isBound;
}

async function ask(socket: Socket, port: number, hex: string): Promise<{ hex: string; port: number }> {
  socket.send(Buffer.from(hex, 'hex'), port, '127.0.0.1');
  const [bytes, from] = (await once(socket, 'message')) as [Buffer, RemoteInfo];
  return { hex: bytes.toString('hex'), port: from.port };
}

for (const engine of ['mmsg', 'dgram'])
  t.test(`a transfer on a port of its own (${engine})`, async (t) => {
    const own = engine === 'mmsg' ? service : await startProcess(t, [], { LISTENPOST_ENGINE: 'dgram' });
    const port = await listener(own, 'tftp', TFTP);
    const [one, two] = [await datagramClient(t), await datagramClient(t)];
    const first = await ask(one, port, '000161000000');
    t.equal(first.hex, '000300016161');
    t.not(first.port, port);
    const other = await ask(two, port, '000161000000');
    t.equal(new Set([port, first.port, other.port]).size, 3, 'another peer has another port');
    t.same(await ask(one, first.port, '00040001'), { hex: '0003000262', port: first.port }, 'in the same state');
    one.send(Buffer.from('00040002', 'hex'), first.port, '127.0.0.1');
    const { body } = await own.get('/v1/listeners/tftp/messages?wait=10s&rule=end');
    t.equal(body.matched, 1);

    const page = await own.get(`/v1/listeners/tftp/messages?remote=127.0.0.1:${one.address().port}`);
    for (const item of page.body.items) isA(t, 'Message', item);
    t.match(
      page.body.items.map((item: { local: { port: number } }) => item.local.port),
      [port, first.port, first.port, first.port, first.port],
      '`local` is where it came in or went out',
    );
    t.match(page.body.items, [
      { direction: 'in', rule: 'read' },
      { direction: 'out', inReplyTo: page.body.items[0].seq },
      { direction: 'in', rule: 'next' },
      { direction: 'out', inReplyTo: page.body.items[2].seq },
      { direction: 'in', rule: 'end' },
    ]);
    const stranger = await datagramClient(t);
    stranger.send('x', first.port, '127.0.0.1');
    const { body: view } = await own.until('/v1/listeners/tftp', (answer) => answer.body.stats.dropped.denied === 1);
    t.match(view.stats, { received: 5, captured: 4, sent: 3 }, 'strangers are denied, all else is captured');
    t.match(await ask(one, port, '000161000000'), { port: first.port }, 'there is one for each peer');
    t.equal((await own.delete('/v1/listeners/tftp')).status, 204);
    t.ok(await isFree(first.port), 'with the listener its ports go');
  });

t.test('it goes with the state of its peer; a rule may say which socket it means', async (t) => {
  const port = await listener(service, 'short', {
    type: 'rules',
    state: { idle: '200ms' },
    rules: [
      { when: { text: { equals: 'new' } }, then: [{ reply: { text: 'new', from: 'newPort' } }] },
      { when: { text: { equals: 'own' } }, then: [{ reply: { text: 'own', from: 'listener' } }] },
      { when: { text: { equals: 'later' } }, then: [{ delay: '5ms' }, { reply: { text: 'later' } }] },
      { name: 'beat', on: { every: '60ms' }, then: [{ reply: { text: 'beat' } }] },
    ],
  });
  const socket = await datagramClient(t);
  const came: { text: string; port: number }[] = [];
  socket.on('message', (bytes, from) => came.push({ text: String(bytes), port: from.port }));
  const answered = async (text: string, to: number) => {
    came.splice(0);
    socket.send(text, to, '127.0.0.1');
    for (;;) {
      const found = came.find((one) => one.text === text);
      if (found !== undefined) return found.port;
      await once(socket, 'message');
    }
  };
  const side = await answered('new', port);
  t.not(side, port);
  t.equal(await answered('own', side), port);
  t.equal(await answered('later', side), side, 'later too');
  t.equal(await answered('later', port), port, 'where it came in by');
  await answered('new', port);
  while (!came.some(({ text }) => text === 'beat')) await once(socket, 'message');
  t.equal(came.find(({ text }) => text === 'beat')?.port, side, 'what is done by the clock comes from there');
  for (let looks = 0; looks < 500 && !(await isFree(side)); looks++) await betweenLooks(20);
  t.ok(await isFree(side), 'a peer that is silent loses it');
});

t.test('sequential: what comes by either socket is answered in turn, and counts as requests', async (t) => {
  const responder = {
    type: 'rules',
    rules: [
      { when: { text: { equals: 'new' } }, then: [{ reply: { text: 'new', from: 'newPort' } }] },
      { when: { text: { startsWith: 'slow' } }, then: [{ delay: '30ms' }, { reply: { text: 'slow' } }] },
      { when: { text: { startsWith: 'fast' } }, then: [{ reply: { text: 'fast' } }] },
    ],
  };
  const port = await listener(service, 'turns', responder, { concurrency: 'sequential', maxRequests: 4 });
  const socket = await datagramClient(t);
  socket.send('new', port, '127.0.0.1');
  const [, { port: side }] = (await once(socket, 'message')) as [Buffer, RemoteInfo];
  const came: string[] = [];
  socket.on('message', (bytes) => came.push(String(bytes)));
  socket.send('slow', side, '127.0.0.1');
  await service.get('/v1/listeners/turns/messages?wait=10s&text=slow');
  socket.send('fast', port, '127.0.0.1');
  socket.send('fast 2', side, '127.0.0.1');
  while (came.length < 3) await once(socket, 'message');
  t.same(came, ['slow', 'fast', 'fast']);
  const { body } = await service.until('/v1/listeners/turns', (answer) => answer.body.state === 'completed');
  t.match(body.stats, { requests: 4, captured: 4, sent: 4 });
});

for (const engine of ['mmsg', 'dgram'])
  t.test(`an answer from outside leaves from there, too (${engine})`, async (t) => {
    const own = engine === 'mmsg' ? service : await startProcess(t, [], { LISTENPOST_ENGINE: 'dgram' });
    const responder = {
      type: 'rules',
      rules: [{ then: [{ reply: { text: 'wait', from: 'newPort' } }, { hold: '60s' }, { reply: { text: 'end' } }] }],
    };
    const port = await listener(own, 'held', responder, { concurrency: 'sequential' });
    const socket = await datagramClient(t);
    const came: [string, number][] = [];
    socket.on('message', (bytes, from) => came.push([String(bytes), from.port]));
    socket.send('x', port, '127.0.0.1');
    while (came.length < 1) await once(socket, 'message');
    const sent = await own.post('/v1/listeners/held/messages/1/reply', { text: 'answer' });
    t.match(sent, { status: 200, body: { bytes: 6 } });
    while (came.length < 3) await once(socket, 'message');
    const side = came[0]![1];
    t.same(came, [
      ['wait', side],
      ['answer', side],
      ['end', port],
    ]);
    t.not(side, port);
    const { body } = await own.get('/v1/listeners/held/messages?direction=out&wait=10s&count=3');
    t.match(body.items, [
      { text: 'wait', inReplyTo: 1, local: { port: side } },
      { text: 'answer', inReplyTo: 1, local: { port: side }, sendId: /^s_/ },
      { text: 'end', inReplyTo: 1, local: { port } },
    ]);
  });

t.test('what is wrong is a 400 that points at it; a trial shows the socket', async (t) => {
  const rules = [{ then: [{ reply: { text: 'x', from: 'newPort' } }] }];
  t.match(await service.post('/v1/listeners', { protocol: 'tcp', responder: { type: 'rules', rules } }), {
    status: 400,
    body: { errors: [{ in: 'body', pointer: '/responder/rules/0/then/0/reply/from' }] },
  });
  const wrong = [{ then: [{ reply: { text: 'x', from: 'elsewhere' } }] }];
  t.match(await service.post('/v1/listeners', { protocol: 'udp', responder: { type: 'rules', rules: wrong } }), {
    status: 400,
    body: { errors: [{ pointer: '/responder/rules/0/then/0/reply/from' }] },
  });
  await listener(service, 'trial', { type: 'rules', rules });
  const { body } = await service.post('/v1/listeners/trial/rules/test', { messages: [{ text: 'x' }] });
  isA(t, 'RuleTestResult', body);
  t.match(body.items[0].actions, [{ do: 'send', text: 'x', from: 'newPort' }]);
});
