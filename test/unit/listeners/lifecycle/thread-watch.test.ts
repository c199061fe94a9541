/** What threads say unasked, and what becomes of it. */
import t from 'tap';
import { Registry } from '../../../../src/listeners/registry.ts';
import { PortTable } from '../../../../src/listeners/sockets/ports.ts';
import { AddressPolicy } from '../../../../src/net/access-policy.ts';
import type { AllocationSource, ListenerThread, ThreadWatcher } from '../../../../src/workers/thread-allocator.ts';
import { page, setup } from '../service.ts';

t.setTimeout(120_000);

t.test('problems are recorded, a broken socket fails its listener, strangers are ignored', async (t) => {
  const service = await setup(t);
  const { allocator, journal } = service;
  let watcher: Partial<ThreadWatcher> = {};
  const watched: AllocationSource = {
    acquire: (id, wanted) => allocator.acquire(id, wanted),
    watch: (given) => {
      watcher = given;
    },
  };
  const registry = new Registry({
    journal,
    allocator: watched,
    ports: { table: new PortTable(new SharedArrayBuffer(65_536)), range: null },
    bindPolicy: new AddressPolicy([], { code: 'bind_not_allowed', flag: '--allow-bind' }),
    advertisedHost: 'box.example',
    maxListeners: 10,
    onError: (error) => t.fail(String(error)),
  });
  t.teardown(() => registry.close());
  await registry.create({ protocol: 'udp', name: 'u' });
  const { number } = registry.find('u');
  const thread = {} as ListenerThread;
  const error = { code: 'EIO', message: 'it broke' };
  watcher.event?.(thread, { event: 'problem', listener: number, error });
  watcher.event?.(thread, { event: 'problem', listener: 1, error });
  watcher.event?.(thread, { event: 'exhausted', listener: number });
  watcher.event?.(thread, { event: 'ready', engine: 'dgram' });
  t.equal((await registry.get('u')).state, 'listening');
  const records = await page({ ...service, registry }, 'u', { kinds: 0b100000 });
  t.match(records, [{ kind: 'problem' }]);
  t.match(JSON.stringify(records), /EIO.*it broke/);
  const failed = new Promise<void>((resolve) =>
    registry.onChange(({ listener }) => listener.state === 'failed' && resolve()),
  );
  watcher.event?.(thread, { event: 'failed', listener: number, binding: 0, error });
  await failed;
  t.match(await registry.get('u'), { state: 'failed', address: null, error: { code: 'EIO', detail: 'it broke' } });
});
