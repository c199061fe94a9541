/** A listener's life: patch, put, completion, ttl, removal. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t from 'tap';
import { freePort } from '../../support/free-port.ts';
import { MovedClock } from '../../support/moved-clock.ts';
import { page, setup, tcpClient, UdpClient, until } from './service.ts';

t.setTimeout(120_000);

/** Most tests share one service, emptied after each. */
const service = await setup(t);
const { registry } = service;
t.afterEach(() => registry.reset());

const HOUR = 3_600_000;
const AT_ONCE = { mode: 'fin', drain: 0 } as const;

t.test('PATCH merges, and all of it or nothing', async (t) => {
  await registry.create({ protocol: 'udp', name: 'other' });
  const before = await registry.create({ protocol: 'udp', name: 'p', labels: { a: '1', b: '2' } });
  const after = await registry.patch('p', {
    name: 'q',
    labels: { a: null, c: '3' },
    ttl: '1h',
    paused: true,
    capture: { maxMessages: 5 },
    responder: { type: 'echo' },
  });
  t.match(after, { id: before.id, name: 'q', labels: { b: '2', c: '3' }, ttl: '1h', state: 'paused' });
  t.match(after, {
    capture: { maxMessages: 5, maxBytes: '64MiB' },
    responder: { type: 'echo' },
    address: before.address,
  });
  t.notOk('a' in after.labels);
  t.ok(after.expiresAt);
  t.throws(() => registry.find('p'), { code: 'not_found' });
  await t.rejects(registry.patch('q', { name: 'other', paused: false }), { code: 'name_in_use' });
  await t.rejects(registry.patch('q', { name: 'r', responder: { type: 'reply', hex: 'x' } }), {
    code: 'validation_failed',
  });
  t.match(await registry.get('q'), { name: 'q', paused: true, state: 'paused', responder: { type: 'echo' } });
});

t.test('a changed responder answers from the next message on', async (t) => {
  const { address } = await registry.create({ protocol: 'udp', name: 'r', threads: 2 });
  const client = new UdpClient(t);
  await registry.patch('r', { responder: { type: 'reply', text: 'one', times: 1 } });
  t.equal(await client.ask(address!.port, 'a'), 'one');
  await registry.patch('r', { responder: { type: 'reply', text: 'two', times: 1 } });
  t.equal(await client.ask(address!.port, 'a'), 'two', 'its times count anew');
});

t.test('a paused listener reads, counts and answers nothing', async (t) => {
  const { address } = await registry.create({ protocol: 'udp', name: 'p', paused: true, responder: { type: 'echo' } });
  const client = new UdpClient(t);
  for (let i = 0; i < 5; i++) await client.send(address!.port, 'x');
  await until(async () => (await registry.get('p')).stats.dropped.paused === 5, '5 dropped');
  t.match(await registry.get('p'), { state: 'paused', stats: { received: 5, captured: 0, sent: 0 } });
  await registry.patch('p', { paused: false });
  t.equal(await client.ask(address!.port, 'y'), 'y');
  t.match(
    await page(service, 'p', { kinds: 0b111111 }),
    [{ kind: 'listener' }, { kind: 'gap', reason: 'paused', dropped: 5 }].slice(0, 1),
  );
});

t.test('a smaller capture evicts at once', async (t) => {
  const { address } = await registry.create({ protocol: 'udp', name: 'c' });
  const client = new UdpClient(t);
  for (let i = 1; i <= 10; i++) await client.send(address!.port, `m${i}`);
  await until(async () => (await registry.get('c')).stats.captured === 10, '10 captured');
  t.match(await registry.patch('c', { capture: { maxMessages: 3 } }), {
    stats: { evicted: 7, firstSeq: 8, captured: 10 },
  });
  t.same(
    (await page(service, 'c')).map(({ text }) => text),
    ['m8', 'm9', 'm10'],
  );
});

t.test('PUT: created, the same, a conflict, replaced', async (t) => {
  const put = (more: object, replace = false) =>
    registry.put('p', { protocol: 'udp', ttl: '1h', ...more }, { replace });
  const { created, listener } = await put({});
  t.ok(created);
  const { id, address } = listener;
  t.match(await put({}), { created: false, listener: { id } });
  t.match(await put({ ttl: 3_600_000, port: address!.port }), { created: false, listener: { id, port: 0 } });
  await t.rejects(put({ paused: true }), { code: 'conflict', extra: { differs: ['paused'] } });
  await t.rejects(put({ name: 'q' }), { code: 'validation_failed' });
  const client = new UdpClient(t);
  await client.send(address!.port, 'kept');
  await until(async () => (await registry.get('p')).stats.captured === 1, 'captured');

  const live = await put({ responder: { type: 'echo' } }, true);
  t.match(live, { created: false, listener: { id, address, stats: { captured: 1 } } });
  t.equal(await client.ask(address!.port, 'echo'), 'echo');

  const rebound = await put({ threads: 2, responder: { type: 'echo' } }, true);
  t.match(rebound.listener, { id, address, state: 'listening', bindings: { length: 2 } }, 'on its port');
  t.match(rebound.listener.stats, { captured: 2, received: 2, lastSeq: 3 }, 'numbers go on');
  t.equal(await client.ask(address!.port, 'again'), 'again');
  t.same(
    (await page(service, 'p', { direction: 'in' })).map(({ text }) => text),
    ['kept', 'echo', 'again'],
  );
});

t.test('a failed rebind leaves the old one running', async (t) => {
  const { registry } = await setup(t, { allowBind: ['192.0.2.0/24'] });
  const { id, address } = await registry.create({ protocol: 'udp', name: 'p', responder: { type: 'echo' } });
  const other = await registry.create({ protocol: 'udp', name: 'other' });
  const client = new UdpClient(t);
  const attempts = [
    { port: other.address!.port, code: 'port_in_use' },
    { host: '192.0.2.7', code: 'unprocessable' },
    { host: '192.0.2.7', port: address!.port, code: 'unprocessable' },
    { threads: 9, code: 'unprocessable' },
    { host: '10.0.0.1', code: 'bind_not_allowed' },
  ];
  for (const { code, ...spec } of attempts) {
    await t.rejects(registry.put('p', { protocol: 'udp', ...spec }, { replace: true }), { code });
    t.match(await registry.get('p'), { id, address, state: 'listening', host: '127.0.0.1', threads: 1 });
    t.equal(await client.ask(address!.port, code), code);
  }
  t.match(await registry.get('p'), { stats: { captured: attempts.length, dropped: { lost: 0 } } });
});

t.test('a replacement may move elsewhere, even to another protocol', async (t) => {
  const first = await registry.create({ protocol: 'udp', name: 'p' });
  const free = await freePort();
  const moved = await registry.put('p', { protocol: 'udp', port: free }, { replace: true });
  t.match(moved.listener, { id: first.id, address: { port: free } });
  const tcp = await registry.put('p', { protocol: 'tcp', port: free }, { replace: true });
  t.match(tcp.listener, { id: first.id, protocol: 'tcp', address: { port: free } });
  await tcpClient(t, free);
  await t.resolves(registry.create({ protocol: 'udp', port: free }), 'the old port is given back');
});

t.test('PUTs of one name at once make one listener', async (t) => {
  const puts = Array.from({ length: 20 }, () => registry.put('p', { protocol: 'udp' }, { replace: false }));
  const answers = await Promise.all(puts);
  t.equal(answers.filter(({ created }) => created).length, 1);
  t.equal(new Set(answers.map(({ listener }) => listener.id)).size, 1);
});

t.test('after maxRequests it is completed, its port free, its messages there; PUT binds it again', async (t) => {
  const spec = { protocol: 'udp', threads: 2, maxRequests: 3, responder: { type: 'echo' } } as const;
  const { address } = await registry.create({ ...spec, name: 'three' });
  const client = new UdpClient(t);
  for (const word of ['a', 'b', 'c']) t.equal(await client.ask(address!.port, word), word);
  await until(() => registry.find('three').state === 'completed', 'completed');
  t.equal((await page(service, 'three')).length, 6, 'all six are there as soon as it shows completed');
  const done = await registry.get('three');
  t.match(done, { address: null, bindings: [], stats: { requests: 3, captured: 3, sent: 3, receiveBuffer: 0 } });
  const socket = createSocket('udp4').bind(address!.port, '127.0.0.1');
  await once(socket, 'listening');
  await new Promise<void>((resolve) => socket.close(resolve));

  const { listener } = await registry.put('three', spec, { replace: false });
  t.match(listener, { state: 'listening', address, stats: { captured: 3 } }, 'on the port it had');
  t.equal(await client.ask(address!.port, 'd'), 'd');
});

t.test('TCP: a request is a connection', async (t) => {
  const { address } = await registry.create({
    protocol: 'tcp',
    name: 'one',
    maxRequests: 1,
    responder: { type: 'echo' },
  });
  const client = await tcpClient(t, address!.port);
  for (const word of ['a', 'b']) {
    client.write(word);
    t.equal(String((await once(client, 'data'))[0]), word, 'served until it closes');
  }
  t.equal(registry.find('one').state, 'listening');
  client.end();
  await until(() => registry.find('one').state === 'completed', 'completed');
  t.match(await registry.get('one'), { stats: { requests: 1, captured: 2, connectionsTotal: 1, connectionsOpen: 0 } });
});

t.test('completes when no request comes', async (t) => {
  const clock = new MovedClock();
  const { registry } = await setup(t, { clock });
  const { address } = await registry.create({ protocol: 'udp', name: 'idle', completeAfterIdle: '1h' });
  const completed = new Promise<void>((resolve) => {
    const stop = registry.onChange(() => {
      if (registry.find('idle').state !== 'completed') return;
      stop();
      resolve();
    });
  });
  const client = new UdpClient(t);
  for (let i = 0; i < 5; i++) await client.send(address!.port, 'x');
  await until(async () => (await registry.get('idle')).stats.captured === 5, '5 captured');
  clock.move(HOUR - 1);
  t.equal(registry.find('idle').state, 'listening', 'requests keep it open');
  // The time of a request is a real one: it came a little after the clock was stopped.
  clock.move(HOUR / 2);
  await completed;
  t.match(await registry.get('idle'), { stats: { captured: 5 } });
});

t.test('an unused listener goes with its messages when its ttl is over; a hold keeps it', async (t) => {
  const clock = new MovedClock();
  const { registry, journal } = await setup(t, { clock });
  await registry.create({ protocol: 'udp', name: 'short', ttl: '1h' });
  const { number } = registry.find('short');
  const release = registry.hold('short', { tie: false });
  clock.move(3 * HOUR);
  t.ok(registry.find('short'));
  release();
  const gone = new Promise<void>((resolve) => registry.onChange(({ removed }) => removed && resolve()));
  clock.move(2 * HOUR);
  await gone;
  t.throws(() => registry.find('short'), { code: 'not_found' });
  t.equal((await journal.histories([number])).size, 0);
});

t.test('a tied hold ends the listener', async (t) => {
  await registry.create({ protocol: 'udp', name: 'tied' });
  const gone = new Promise<void>((resolve) => registry.onChange(({ removed }) => removed && resolve()));
  registry.hold('tied', { tie: true })();
  await gone;
  t.throws(() => registry.find('tied'), { code: 'not_found' });
});

t.test('removal by label says what was left', async (t) => {
  const labels = { suite: 'a' };
  const udp = await registry.create({ protocol: 'udp', name: 'udp', labels });
  const tcp = await registry.create({ protocol: 'tcp', name: 'tcp', labels });
  await registry.create({ protocol: 'udp', name: 'stays', labels: { suite: 'b' } });
  await tcpClient(t, tcp.address!.port);
  await new UdpClient(t).send(udp.address!.port, 'x');
  await until(async () => (await registry.get('udp')).stats.captured === 1, 'captured');
  await until(async () => (await registry.get('tcp')).stats.connectionsOpen === 1, 'connected');
  t.same(await registry.removeWhere([['suite', 'a']]), {
    deleted: 2,
    listeners: [
      { id: udp.id, name: 'udp', unread: 1, unmatched: 0, openConnections: 0 },
      { id: tcp.id, name: 'tcp', unread: 0, unmatched: 0, openConnections: 1 },
    ],
  });
  t.equal((await registry.list({ labels: [], limit: 10 })).items.length, 1);
});

t.test('a removal during another change, and twice at once', async (t) => {
  const creating = registry.create({ protocol: 'udp', name: 'x' });
  const removals = await Promise.allSettled([registry.remove('x', AT_ONCE), registry.remove('x', AT_ONCE)]);
  t.match(await creating, { name: 'x', state: 'listening' });
  t.match(removals, [{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'not_found' } }]);
  await registry.create({ protocol: 'udp', name: 'x' });
  const patching = registry.patch('x', { paused: true });
  await Promise.all([patching, registry.reset()]);
  await t.rejects(registry.get('x'), { code: 'not_found' });
});
