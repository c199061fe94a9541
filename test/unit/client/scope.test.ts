import t from 'tap';
import { LeakError } from '../../../src/client/index.ts';
import { client, datagrams, failure } from './rig.ts';

t.setTimeout(120_000);

const service = await client(t);

t.test('a scope labels what it makes and leaves nothing behind', async (t) => {
  const other = await service.listen({ protocol: 'udp' });
  const scope = service.scope('login', { labels: { suite: 'smoke' } });
  const twin = service.scope('login');
  const kept = await twin.listen({ protocol: 'udp' });
  const listener = await scope.listen({ protocol: 'udp', name: 'auth', labels: { role: 'server' } });
  t.match(listener.view, {
    labels: { suite: 'smoke', scope: 'login', role: 'server', run: scope.labels.run },
    ttl: '10m',
  });
  await datagrams(listener, 'unread');
  await listener.refresh();
  const leaks = await scope.close();
  t.match(leaks, { deleted: 1, listeners: [{ name: 'auth', unread: 1, openConnections: 0 }] });
  t.equal(await scope.close(), leaks, 'closing again says the same');
  t.equal(scope.leaks, leaks);
  t.same((await service.listeners()).map(({ id }) => id).sort(), [other.id, kept.id].sort());
  await service.reset();
});

t.test('a scope that forbids leaks fails with what leaked', async (t) => {
  const leaking = async () => {
    await using scope = service.scope('strict', { forbidLeaks: true, ttl: null });
    const read = await scope.listen({ protocol: 'udp', name: 'read' });
    const unread = await scope.listen({ protocol: 'udp', name: 'unread' });
    t.equal(read.view.ttl, null);
    await datagrams(read, 'a');
    await read.waitFor();
    await scope.send({ to: unread, text: 'b' });
    await unread.refresh();
  };
  const error = await failure(LeakError, leaking());
  t.equal(error.message, 'scope strict leaks\n  unread: 1 unread, 0 connections open');
  t.equal(error.leaks.listeners.length, 1);
  t.same(await service.listeners(), []);
});
