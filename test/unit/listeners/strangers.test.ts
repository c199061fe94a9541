import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import t from 'tap';
import { ENGINES, page, setup, until } from './service.ts';

t.setTimeout(120_000);

const skip = process.platform === 'linux' ? false : 'only Linux lists the sockets of a port';

for (const engine of ENGINES) {
  t.test(`${engine}: who joins a shared port is counted and told, once; who leaves too`, { skip }, async (t) => {
    const told: string[] = [];
    const service = await setup(t, { engine, lookInterval: 20, onStranger: (what) => told.push(what) });
    const { registry } = service;
    for (const host of ['127.0.0.1', '::1']) {
      const { address } = await registry.create({ protocol: 'udp', name: 'shared', host, threads: 2 });
      const foreign = async () => (await registry.get('shared')).stats.foreignSockets;
      t.equal(await foreign(), 0);
      const stranger = createSocket({ type: host === '::1' ? 'udp6' : 'udp4', reusePort: true });
      stranger.bind(address!.port, host);
      await once(stranger, 'listening');
      await until(async () => (await foreign()) === 1, 'seen');
      stranger.close();
      await until(async () => (await foreign()) === 0, 'gone');
      const items = await page(service, 'shared', { kinds: 1 << 5 });
      t.match(items, [{ kind: 'problem', code: 'port_shared', detail: new RegExp(`port ${address!.port} `) }]);
      t.equal(items.length, 1);
      t.match(told.splice(0), [/^listener shared: others have joined .*sockets: 1/]);
      await registry.remove('shared', { mode: 'fin', drain: 0 });
    }
  });
}

t.test('TCP: the same; a port of one thread is not looked at', { skip }, async (t) => {
  const told: string[] = [];
  const { registry } = await setup(t, { lookInterval: 20, onStranger: (what) => told.push(what) });
  const { address } = await registry.create({ protocol: 'tcp', name: 'shared', threads: 2 });
  const alone = await registry.create({ protocol: 'tcp', name: 'alone' });
  const stranger = createServer();
  stranger.listen({ port: address!.port, host: '127.0.0.1', reusePort: true });
  await once(stranger, 'listening');
  t.teardown(() => stranger.close());
  await until(async () => (await registry.get('shared')).stats.foreignSockets === 1, 'seen');
  t.equal(told.length, 1);
  t.equal((await registry.get('alone')).stats.foreignSockets, 0);
  const joining = createServer().listen({ port: alone.address!.port, host: '127.0.0.1', reusePort: true });
  t.match(await once(joining, 'error'), [{ code: 'EADDRINUSE' }], 'and can not be joined');
});
