/** UDP ports that are unreachable, through HTTP, against the real process, as a plain client meets them; and their end. */
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import t, { type Test } from 'tap';
import { datagramClient } from '../support/clients.ts';
import { plainClient, plainClients, stranger } from '../support/plain-client.ts';
import { startProcess } from '../support/process.ts';
import { isA } from '../support/schema.ts';

t.setTimeout(120_000);

const service = await startProcess(t, ['--threads', '4', '--allow-bind', '0.0.0.0/0,::/0']);

async function listener(name: string, more: object = {}): Promise<number> {
  const spec = { protocol: 'udp', name, responder: { type: 'echo' }, ...more };
  const { status, body } = await service.post('/v1/listeners', spec);
  if (status !== 201) throw new Error(JSON.stringify(body));
  isA(t, 'Listener', body);
  return body.address.port;
}

async function unreachable(name: string, on: boolean): Promise<void> {
  const { status, body } = await service.patch(`/v1/listeners/${name}`, { udp: { unreachable: on } });
  if (status !== 200) throw new Error(JSON.stringify(body));
  isA(t, 'Listener', body);
  t.equal(body.udp.unreachable, on);
}

async function ask(socket: Socket, port: number, text: string): Promise<string> {
  socket.send(text, port, '127.0.0.1');
  return String((await once(socket, 'message'))[0]);
}

for (const threads of [1, 4]) {
  t.test(`${threads} threads: refused at once, the port stays ours, and all is as before`, async (t) => {
    const before = await listener(`t${threads}`, { threads });
    const socket = await datagramClient(t);
    t.equal(await ask(socket, before, 'before'), 'before');
    for (const name of [`t${threads}`, `by-number-${threads}`]) {
      const port = name === `t${threads}` ? before : await listener(name, { threads, port: before });
      for (let round = 0; round < 3; round++) {
        await unreachable(name, true);
        const met = await plainClients('udp', port);
        t.equal(met.what, 'ECONNREFUSED');
        t.ok(met.seconds < 0.9, `at once: ${met.seconds} s`);
        t.same(await stranger('udp', port), ['EADDRINUSE'], 'nobody else can bind there');
        await unreachable(name, true);
        t.equal((await plainClient('udp', port)).what, 'ECONNREFUSED', 'still');
        await unreachable(name, false);
        t.equal((await plainClient('udp', port)).what, 'hello', 'and back on the same port');
        if (threads === 1) t.same(await stranger('udp', port), ['EADDRINUSE']);
        t.equal(await ask(socket, port, `after ${round}`), `after ${round}`);
      }
      t.equal(await threadsServing(t, name, port), threads, 'threads share what comes');
      const { stats, state } = (await service.get(`/v1/listeners/${name}`)).body;
      t.match(stats, { dropped: { kernel: 0, closed: 0, lost: 0 }, internalErrors: 0, foreignSockets: 0 });
      t.equal(stats.received, stats.captured);
      t.equal(state, 'listening');
      t.equal((await service.delete(`/v1/listeners/${name}`)).status, 204);
    }
  });
}

/** By how many threads 128 peers of now are served. */
async function threadsServing(t: Test, name: string, port: number): Promise<number> {
  const { body } = await service.get(`/v1/listeners/${name}`);
  for (let n = 0; n < 128; n++) t.equal(await ask(await datagramClient(t), port, 'who'), 'who');
  const page = await service.get(`/v1/listeners/${name}/messages?after=${body.stats.lastSeq}&direction=in&limit=1000`);
  return new Set(page.body.items.map(({ thread }: { thread: string }) => thread)).size;
}

t.test('under traffic every datagram is answered, refused or counted; what was queued is read', async (t) => {
  const port = await listener('busy', { threads: 4, responder: { type: 'none' }, capture: { maxMessages: 1_000_000 } });
  const sockets = await Promise.all(Array.from({ length: 8 }, () => datagramClient(t)));
  let refused = 0;
  for (const socket of sockets) {
    socket.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => refused++);
  }
  let sent = 0;
  let failed = 0;
  const traffic = setInterval(() => {
    for (const socket of sockets)
      for (let n = 0; n < 10; n++) socket.send(String(++sent), (error) => void (error === null || failed++));
  }, 1);
  t.teardown(() => clearInterval(traffic));
  for (let round = 0; round < 10; round++) {
    await unreachable('busy', true);
    const { body: before } = await service.get('/v1/listeners/busy');
    await service.until('/v1/listeners/busy', () => sent > before.stats.received + 200);
    const { body: after } = await service.get('/v1/listeners/busy');
    t.equal(after.stats.received, before.stats.received, 'nothing comes through');
    await unreachable('busy', false);
    await service.until('/v1/listeners/busy', ({ body }) => body.stats.received > after.stats.received);
  }
  clearInterval(traffic);
  const { stats } = (await service.get('/v1/listeners/busy')).body;
  t.equal(stats.received, stats.captured + stats.dropped.kernel, 'all that was read is kept');
  t.ok(stats.received < sent && failed + refused > 0, `${stats.received} of ${sent}`);
});

t.test('rules keep the states of their peers, a send from the listener goes on', async (t) => {
  const rules = [
    { name: 'in', when: { state: 'start' }, then: [{ setState: 'known' }, { reply: { text: 'welcome' } }] },
    { name: 'again', when: { state: 'known' }, then: [{ reply: { text: 'known' } }] },
  ];
  const port = await listener('peers', { responder: { type: 'rules', rules } });
  const socket = await datagramClient(t);
  t.equal(await ask(socket, port, 'hello'), 'welcome');
  await unreachable('peers', true);
  const to = { host: '127.0.0.1', port: socket.address().port };
  const message = once(socket, 'message');
  const send = await service.post('/v1/sends', { protocol: 'udp', from: 'peers', to, text: 'unasked' });
  t.match(send.body, { state: 'done', sent: 1 });
  t.equal(String((await message)[0]), 'unasked', 'it still sends');
  await unreachable('peers', false);
  t.equal(await ask(socket, port, 'hello'), 'known');
});

t.test('by POST and PUT', async (t) => {
  for (const threads of [1, 3]) {
    const port = await listener(`born-${threads}`, { threads, udp: { unreachable: true } });
    t.equal((await plainClient('udp', port)).what, 'ECONNREFUSED');
    t.same(await stranger('udp', port), ['EADDRINUSE']);
    const { body } = await service.get(`/v1/listeners/born-${threads}`);
    const put = (udp: object, query = '') =>
      service.put(`/v1/listeners/born-${threads}${query}`, { ...body, udp: { ...body.udp, ...udp } });
    t.equal((await put({})).status, 200);
    t.equal((await put({ unreachable: false })).status, 409);
    const socket = await datagramClient(t);
    t.match((await put({ unreachable: false }, '?replace=true')).body, { udp: { unreachable: false } });
    t.equal(await ask(socket, port, 'there'), 'there');
    const { body: rebound } = await put({ unreachable: true, receiveBuffer: 100_000 }, '?replace=true');
    t.match(rebound, { address: body.address, udp: { unreachable: true, receiveBuffer: 100_000 } });
    t.equal((await plainClient('udp', port)).what, 'ECONNREFUSED');
    t.equal((await service.delete(`/v1/listeners/born-${threads}`)).status, 204);
    await listener(`next-${threads}`, { port });
    t.equal((await plainClient('udp', port)).what, 'hello', 'a delete gives the port back');
  }
});

t.test('a wildcard address holds its port on every address of the machine', async (t) => {
  const others = Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses)
    .filter(({ family }) => family === 'IPv4')
    .map(({ address }) => address);
  for (const host of ['0.0.0.0', '::']) {
    const port = await listener('wild', { host, threads: 2 });
    for (let round = 0; round < 2; round++) {
      await unreachable('wild', true);
      t.equal((await plainClient('udp', port)).what, 'ECONNREFUSED', host);
      if (host === '::') t.equal((await plainClient('udp', port, { host: '::1' })).what, 'ECONNREFUSED', '::1');
      t.same(await stranger('udp', port, '0.0.0.0', ...others), ['EADDRINUSE']);
      await unreachable('wild', false);
      t.equal((await plainClient('udp', port)).what, 'hello');
      if (host === '::') t.equal((await plainClient('udp', port, { host: '::1' })).what, 'hello');
    }
    await service.delete('/v1/listeners/wild');
  }
});
