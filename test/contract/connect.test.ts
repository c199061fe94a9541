/** The connect phase of TCP through HTTP, against the real process: each mode as a plain client meets it, and its end. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { plainClient, plainClients, stranger } from '../support/plain-client.ts';
import { startProcess } from '../support/process.ts';
import { isA } from '../support/schema.ts';

t.setTimeout(180_000);

const service = await startProcess(t, ['--threads', '4', '--allow-bind', '0.0.0.0/0,::/0']);

/** Seconds within which something comes at once, on a machine that is busy; and that something is waited for in vain. */
const AT_ONCE = 0.9;
const IN_VAIN = { patience: 1 };

async function listener(name: string, more: object = {}): Promise<number> {
  const spec = { protocol: 'tcp', name, threads: 4, responder: { type: 'echo' }, ...more };
  const { status, body } = await service.post('/v1/listeners', spec);
  if (status !== 201) throw new Error(JSON.stringify(body));
  isA(t, 'Listener', body);
  return body.address.port;
}

async function accept(name: string, mode: string, more: object = {}): Promise<void> {
  const { status, body } = await service.patch(`/v1/listeners/${name}`, { tcp: { accept: { mode, ...more } } });
  if (status !== 200) throw new Error(JSON.stringify(body));
  isA(t, 'Listener', body);
  t.same(body.tcp.accept, { mode, for: null, times: null, ...more }, `${name} reads back ${mode}`);
}

async function shown(name: string) {
  return (await service.get(`/v1/listeners/${name}`)).body.tcp.accept;
}

const IPV4 = ['127.0.0.1', '127.0.0.2'];
const ACCEPT = { mode: 'accept', for: null, times: null };

/** An open connection that has been answered once, and asks again. */
async function open(t: Test, port: number) {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  t.teardown(() => socket.destroy());
  const ask = async (text: string) => {
    socket.write(text);
    return (await once(socket, 'data'))[0];
  };
  t.equal(await ask('first'), 'first');
  return { socket, ask };
}

/** A connection that ends here first, so that its other end is gone and this one is in TIME_WAIT, or the listener's is. */
async function ended(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.resume();
  socket.end('bye');
  await once(socket, 'close');
}

/** How many connect at once end in which way: `reset`, or what came back. */
async function crowd(port: number, count: number): Promise<Record<string, number>> {
  const ends = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(port, '127.0.0.1');
      const end = await endOf(socket);
      socket.destroy();
      return end;
    }),
  );
  const counts: Record<string, number> = {};
  for (const end of ends) counts[end] = (counts[end] ?? 0) + 1;
  return counts;
}

function endOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.on('connect', () => socket.write('x'));
    socket.on('data', (bytes) => resolve(String(bytes)));
    socket.on('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(code === 'EPIPE' ? 'ECONNRESET' : code));
    socket.on('end', () => resolve('end'));
  });
}

/** By how many threads connections of now are served. */
async function threadsServing(name: string, port: number): Promise<number> {
  const { body } = await service.get(`/v1/listeners/${name}`);
  await crowd(port, 64);
  const page = await service.get(`/v1/listeners/${name}/messages?after=${body.stats.lastSeq}&direction=in&limit=1000`);
  return new Set(page.body.items.map(({ thread }: { thread: string }) => thread)).size;
}

t.test('refuse: a connection is refused at once, the port stays ours, and all is as before', async (t) => {
  for (const name of ['kept', 'given'] as const) {
    const before = await listener(`${name}-first`);
    if (name === 'given') await service.delete('/v1/listeners/given-first');
    const port = name === 'kept' ? before : await listener(name, { port: before });
    const ref = name === 'kept' ? 'kept-first' : name;
    const { ask } = await open(t, port);
    await ended(port);
    await accept(ref, 'refuse');
    const met = await plainClients('tcp', port);
    t.equal(met.what, 'ECONNREFUSED');
    t.ok(met.seconds < AT_ONCE, `at once: ${met.seconds} s`);
    t.same(await stranger('tcp', port), ['EADDRINUSE'], 'nobody else can listen there');
    t.equal(await ask('meanwhile'), 'meanwhile', 'an open connection goes on');
    t.match((await service.get(`/v1/listeners/${ref}`)).body, { state: 'listening', address: { port } });
    await accept(ref, 'accept');
    t.equal((await plainClient('tcp', port)).what, 'hello', 'and back on the same port');
    t.same(await stranger('tcp', port), ['EADDRINUSE']);
    t.equal(await ask('after'), 'after');
    t.ok((await threadsServing(ref, port)) > 1, 'threads share what comes');
    await service.delete(`/v1/listeners/${ref}`);
  }
});

t.test('refuse and accept, many times over, with connections open and in TIME_WAIT', async (t) => {
  const port = await listener('again');
  const { ask } = await open(t, port);
  for (let round = 0; round < 25; round++) {
    await accept('again', 'refuse');
    t.same(await crowd(port, 4), { ECONNREFUSED: 4 });
    await accept('again', 'accept');
    t.same(await crowd(port, 4), { x: 4 });
    t.equal(await ask(`round ${round}`), `round ${round}`);
  }
  const { body } = await service.get('/v1/listeners/again');
  t.match(body.stats, {
    captured: 101 + 25,
    dropped: { closed: 0, lost: 0 },
    internalErrors: 0,
    connectionsRefused: 0,
  });
});

t.test('blackhole: a connect gets no answer, open connections go on', async (t) => {
  const port = await listener('hole');
  const { ask } = await open(t, port);
  await ended(port);
  await accept('hole', 'blackhole');
  t.equal((await plainClient('tcp', port, IN_VAIN)).what, 'timeout');
  t.equal(await ask('meanwhile'), 'meanwhile');
  t.same(await stranger('tcp', port), ['EADDRINUSE']);
  const patient = connect(port, '127.0.0.1');
  t.teardown(() => patient.destroy());
  const answered = endOf(patient);
  await accept('hole', 'accept');
  t.equal((await plainClient('tcp', port)).what, 'hello');
  t.equal(await answered, 'x', 'whoever tries on gets through');
  t.ok((await threadsServing('hole', port)) > 1);
});

t.test('reset: a connection is accepted and reset, and recorded as refused', async (t) => {
  const port = await listener('snap');
  const { ask } = await open(t, port);
  await accept('snap', 'reset');
  t.equal((await plainClient('tcp', port)).what, 'ECONNRESET');
  t.equal(await ask('meanwhile'), 'meanwhile');
  const { body: records } = await service.get('/v1/listeners/snap/messages?kind=connection');
  isA(t, 'MessagePage', records);
  t.match(records.items.at(-1), { kind: 'connection', phase: 'refused', remote: { address: '127.0.0.1' } });
  t.notOk('connectionId' in records.items.at(-1) && records.items.at(-1).connectionId !== null);
  t.match((await service.get('/v1/listeners/snap')).body.stats, { connectionsRefused: 1, connectionsTotal: 1 });
  await accept('snap', 'accept');
  t.equal((await plainClient('tcp', port)).what, 'hello');
});

t.test('stall: a connection is accepted, never read and never answered', async (t) => {
  const rules = { type: 'rules', rules: [{ on: 'connect', then: [{ reply: { text: 'welcome' } }] }] };
  const port = await listener('deaf', { responder: rules });
  const greeted = connect(port, '127.0.0.1');
  t.teardown(() => greeted.destroy());
  t.equal(String((await once(greeted, 'data'))[0]), 'welcome');
  await accept('deaf', 'stall');
  t.equal((await plainClient('tcp', port, IN_VAIN)).what, 'silence');
  const stalled = connect(port, '127.0.0.1').on('error', () => {});
  t.teardown(() => stalled.destroy());
  await once(stalled.resume(), 'connect');
  stalled.write('unheard');
  const isIt = ({ remote }: { remote: { port: number } }) => remote.port === stalled.localPort;
  const open = await service.until('/v1/listeners/deaf/connections', ({ body }) => body.items.some(isIt));
  const { id, ...connection } = open.body.items.find(isIt);
  t.match(connection, { state: 'open', reading: false, bytesIn: 0 });
  await accept('deaf', 'accept');
  const again = connect(port, '127.0.0.1');
  t.teardown(() => again.destroy());
  t.equal(String((await once(again, 'data'))[0]), 'welcome', 'the next one is served');
  t.match((await service.get('/v1/listeners/deaf')).body, { stats: { captured: 0, requests: 2 } });
  const ends = new Promise((resolve) => stalled.once('close', resolve));
  t.equal((await service.delete(`/v1/listeners/deaf/connections/${id}`)).status, 204, 'a stalled one ends by request');
  await ends;
  const { body } = await service.get('/v1/listeners/deaf/messages?kind=connection');
  const closing = body.items.find(
    ({ phase, connectionId }: Record<string, string>) => phase === 'closed' && connectionId === id,
  );
  t.match(closing, { reason: 'requested' });
  t.match((await service.get('/v1/listeners/deaf')).body, { stats: { captured: 0, received: 0 } }, 'nothing was read');
});

t.test('times: so many connections over all threads, then it reads back as accept', async (t) => {
  const port = await listener('some');
  await accept('some', 'reset', { times: 5 });
  t.same(await crowd(port, 20), { ECONNRESET: 5, x: 15 });
  t.same(await shown('some'), ACCEPT);
  await accept('some', 'stall', { times: 2 });
  t.equal((await plainClient('tcp', port, IN_VAIN)).what, 'silence');
  t.same(await shown('some'), { mode: 'stall', for: null, times: 2 }, 'not used up yet');
  t.equal((await plainClient('tcp', port, IN_VAIN)).what, 'silence');
  t.equal((await plainClient('tcp', port)).what, 'hello');
  t.same(await shown('some'), ACCEPT);
  await accept('some', 'reset', { times: 1 });
  await accept('some', 'reset', { times: 1 });
  t.same(await crowd(port, 3), { ECONNRESET: 1, x: 2 }, 'the same again begins anew');
  await accept('some', 'reset', { times: 1 });
  t.same(await crowd(port, 3), { ECONNRESET: 1, x: 2 });
});

t.test('for: after a while it is accept, and reads back as that', async (t) => {
  const port = await listener('while');
  for (const mode of ['refuse', 'blackhole', 'reset', 'stall']) {
    await accept('while', mode, { for: '300ms' });
    await service.until('/v1/listeners/while', ({ body }) => body.tcp.accept.mode === 'accept');
    t.same(await shown('while'), ACCEPT);
    t.equal((await plainClient('tcp', port)).what, 'hello', `after ${mode}`);
  }
  await accept('while', 'refuse', { for: '300ms' });
  await accept('while', 'refuse');
  await accept('while', 'reset', { for: '1h', times: 1 });
  t.same(await crowd(port, 2), { ECONNRESET: 1, x: 1 }, 'whichever comes first');
});

t.test('from each mode to each other', async (t) => {
  const meets: Record<string, string> = {
    accept: 'hello',
    refuse: 'ECONNREFUSED',
    blackhole: 'timeout',
    reset: 'ECONNRESET',
    stall: 'silence',
  };
  const modes = Object.keys(meets);
  const all = modes.map(async (from) => {
    const port = await listener(`from-${from}`);
    for (const to of modes) {
      await accept(`from-${from}`, from);
      await accept(`from-${from}`, to);
      t.equal((await plainClient('tcp', port, IN_VAIN)).what, meets[to], `${from} to ${to}`);
    }
  });
  await Promise.all(all);
});

t.test('by POST and PUT', async (t) => {
  const modes = [
    ['refuse', 'ECONNREFUSED'],
    ['blackhole', 'timeout'],
    ['reset', 'ECONNRESET'],
    ['stall', 'silence'],
  ] as const;
  const all = modes.map(async ([mode, what]) => {
    const port = await listener(`born-${mode}`, { tcp: { accept: { mode } } });
    t.equal((await plainClient('tcp', port, IN_VAIN)).what, what);
    t.same(await stranger('tcp', port), ['EADDRINUSE']);
    const { body } = await service.get(`/v1/listeners/born-${mode}`);
    const put = (change: object, query = '') =>
      service.put(`/v1/listeners/born-${mode}${query}`, { ...body, ...change });
    t.equal((await put({})).status, 200, 'what a GET shows is no change');
    t.equal((await put({ tcp: { ...body.tcp, accept: ACCEPT } })).status, 409);
    const open = (await service.get(`/v1/listeners/born-${mode}/connections`)).body.items.length;
    const { body: changed } = await put({ tcp: { ...body.tcp, accept: ACCEPT } }, '?replace=true');
    t.match(changed, { id: body.id, address: body.address, tcp: { accept: ACCEPT } });
    t.equal(
      (await service.get(`/v1/listeners/born-${mode}/connections`)).body.items.length,
      open,
      'nothing is bound anew',
    );
    t.equal((await plainClient('tcp', port)).what, 'hello');
    const { body: rebound } = await put({ tcp: { ...body.tcp, backlog: 17 } }, '?replace=true');
    t.match(rebound, { address: body.address, tcp: { backlog: 17, accept: { mode } } });
    t.equal((await plainClient('tcp', port, IN_VAIN)).what, what, 'bound anew it is the same');
  });
  await Promise.all(all);
});

t.test('on every kind of address', async (t) => {
  const hosts = [
    ['::1', '::1'],
    ['0.0.0.0', '127.0.0.1', '127.0.0.2'],
    ['::', '127.0.0.1', '::1'],
  ] as const;
  const all = hosts.map(async ([host, ...reached]) => {
    const name = `on${host.replaceAll(/[:.]+/g, '-')}on`;
    const port = await listener(name, { host });
    for (const [mode, what] of [
      ['refuse', 'ECONNREFUSED'],
      ['blackhole', 'timeout'],
      ['accept', 'hello'],
    ] as const) {
      await accept(name, mode);
      for (const at of reached) {
        const met = await plainClient('tcp', port, { host: at, ...(mode === 'accept' ? {} : IN_VAIN) });
        t.equal(met.what, what, `${host} at ${at}`);
      }
      if (host !== '::1') t.same(await stranger('tcp', port, '0.0.0.0', ...IPV4), ['EADDRINUSE']);
    }
  });
  await Promise.all(all);
});

t.test('other changes leave it as it is', async (t) => {
  const port = await listener('other');
  await accept('other', 'refuse', { for: '1h' });
  const { body } = await service.patch('/v1/listeners/other', { paused: true, labels: { a: 'b' } });
  t.match(body, { state: 'paused', tcp: { accept: { mode: 'refuse', for: '1h' } } });
  t.equal((await plainClient('tcp', port)).what, 'ECONNREFUSED');
  t.equal((await service.patch('/v1/listeners/other', { paused: false })).body.state, 'listening');
  t.equal((await plainClient('tcp', port)).what, 'ECONNREFUSED');
  t.equal((await service.delete('/v1/listeners/other')).status, 204);
  t.equal(await listener('next', { port }), port, 'and a delete gives the port back');
});

t.test('limits and lists come first', async (t) => {
  const port = await listener('few', { tcp: { maxConnections: 1, accept: { mode: 'stall' } } });
  t.equal((await plainClient('tcp', port, IN_VAIN)).what, 'silence');
  t.not((await plainClient('tcp', port)).what, 'silence', 'no more than may be open, and who has gone is not noticed');
  t.match((await service.get('/v1/listeners/few')).body.stats, { connectionsOpen: 1, connectionsRefused: 1 });
  const denied = await listener('denied', { deny: ['127.0.0.0/8'], tcp: { accept: { mode: 'reset', times: 1 } } });
  await crowd(denied, 2);
  t.same(await shown('denied'), { mode: 'reset', for: null, times: 1 }, 'who is denied uses up nothing');
  const once1 = await listener('once', { maxRequests: 1, threads: 1, tcp: { accept: { mode: 'reset', times: 1 } } });
  t.same(await crowd(once1, 1), { ECONNRESET: 1 });
  t.equal((await plainClient('tcp', once1)).what, 'hello', 'one that is reset is no request');
  await service.until('/v1/listeners/once', ({ body }) => body.state === 'completed');
});

t.test('what is wrong is a 400 that names the field', async (t) => {
  await listener('wrong');
  const { body: udp } = await service.post('/v1/listeners', { protocol: 'udp', name: 'wrong-udp' });
  const refused = async (accept: unknown, pointer: string) => {
    const create = await service.post('/v1/listeners', { protocol: 'tcp', tcp: { accept } });
    const put = await service.put('/v1/listeners/wrong?replace=true', { protocol: 'tcp', tcp: { accept } });
    for (const answer of [create, put, await service.patch('/v1/listeners/wrong', { tcp: { accept } })]) {
      t.equal(answer.status, 400, JSON.stringify(accept));
      t.equal(answer.body.errors[0].pointer, pointer);
    }
  };
  await refused({ mode: 'deny' }, '/tcp/accept/mode');
  await refused({ mode: 'reset', times: 0 }, '/tcp/accept/times');
  await refused({ mode: 'reset', times: 1.5 }, '/tcp/accept/times');
  await refused({ mode: 'refuse', times: 1 }, '/tcp/accept/times');
  await refused({ mode: 'blackhole', times: 1 }, '/tcp/accept/times');
  await refused({ times: 1 }, '/tcp/accept/times');
  await refused({ mode: 'reset', for: 'soon' }, '/tcp/accept/for');
  await refused({ mode: 'reset', for: 0 }, '/tcp/accept/for');
  await refused({ mode: 'reset', for: '0ms' }, '/tcp/accept/for');
  await refused({ mode: 'reset', for: '99999d' }, '/tcp/accept/for');
  await refused({ mode: 'accept', for: '1s' }, '/tcp/accept/for');
  await refused({ for: '1s' }, '/tcp/accept/for');
  await refused({ mode: 'reset', until: 1 }, '/tcp/accept/until');
  await refused('reset', '/tcp/accept');
  const pointed = async (ref: string, patch: object, pointer: string) => {
    const { status, body } = await service.patch(`/v1/listeners/${ref}`, patch);
    t.match({ status, pointer: body.errors[0].pointer }, { status: 400, pointer });
  };
  await pointed('wrong', { tcp: { backlog: 5 } }, '/tcp/backlog');
  await pointed('wrong', { udp: { unreachable: true } }, '/udp');
  await pointed(udp.id, { tcp: { accept: { mode: 'reset' } } }, '/tcp');
  await pointed(udp.id, { udp: { unreachable: 1 } }, '/udp/unreachable');
  await pointed(udp.id, { udp: { receiveBuffer: 1 } }, '/udp/receiveBuffer');
  t.same(await shown('wrong'), ACCEPT, 'and nothing has changed');
});
