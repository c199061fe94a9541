import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { run, type Service, startProcess } from '../support/process.ts';

t.setTimeout(120_000);

function directory(t: Test): string {
  const made = mkdtempSync(join(tmpdir(), 'listenpost-'));
  t.teardown(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

async function send(port: number, ...texts: string[]): Promise<void> {
  const socket = createSocket('udp4');
  for (const text of texts) {
    await new Promise((resolve) => socket.send(text, port, '127.0.0.1', resolve));
  }
  socket.close();
}

async function textsOf(service: Service, name: string): Promise<string[]> {
  const { body } = await service.get(`/v1/listeners/${name}/messages`);
  return body.items.map(({ seq, text }: { seq: number; text: string }) => `${seq} ${text}`);
}

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  t.test(`listeners and messages survive ${signal}`, async (t) => {
    const data = directory(t);
    const first = await startProcess(t, ['--data', data]);
    const spec = { protocol: 'udp', labels: { suite: 'a' } };
    const { body: before } = await first.put('/v1/listeners/kept', spec);
    await first.patch('/v1/listeners/kept', { labels: { more: 'b' } });
    await first.put('/v1/listeners/once', { protocol: 'udp', maxRequests: 1 });
    const { body: once } = await first.get('/v1/listeners/once');
    await first.put('/v1/listeners/gone', { protocol: 'tcp' });
    await first.delete('/v1/listeners/gone');
    await send(before.address.port, 'one', 'two');
    await send(once.address.port, 'last');
    await first.until('/v1/listeners/once', ({ body }) => body.state === 'completed');
    await first.until('/v1/listeners/kept', ({ body }) => body.stats.lastSeq === 2);
    await first.stop(signal);

    const second = await startProcess(t, ['--data', data]);
    t.equal((await second.get('/readyz')).status, 200);
    const { body: after } = await second.get('/v1/listeners/kept');
    t.match(after, {
      id: before.id,
      name: 'kept',
      state: 'listening',
      address: before.address,
      createdAt: before.createdAt,
      labels: { suite: 'a', more: 'b' },
      stats: { captured: 2, lastSeq: 2 },
    });
    t.match((await second.get('/v1/listeners/once')).body, { id: once.id, state: 'completed', address: null });
    t.equal((await second.get('/v1/listeners/gone')).status, 404);
    t.same(await textsOf(second, 'once'), ['1 last']);
    await send(after.address.port, 'three');
    await second.until('/v1/listeners/kept', ({ body }) => body.stats.lastSeq === 3);
    t.same(await textsOf(second, 'kept'), ['1 one', '2 two', '3 three'], 'numbering goes on');
    t.equal((await second.put('/v1/listeners/kept', { ...spec, labels: after.labels })).status, 200);
  });
}

t.test('a listener that can not bind is failed, the rest works, and PUT tries again', async (t) => {
  const data = directory(t);
  const first = await startProcess(t, ['--data', data]);
  const { body: blocked } = await first.put('/v1/listeners/blocked', { protocol: 'udp' });
  await first.put('/v1/listeners/free', { protocol: 'tcp' });
  await send(blocked.address.port, 'before');
  await first.until('/v1/listeners/blocked', ({ body }) => body.stats.lastSeq === 1);
  await first.stop('SIGKILL');
  const intruder = createSocket('udp4').bind(blocked.address.port, '127.0.0.1');
  await once(intruder, 'listening');

  const second = await startProcess(t, ['--data', data]);
  t.equal((await second.get('/readyz')).status, 200);
  t.match((await second.get('/v1/listeners/blocked')).body, {
    id: blocked.id,
    state: 'failed',
    error: { code: 'port_in_use' },
  });
  t.equal((await second.get('/v1/listeners/free')).body.state, 'listening');
  t.same(await textsOf(second, 'blocked'), ['1 before'], 'its messages are served');
  intruder.close();
  await once(intruder, 'close');
  t.match((await second.put('/v1/listeners/blocked', { protocol: 'udp' })).body, {
    state: 'listening',
    address: blocked.address,
  });
});

t.test('a directory belongs to one process', async (t) => {
  const data = directory(t);
  const first = await startProcess(t, ['--data', data]);
  const second = await run(t, ['serve', '--port', '0', '--data', data]);
  t.equal(second.code, 1);
  t.match(second.stderr, /^error: .*is in use by another process/m);
  t.equal(second.stderr.trim().split('\n').length, 1);
  await first.stop('SIGKILL');
  t.ok(await startProcess(t, ['--data', data]), 'a kill leaves nothing to clean up');
});

t.test('a directory that can not be used is named', async (t) => {
  const file = join(directory(t), 'file');
  writeFileSync(file, '');
  const ended = await run(t, ['serve', '--port', '0', '--data', join(file, 'data')]);
  t.equal(ended.code, 1);
  t.match(ended.stderr, /^error: .*data directory .*can't be used/m);
});
