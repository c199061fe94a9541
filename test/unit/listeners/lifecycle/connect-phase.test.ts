/** The connect phase when threads die, and over a restart. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t from 'tap';
import type { ListenerSpec } from '../../../../src/schemas/listener.ts';
import { plainClient, stranger } from '../../../support/plain-client.ts';
import { setup, threadNamed, until } from '../service.ts';

t.setTimeout(180_000);

const MEETS = { refuse: 'ECONNREFUSED', blackhole: 'timeout', reset: 'ECONNRESET', stall: 'silence' } as const;
const IN_VAIN = { patience: 1 };

for (const threads of [1, 2]) {
  for (const [mode, what] of Object.entries(MEETS) as [keyof typeof MEETS, string][]) {
    t.test(`${mode} outlives a thread of ${threads}`, async (t) => {
      const { registry, allocator } = await setup(t, { engine: 'auto' });
      const spec: ListenerSpec = { protocol: 'tcp', name: 'l', threads, responder: { type: 'echo' } };
      const { address, bindings } = await registry.create(spec);
      const { port } = address!;
      const die = async () => {
        await threadNamed(allocator, bindings[0]!.thread).kill();
        t.equal(registry.find('l').state, 'degraded');
        if (threads === 1 || mode === 'refuse' || mode === 'blackhole')
          t.not((await plainClient('tcp', port, { patience: 0.3 })).what, 'hello', 'nor meanwhile');
        await until(() => registry.find('l').state === 'listening', 'listening again');
      };
      await registry.patch('l', { tcp: { accept: { mode } } });
      await die();
      t.equal((await plainClient('tcp', port, IN_VAIN)).what, what, 'with another thread it is as before');
      t.same(await stranger('tcp', port), ['EADDRINUSE']);
      t.match(await registry.patch('l', { tcp: { accept: { mode: 'accept' } } }), { address: { port } });
      t.equal((await plainClient('tcp', port)).what, 'hello');
    });

    t.test(`${mode} ends while a thread of ${threads} is being replaced`, async (t) => {
      const { registry, allocator } = await setup(t, { engine: 'auto' });
      const accept = { mode };
      const spec: ListenerSpec = { protocol: 'tcp', name: 'l', threads, responder: { type: 'echo' }, tcp: { accept } };
      const { address, bindings } = await registry.create(spec);
      const killed = threadNamed(allocator, bindings[0]!.thread).kill();
      await registry.patch('l', { tcp: { accept: { mode: 'accept' } } });
      await killed;
      await until(() => registry.find('l').state === 'listening', 'listening again');
      t.equal((await plainClient('tcp', address!.port)).what, 'hello');
    });
  }
}

for (const threads of [1, 2]) {
  t.test(`an unreachable port outlives a thread of ${threads}`, async (t) => {
    const { registry, allocator } = await setup(t, { engine: 'auto' });
    const spec: ListenerSpec = { protocol: 'udp', name: 'l', threads, responder: { type: 'echo' } };
    const { address, bindings } = await registry.create(spec);
    const { port } = address!;
    await registry.patch('l', { udp: { unreachable: true } });
    await threadNamed(allocator, bindings[0]!.thread).kill();
    t.equal((await plainClient('udp', port)).what, 'ECONNREFUSED');
    await until(() => registry.find('l').state === 'listening', 'listening again');
    t.equal((await plainClient('udp', port)).what, 'ECONNREFUSED');
    await registry.patch('l', { udp: { unreachable: false } });
    t.equal((await plainClient('udp', port)).what, 'hello');
  });

  t.test(
    `a port is reachable again while a thread of ${threads} is being replaced; what came before is kept`,
    async (t) => {
      const { registry, allocator } = await setup(t, { engine: 'auto' });
      const spec: ListenerSpec = { protocol: 'udp', name: 'l', threads, responder: { type: 'echo' } };
      const { address, bindings } = await registry.create(spec);
      const { port } = address!;
      const socket = createSocket('udp4').bind(0, '127.0.0.1');
      t.teardown(() => socket.close());
      await once(socket, 'listening');
      const send = (text: string) =>
        new Promise<void>((resolve, reject) =>
          socket.send(text, port, '127.0.0.1', (error) => (error === null ? resolve() : reject(error))),
        );
      const killed = threadNamed(allocator, bindings[0]!.thread).kill();
      await killed;
      for (let n = 0; n < 10; n++) await send(`queued ${n}`);
      await registry.patch('l', { udp: { unreachable: true } });
      await registry.patch('l', { udp: { unreachable: false } });
      await until(() => registry.find('l').state === 'listening', 'listening again');
      t.equal((await plainClient('udp', port)).what, 'hello');
      await until(async () => (await registry.get('l')).stats.captured === 11, 'all 11 captured');
      t.match((await registry.get('l')).stats, { received: 11, dropped: { lost: 0, closed: 0, kernel: 0 } });
      await threadNamed(allocator, bindings[0]!.thread).kill();
      await until(() => registry.find('l').state === 'listening', 'listening once more');
      t.equal((await plainClient('udp', port)).what, 'hello', 'a replacement goes on with the socket that came last');
    },
  );
}

t.test(
  'without the native engine: what threads do works, what the kernel has to do is a 422 that names the field',
  async (t) => {
    const { registry } = await setup(t, { engine: 'dgram' });
    const { address } = await registry.create({ protocol: 'tcp', name: 'l', threads: 2, responder: { type: 'echo' } });
    for (const mode of ['refuse', 'blackhole'] as const) {
      const wrong = { status: 422, code: 'unprocessable', errors: [{ pointer: '/tcp/accept/mode' }] };
      await t.rejects(registry.patch('l', { tcp: { accept: { mode } } }), wrong);
      await t.rejects(registry.create({ protocol: 'tcp', tcp: { accept: { mode } } }), wrong);
      t.match((await registry.get('l')).tcp, { accept: { mode: 'accept' } });
    }
    for (const mode of ['reset', 'stall'] as const) {
      await registry.patch('l', { tcp: { accept: { mode, times: 1 } } });
      t.equal((await plainClient('tcp', address!.port, IN_VAIN)).what, MEETS[mode]);
      t.equal((await plainClient('tcp', address!.port)).what, 'hello');
      t.match((await registry.get('l')).tcp, { accept: { mode: 'accept', times: null } });
    }
    await registry.create({ protocol: 'udp', name: 'u' });
    const wrong = { status: 422, code: 'unprocessable', errors: [{ pointer: '/udp/unreachable' }] };
    await t.rejects(registry.patch('u', { udp: { unreachable: true } }), wrong);
    await t.rejects(registry.create({ protocol: 'udp', udp: { unreachable: true } }), wrong);
    t.match((await registry.get('u')).udp, { unreachable: false });
    const { items } = await registry.list({ labels: [], limit: 10 });
    t.equal(items.length, 2, 'nothing is left of those that were not created');
  },
);
