/** Sends as resources, carried out by real threads over real sockets. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import t, { type Test } from 'tap';
import { AddressPolicy } from '../../../src/net/access-policy.ts';
import type { SendView } from '../../../src/schemas/send.ts';
import { Sends } from '../../../src/sends/sends.ts';
import { ENGINES, type Engine, page, setup, threadNamed, until } from '../listeners/service.ts';

t.setTimeout(120_000);

async function start(t: Test, engine: Engine = 'dgram') {
  const service = await setup(t, { engine });
  const { registry, allocator } = service;
  const sends = new Sends({
    use: (ref) => registry.use(ref),
    sendPolicy: new AddressPolicy([], { code: 'destination_not_allowed', flag: '--allow-send' }),
    bindPolicy: new AddressPolicy(['192.0.2.0/24'], { code: 'bind_not_allowed', flag: '--allow-bind' }),
    thread: () => allocator.next(),
    watch: (watcher) => allocator.watch(watcher),
  });
  t.teardown(() => sends.clear());
  return { ...service, sends };
}

for (const engine of ENGINES) {
  t.test(`${engine}: a datagram and its reply`, async (t) => {
    const { registry, sends } = await start(t, engine);
    const { address } = await registry.create({ protocol: 'udp', name: 'echo', responder: { type: 'echo' } });
    const { status, replayed, send } = await sends.create({
      protocol: 'udp',
      to: { listener: 'echo' },
      text: 'hello',
      expectReply: {},
    });
    t.same({ status, replayed }, { status: 201, replayed: false });
    t.match(send, {
      id: /^s_[0-9a-z]{10}$/,
      state: 'done',
      sent: 1,
      bytes: 5,
      errors: 0,
      progress: 1,
      remote: { address: '127.0.0.1', port: address!.port },
      local: { address: '127.0.0.1' },
      replies: [{ text: 'hello', size: 5, base64: 'aGVsbG8=', remote: { port: address!.port } }],
    });
    t.notOk('error' in send);
    t.same(sends.get(send.id), send, 'found again');
    t.same(sends.totals(), { created: 1, running: 0, sent: 1, errors: 0 });
  });

  t.test(`${engine}: from a listener's own socket, recorded there`, async (t) => {
    const service = await start(t, engine);
    const { registry, sends } = service;
    const from = await registry.create({ protocol: 'udp', name: 'from' });
    const to = await registry.create({ protocol: 'udp', name: 'to', responder: { type: 'upper' } });
    const { send } = await sends.create({ protocol: 'udp', to: { listener: 'to' }, from: 'from', text: 'hi' });
    t.match(send, { state: 'done', local: { port: from.address!.port } });
    await until(async () => (await page(service, 'from')).length === 2, 'its answer came to the listener');
    t.match(await page(service, 'from'), [
      { direction: 'out', text: 'hi', remote: { port: to.address!.port }, sendId: send.id },
      { direction: 'in', text: 'HI' },
    ]);
  });
}

t.test('a TCP exchange', async (t) => {
  const { registry, sends } = await start(t);
  await registry.create({ protocol: 'tcp', name: 'echo', responder: { type: 'echo' } });
  const { send } = await sends.create({ protocol: 'tcp', to: { listener: 'echo' }, hex: '00 ff', expectReply: {} });
  t.match(send, { state: 'done', replies: [{ base64: 'AP8=' }] });
  t.notOk('text' in send.replies[0]!, 'bytes that are no text');
});

t.test('what the network says is a result, not a refusal', async (t) => {
  const { registry, sends } = await start(t);
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as { port: number };
  await new Promise((resolve) => closed.close(resolve));
  const refused = await sends.create({ protocol: 'tcp', to: { host: '127.0.0.1', port }, text: 'x' });
  t.match(refused, { status: 201, send: { state: 'failed', error: { code: 'connection_refused' } } });
  await registry.create({ protocol: 'udp', name: 'mute' });
  const silent = { protocol: 'udp', to: { listener: 'mute' }, text: 'x', expectReply: { timeout: '30ms' } } as const;
  t.match(await sends.create(silent), { send: { state: 'failed', sent: 1, error: { code: 'no_reply' } } });
});

t.test('what is impossible here is refused and leaves no send', async (t) => {
  const { registry, sends } = await start(t);
  const tcp = await registry.create({ protocol: 'tcp', name: 'tcp' });
  const to = { host: '127.0.0.1', port: 9 };
  const cases: [object, { code: string; message?: RegExp }][] = [
    [
      { protocol: 'udp', to, from: 'tcp', text: 'x' },
      { code: 'validation_failed', message: /connections\/\{cid\}\/send/ },
    ],
    [{ protocol: 'udp', to: { listener: 'tcp' }, text: 'x' }, { code: 'validation_failed' }],
    [
      { protocol: 'udp', to, from: { host: '192.0.2.7' }, text: 'x' },
      { code: 'unprocessable', message: /EADDRNOTAVAIL/ },
    ],
    [{ protocol: 'udp', to: { host: '::1', port: 9 }, from: 'udp', text: 'x' }, { code: 'unprocessable' }],
    [{ protocol: 'udp', to: { listener: 'udp', port: 9 }, text: 'x' }, { code: 'validation_failed' }],
    [{ protocol: 'tcp', to, from: 'udp', text: 'x' }, { code: 'validation_failed' }],
    [{ protocol: 'udp', to: { listener: 'done' }, text: 'x' }, { code: 'not_listening' }],
  ];
  await registry.create({ protocol: 'udp', name: 'udp' });
  await registry.create({ protocol: 'udp', name: 'done', completeAfterIdle: 1 });
  await until(() => registry.find('done').state === 'completed', 'completed');
  for (const [request, problem] of cases) {
    await t.rejects(sends.create(request as Parameters<typeof sends.create>[0]), problem);
  }
  t.same(sends.list({ limit: 10 }), { items: [], next: null });
  t.equal((await registry.get(tcp.id)).stats.received, 0);
});

t.test('a long one goes on, tells how far it is, and can be called off', async (t) => {
  const { registry, sends } = await start(t);
  await registry.create({ protocol: 'udp', name: 'sink', capture: { maxMessages: 1e6 } });
  const told: SendView[] = [];
  const stop = sends.onProgress((send) => told.push(send));
  const request = { protocol: 'udp', to: { listener: 'sink' }, text: 'x' } as const;
  const { status, send } = await sends.create({ ...request, rate: 200, duration: '10s' });
  t.equal(status, 202);
  t.match(send, { state: 'running', progress: 0, error: undefined });
  t.equal(sends.totals().running, 1);
  await until(() => told.some(({ state, sent }) => state === 'running' && sent > 10), 'progress');
  const cancelled = await sends.cancel(send.id);
  t.match(cancelled, { state: 'cancelled' });
  t.ok(cancelled.sent > 10 && cancelled.sent < 2000, `${cancelled.sent} sent`);
  t.equal(told.at(-1)?.state, 'cancelled');
  t.same(await sends.cancel(send.id), cancelled, 'it stays as it is');
  t.equal(sends.totals().running, 0);
  stop();

  const paced = await sends.create({ ...request, interval: '5ms', count: 3 });
  await until(() => sends.get(paced.send.id).state === 'done', 'done');
  t.match(sends.get(paced.send.id), { sent: 3, progress: 1 });
  t.ok(sends.get(paced.send.id).elapsedMs >= 10);
});

t.test('the same key and body send once', async (t) => {
  const { registry, sends } = await start(t);
  await registry.create({ protocol: 'udp', name: 'sink' });
  const request = { protocol: 'udp', to: { listener: 'sink' }, text: 'once' } as const;
  const first = await sends.create(request, { idempotencyKey: 'k' });
  const second = await sends.create({ ...request }, { idempotencyKey: 'k' });
  t.same(second, { ...first, replayed: true });
  await t.rejects(sends.create({ ...request, text: 'twice' }, { idempotencyKey: 'k' }), {
    code: 'idempotency_mismatch',
  });
  await until(async () => (await registry.get('sink')).stats.captured === 1, 'one arrived');
});

t.test('the newest 1,000 are kept and paged, newest first', async (t) => {
  const { registry, sends } = await start(t);
  await registry.create({ protocol: 'udp', name: 'sink' });
  const ids: string[] = [];
  for (let i = 0; i < 1005; i += 15) {
    const requests = Array.from({ length: 15 }, () =>
      sends.create({ protocol: 'udp', to: { listener: 'sink' }, text: 'x' }),
    );
    for (const { send } of await Promise.all(requests)) ids.push(send.id);
  }
  const kept: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const answer = sends.list({ limit: 300, ...(cursor === '' ? {} : { cursor }) });
    kept.push(...answer.items.map(({ id }) => id));
    cursor = answer.next;
  }
  t.equal(kept.length, 1000);
  t.same(kept.toSorted(), ids.slice(5).toSorted());
  t.throws(() => sends.get(ids[0]!), { code: 'not_found' });
  t.throws(() => sends.list({ limit: 1, cursor: 'x' }), { code: 'validation_failed' });
  await sends.clear();
  t.same(sends.list({ limit: 1 }), { items: [], next: null });
});

t.test('a send whose thread dies is failed, and nobody waits for ever', async (t) => {
  const { allocator, sends } = await start(t);
  const sink = createSocket('udp4').bind(0, '127.0.0.1');
  t.teardown(() => sink.close());
  await once(sink, 'listening');
  const to = { host: '127.0.0.1', port: sink.address().port };
  const waiting = sends.create({ protocol: 'udp', to, text: 'x', expectReply: { timeout: '60s' } });
  await until(() => sends.totals().running === 1, 'running');
  await Promise.all([threadNamed(allocator, 'shared-1').kill(), threadNamed(allocator, 'shared-2').kill()]);
  t.match(await waiting, { send: { state: 'failed', error: { code: 'worker_unavailable' } } });
});

t.test('a payload that holds a name of templates without being one gets a warning', async (t) => {
  const { registry, sends } = await start(t);
  await registry.create({ protocol: 'udp', name: 'to' });
  const made = async (request: object) =>
    (await sends.create({ protocol: 'udp', to: { listener: 'to' }, ...request })).send;
  t.match(await made({ text: '{{n}}' }), { warnings: [/^\/text holds \{\{n\}\}.*"template": true/] });
  t.match(await made({ sequence: [{ text: 'a' }, { json: ['{{now}}'] }] }), { warnings: [/^\/sequence\/1\/json/] });
  for (const quiet of [{ text: '{{n}}', template: true }, { text: 'n' }, { hex: '00' }]) {
    t.notOk('warnings' in (await made(quiet)), JSON.stringify(quiet));
  }
});
t.test('a socket of its own is bound only where listeners may be', async (t) => {
  const { sends } = await start(t);
  for (const protocol of ['udp', 'tcp'] as const) {
    for (const host of ['0.0.0.0', '255.255.255.255', '224.0.0.1', '198.51.100.1']) {
      const request = { protocol, to: { host: '127.0.0.1', port: 9 }, from: { host }, text: 'x' };
      await t.rejects(sends.create(request), { code: 'bind_not_allowed', message: /--allow-bind/ });
    }
    const mixed = { protocol, to: { host: '127.0.0.1', port: 9 }, from: { host: '::1' }, text: 'x' };
    await t.rejects(sends.create(mixed), { code: 'unprocessable', message: /::1 can't send to 127.0.0.1/ });
  }
  t.equal(sends.list({ limit: 10 }).items.length, 0);
});

for (const engine of ENGINES) {
  t.test(`${engine}: a destination that the system refuses is named, not the local address`, async (t) => {
    const { registry, sends } = await start(t, engine);
    await registry.create({ protocol: 'udp', name: 'from' });
    const to = { host: '127.255.255.255', port: 9 };
    const refusal = { code: 'permission_denied', message: /sending udp to 127.255.255.255:9 .*broadcast.*EACCES/ };
    await t.rejects(sends.create({ protocol: 'udp', to, text: 'x' }), refusal);
    await t.rejects(sends.create({ protocol: 'udp', to, text: 'x', count: 3 }), refusal);
    await t.rejects(sends.create({ protocol: 'udp', to, text: 'x', from: 'from' }), refusal);
    const { send } = await sends.create({ protocol: 'tcp', to, text: 'x' });
    t.match(send, { state: 'failed', error: { code: /^(unreachable|permission_denied)$/ } });
  });
}
