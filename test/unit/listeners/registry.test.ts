import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import type { ProblemError } from '../../../src/errors.ts';
import { page, setup, tcpClient, UdpClient, until } from './service.ts';

t.setTimeout(120_000);

/** Most tests share one service, emptied after each. */
const service = await setup(t);
const { registry } = service;
t.afterEach(() => registry.reset());

const NO_LABELS = { labels: [], limit: 100 };

t.test('a create answers once the socket is bound, with the real port', async (t) => {
  const view = await registry.create({ protocol: 'udp', name: 'echo', responder: { type: 'echo' } });
  t.match(view, { name: 'echo', state: 'listening', port: 0, address: { host: '127.0.0.1' }, error: undefined });
  t.equal(view.address?.url, `udp://127.0.0.1:${view.address?.port}`);
  t.match(view.bindings, [{ thread: /^shared-[12]$/ }]);
  const client = new UdpClient(t);
  t.equal(await client.ask(view.address!.port, 'hello'), 'hello');
  t.match(await registry.get(view.id), {
    stats: { received: 1, receivedBytes: 5, captured: 1, sent: 1, requests: 1, firstSeq: 1, lastSeq: 2 },
  });
  t.match(await page(service, 'echo'), [{ direction: 'in', text: 'hello' }, { direction: 'out' }]);
});

t.test('a create posts two messages to the journal thread, a delete two', async (t) => {
  const posted: unknown[] = [];
  const { postMessage } = Worker.prototype;
  t.intercept(Worker.prototype, 'postMessage', {
    value(this: Worker, message: unknown, ...rest: []) {
      if (isForJournal(message)) posted.push(message);
      return postMessage.call(this, message, ...rest);
    },
  });
  await registry.create({ protocol: 'udp', name: 'counted' });
  t.equal(posted.length, 2, JSON.stringify(posted));
  posted.length = 0;
  await registry.remove('counted', { mode: 'fin', drain: 0 });
  t.equal(posted.length, 2, JSON.stringify(posted));
});

/** Commands that only the journal knows. */
function isForJournal(message: unknown): boolean {
  const names = [message as { name?: string }].flat().map(({ name }) => name ?? '');
  return names.some((name) => ['register', 'append', 'saveSpec', 'histories', 'forget', 'complete'].includes(name));
}

t.test('of 100 creates of one name at once one wins', async (t) => {
  const creates = Array.from({ length: 100 }, () => registry.create({ protocol: 'udp', name: 'one' }));
  const settled = await Promise.allSettled(creates);
  t.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1);
  const codes = settled.flatMap((result) =>
    result.status === 'rejected' ? [(result.reason as ProblemError).code] : [],
  );
  t.same(codes, Array(99).fill('name_in_use'));
  t.equal((await registry.list(NO_LABELS)).items.length, 1);
});

t.test('a create that fails leaves nothing behind', async (t) => {
  await t.rejects(registry.create({ protocol: 'udp', name: 'n', host: '0.0.0.0' }), { code: 'bind_not_allowed' });
  await t.rejects(registry.create({ protocol: 'udp', name: 'n', threads: 3 }), { code: 'unprocessable' });
  t.same(await registry.list(NO_LABELS), { items: [], next: null });
  t.throws(() => registry.find('n'), { code: 'not_found' });
  await t.resolves(registry.create({ protocol: 'udp', name: 'n' }), 'the name is free');
});

for (const protocol of ['udp', 'tcp'] as const) {
  t.test(`${protocol}: a taken port is a conflict that names the holder when it is ours`, async (t) => {
    const { registry } = await setup(t, { allowBind: ['0.0.0.0/0', '::/0'] });
    const { id, address } = await registry.create({ protocol, name: 'holder', threads: 2 });
    const port = address!.port;
    for (const host of ['127.0.0.1', '0.0.0.0', '::']) {
      await t.rejects(registry.create({ protocol, host, port }), {
        code: 'port_in_use',
        extra: { holder: { id, name: 'holder' } },
      });
    }
    await registry.patch('holder', { name: 'renamed' });
    await t.rejects(registry.create({ protocol, port }), {
      code: 'port_in_use',
      extra: { holder: { name: 'renamed' } },
    });
    await registry.remove('renamed', { mode: 'fin', drain: 0 });
    await t.resolves(registry.create({ protocol, port }), 'free after the delete');
  });
}

t.test('what the operating system refuses has a code of its own', async (t) => {
  const { registry } = await setup(t, { allowBind: ['192.0.2.0/24'] });
  const other = createSocket('udp4').bind(0, '127.0.0.1');
  t.teardown(() => other.close());
  await once(other, 'listening');
  const { port } = other.address();
  await t.rejects(registry.create({ protocol: 'udp', port }), { code: 'port_in_use', extra: undefined });
  await t.rejects(registry.create({ protocol: 'udp', port, threads: 2 }), { code: 'port_in_use' });
  await t.rejects(registry.create({ protocol: 'udp', host: '192.0.2.7' }), {
    code: 'unprocessable',
    message: /EADDRNOTAVAIL/,
  });
  await t.rejects(registry.create({ protocol: 'tcp', host: 'no-such-host.invalid' }), { code: 'unprocessable' });
});

t.test('limits: threads of the pool and the process, listeners', async (t) => {
  const { registry, allocator } = await setup(t, { maxListeners: 2, maxThreads: 4 });
  await t.rejects(registry.create({ protocol: 'udp', threads: 3 }), {
    code: 'unprocessable',
    message: /dedicated.*--threads 3/,
  });
  await t.rejects(registry.create({ protocol: 'udp', threads: 3, pool: 'dedicated' }), { message: /--max-threads 5/ });
  const own = await registry.create({ protocol: 'udp', threads: 2, pool: 'dedicated' });
  t.same(own.bindings, [{ thread: `${own.id}-1` }, { thread: `${own.id}-2` }]);
  t.match(await allocator.view(), { threadsInUse: 4, maxThreads: 4, pools: [{ name: 'shared' }, { name: own.id }] });
  await registry.remove(own.id, { mode: 'fin', drain: 0 });
  t.match(await allocator.view(), { threadsInUse: 2, pools: { length: 1 } }, 'its threads are joined');
  await registry.create({ protocol: 'udp' });
  await registry.create({ protocol: 'tcp' });
  await t.rejects(registry.create({ protocol: 'udp' }), { code: 'limit_reached', message: /--max-listeners 4/ });
});

t.test('text that holds a name of templates without being one gets a warning, wherever it is set', async (t) => {
  const responder = { type: 'reply', text: 'n {{n}}' } as const;
  const warnings = [/^\/responder\/text holds \{\{n\}\}.*"template": true/];
  const made = await registry.create({ protocol: 'udp', name: 'warned', responder });
  t.match(made, { warnings });
  const { name: _, ...spec } = { protocol: 'udp' as const, name: '', responder };
  t.match((await registry.put('warned', spec, { replace: false })).listener, { warnings });
  t.equal((await registry.get('warned')).warnings, undefined, 'said to whoever sets it');
  const filled = await registry.patch('warned', { responder: { ...responder, template: true } });
  t.equal(filled.warnings, undefined);
  t.match(await registry.patch('warned', { responder }), { warnings });
  const rules = [
    { then: [{ reply: { text: '{{field.a}}' } }, { reply: { text: '{{field.a}}', template: true } }] },
    {
      cycle: { steps: [{ then: [{ reply: { json: { n: '{{n}}' } } }] }] },
      when: { json: { pointer: '/a', equals: '{{n}}' } },
    },
  ];
  const fields = { a: { at: 0, as: 'u8' } } as const;
  const ruled = await registry.patch('warned', { responder: { type: 'rules', rules, fields }, strict: true });
  t.match(ruled.warnings, [
    /^\/responder\/rules\/0\/then\/0\/reply\/text holds \{\{field\.a\}\}/,
    /^\/responder\/rules\/1\/cycle\/steps\/0\/then\/0\/reply\/json holds \{\{n\}\}/,
  ]);
  t.equal(ruled.warnings?.length, 2);
  const still = await registry.patch('warned', { responder: { type: 'echo' } });
  t.same(still.warnings, ['/strict does nothing here: the responder has no rules']);
});

t.test('a name that is nearly right is told which one was meant', async (t) => {
  await registry.create({ protocol: 'udp', name: 'statsd' });
  await t.rejects(registry.get('statds'), {
    code: 'not_found',
    message: 'there is no listener statds; did you mean statsd?',
  });
  await t.rejects(registry.get('nobody'), {
    code: 'not_found',
    message: /GET \/v1\/listeners .*lists those there are/,
  });
});

t.test('port 0 stays inside the range of ports', async (t) => {
  const { address } = await registry.create({ protocol: 'udp' });
  await registry.reset();
  const first = Math.min(address!.port, 65_530);
  const { registry: ranged } = await setup(t, {
    ports: {
      table: new (await import('../../../src/listeners/sockets/ports.ts')).PortTable(new SharedArrayBuffer(65_536)),
      range: { first, last: first + 1 },
    },
  });
  const views = await Promise.all([ranged.create({ protocol: 'udp' }), ranged.create({ protocol: 'udp' })]);
  t.same(views.map((view) => view.address!.port).sort(), [first, first + 1]);
  await t.rejects(ranged.create({ protocol: 'udp' }), { code: /limit_reached|port_in_use/ });
  await t.resolves(ranged.create({ protocol: 'tcp' }), 'another protocol has its own ports');
});

t.test('a list is filtered and paged in the order of creation', async (t) => {
  for (let n = 1; n <= 5; n++) {
    await registry.create({ protocol: n % 2 === 0 ? 'tcp' : 'udp', name: `l${n}`, labels: { odd: String(n % 2) } });
  }
  const names = async (query: Partial<Parameters<typeof registry.list>[0]>) => {
    const { items, next } = await registry.list({ ...NO_LABELS, ...query });
    return [items.map(({ name }) => name).join(' '), next];
  };
  t.same(await names({}), ['l1 l2 l3 l4 l5', null]);
  t.same(await names({ protocol: ['tcp'] }), ['l2 l4', null]);
  t.same(await names({ labels: [['odd', '1']] }), ['l1 l3 l5', null]);
  t.same(await names({ state: ['paused'] }), ['', null]);
  const [first, next] = await names({ limit: 2 });
  t.equal(first, 'l1 l2');
  t.same(await names({ limit: 3, cursor: next! }), ['l3 l4 l5', null]);
  await t.rejects(registry.list({ ...NO_LABELS, cursor: 'x' }), { code: 'validation_failed' });
});

t.test('connections: listed, written to, changed and closed', async (t) => {
  const { address } = await registry.create({ protocol: 'tcp', name: 'tcp', threads: 2 });
  const client = await tcpClient(t, address!.port);
  client.write('hi');
  await until(async () => (await registry.connections('tcp')).length === 1, 'a connection');
  const [connection] = await registry.connections('tcp');
  t.match(connection, { id: /^c_/, state: 'open', reading: true, remote: { port: client.localPort! } });
  const id = connection!.id;
  t.equal(await registry.connectionSend('tcp', id, Buffer.from('hello')), 5);
  t.equal(String((await once(client, 'data'))[0]), 'hello');
  t.match(await registry.connectionUpdate('tcp', id, { reading: false }), { reading: false });
  await registry.connectionClose('tcp', id, 'rst');
  await until(async () => (await registry.connections('tcp')).length === 0, 'no connection');
  await t.rejects(registry.connectionSend('tcp', id, Buffer.from('x')), { code: 'not_found' });
  await t.rejects(registry.connectionUpdate('tcp', id, { reading: true }), { code: 'not_found' });
  await t.rejects(registry.connectionClose('tcp', 'c_nonsense!', 'fin'), { code: 'not_found' });
  await registry.create({ protocol: 'udp', name: 'udp' });
  t.same(await registry.connections('udp'), []);
});

t.test('a message is answered to its peer, from the socket or the connection it came by', async (t) => {
  const udp = await registry.create({ protocol: 'udp', name: 'udp', threads: 2 });
  const client = new UdpClient(t);
  await client.send(udp.address!.port, 'question');
  await until(async () => (await page(service, 'udp')).length === 1, 'the question');
  const { bytes, to } = await registry.reply('udp', 1, Buffer.from('answer'));
  t.equal(bytes, 6);
  t.equal(to.port, client.socket.address().port);
  await until(() => client.received.length === 1, 'the answer');
  t.same(client.received, ['answer']);
  t.match(await page(service, 'udp', { direction: 'out' }), [{ text: 'answer', inReplyTo: 1 }]);
  await t.rejects(registry.reply('udp', 9, Buffer.from('x')), { code: 'not_found' });
  await t.rejects(registry.reply('udp', 1, Buffer.alloc(65_508)), { code: 'unprocessable', message: /EMSGSIZE/ });

  const tcp = await registry.create({ protocol: 'tcp', name: 'tcp' });
  const stream = await tcpClient(t, tcp.address!.port);
  stream.write('question');
  await until(async () => (await page(service, 'tcp')).length === 1, 'the question');
  await registry.reply('tcp', 1, Buffer.from('answer'));
  t.equal(String((await once(stream, 'data'))[0]), 'answer');
  stream.destroy();
  await until(async () => (await registry.connections('tcp')).length === 0, 'the connection is gone');
  await t.rejects(registry.reply('tcp', 1, Buffer.from('x')), { code: 'not_found' });
});

t.test('changes are told', async (t) => {
  const told: string[] = [];
  const stop = registry.onChange(({ listener, removed }) =>
    told.push(`${listener.name} ${removed ? 'gone' : listener.state}`),
  );
  await registry.create({ protocol: 'udp', name: 'a' });
  await registry.patch('a', { paused: true });
  await registry.remove('a', { mode: 'fin', drain: 0 });
  t.same([...new Set(told)], ['a listening', 'a paused', 'a draining', 'a gone']);
  stop();
  await registry.create({ protocol: 'udp', name: 'b' });
  t.notMatch(told.join(), /b /);
});

t.test('a selection is by reference and label', async (t) => {
  await registry.create({ protocol: 'udp', name: 'a', labels: { k: '1' } });
  await registry.create({ protocol: 'udp', name: 'b', labels: { k: '2' } });
  const number = (ref: string) => registry.find(ref).number;
  t.equal(registry.select({}), null, 'all, judged live');
  t.same(registry.select({ refs: ['a'] }), [number('a')]);
  t.same(registry.select({ labels: [['k', '2']] }), [number('b')]);
  t.same(registry.select({ refs: ['a'], labels: [['k', '2']] }), []);
  t.throws(() => registry.select({ refs: ['nobody'] }), { code: 'not_found' });
});

t.test('nothing is created any more once it closes', async (t) => {
  const { registry } = await setup(t);
  await registry.close();
  await t.rejects(registry.create({ protocol: 'udp' }), { code: 'shutting_down' });
});
