/** What others see of a listener while a PUT gives it new sockets: its state and its sockets change together. */
import t from 'tap';
import { ProblemError } from '../../../src/errors.ts';
import { AddressPolicy } from '../../../src/net/access-policy.ts';
import type { ListenerSpec } from '../../../src/schemas/listener.ts';
import type { ListenerView } from '../../../src/schemas/listener-status.ts';
import { Sends } from '../../../src/sends/sends.ts';
import { freePort } from '../../support/free-port.ts';
import { ENGINES, page, setup, tcpClient, UdpClient, until } from './service.ts';

t.setTimeout(120_000);

const ROUNDS = 20;
const OPEN = ['listening', 'paused', 'degraded'];

for (const engine of ENGINES) {
  t.test(`${engine}: sends, answers and reads beside replacements`, async (t) => {
    const service = await setup(t, { engine });
    const { registry, allocator } = service;
    const sends = new Sends({
      use: (ref) => registry.use(ref),
      sendPolicy: new AddressPolicy([], { code: 'destination_not_allowed', flag: '--allow-send' }),
      bindPolicy: new AddressPolicy([], { code: 'bind_not_allowed', flag: '--allow-bind' }),
      thread: () => allocator.next(),
      watch: (watcher) => allocator.watch(watcher),
    });
    t.teardown(() => sends.clear());
    await registry.create({ protocol: 'udp', name: 'to', responder: { type: 'echo' } });
    const { address } = await registry.create({ protocol: 'udp', name: 'moving', responder: { type: 'echo' } });
    await new UdpClient(t).ask(address!.port, 'first');
    await registry.flush('moving');

    let replacing = true;
    const outcomes = new Map<string, number>();
    const note = (what: string) => outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
    const again = async (what: string, act: () => Promise<unknown>) => {
      while (replacing) {
        await act().then(
          () => note(`${what} done`),
          (error) => note(`${what} ${error instanceof ProblemError ? error.code : error.stack}`),
        );
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const consistent = ({ state, address, bindings }: ListenerView) => {
      const isOpen = OPEN.includes(state);
      const matches = isOpen ? address !== null && bindings.length > 0 : address === null || state === 'draining';
      if (!matches) throw new Error(`${state} at ${JSON.stringify(address)} with ${bindings.length} bindings`);
    };
    const busy = [
      again('from', () => sends.create({ protocol: 'udp', to: { listener: 'to' }, from: 'moving', text: 'x' })),
      again('to', () => sends.create({ protocol: 'udp', to: { listener: 'moving' }, text: 'x' })),
      again('get', async () => consistent(await registry.get('moving'))),
      again('list', async () => (await registry.list({ labels: [], limit: 9 })).items.forEach(consistent)),
      again('reply', () => registry.reply('moving', 1, Buffer.from('more'))),
      again('page', () => page(service, 'moving', {})),
    ];
    const elsewhere = [await freePort(), await freePort()];
    for (let i = 0; i < ROUNDS; i++) {
      // In place, on the same port; and elsewhere, on another one.
      const more: Partial<ListenerSpec> =
        i % 2 === 0 ? { threads: (i % 4) / 2 + 1 } : { port: elsewhere[(i >> 1) % 2]! };
      await registry.put('moving', { protocol: 'udp', responder: { type: 'echo' }, ...more }, { replace: true });
    }
    replacing = false;
    await Promise.all(busy);
    const wrong = [...outcomes.keys()].filter((what) => !/^\w+ (done|not_listening)$/.test(what));
    t.same(wrong, [], 'nothing but done, or not listening');
    for (const what of ['from', 'to', 'get', 'list', 'reply', 'page']) t.ok(outcomes.get(`${what} done`)! > 0, what);
    // Echoes of what was sent last may still be on their way.
    const lawful = async () => {
      const { stats } = await registry.get('moving');
      const dropped = Object.entries(stats.dropped).filter(([reason]) => reason !== 'kernel');
      return stats.received === dropped.reduce((sum, [, count]) => sum + (count ?? 0), stats.captured);
    };
    await until(lawful, 'received = captured + dropped');
    t.equal((await registry.get('moving')).state, 'listening');
  });
}

t.test('connections of the old sockets keep their numbers apart from those of the new ones', async (t) => {
  const service = await setup(t);
  const { registry } = service;
  const { address } = await registry.create({ protocol: 'tcp', name: 'c' });
  await tcpClient(t, address!.port);
  await until(async () => (await registry.connections('c')).length === 1, 'the first');
  const { listener } = await registry.put('c', { protocol: 'tcp', threads: 2 }, { replace: true });
  await tcpClient(t, listener.address!.port);
  await until(async () => (await registry.connections('c')).length === 1, 'the second');
  t.match(await registry.connections('c'), [{ id: 'c_2' }]);
  const { stats } = await registry.get('c');
  t.match(stats, { connectionsTotal: 2, connectionsOpen: 1 });
});

t.test('a message that no connection takes says why', async (t) => {
  const { registry } = await setup(t);
  const { address } = await registry.create({ protocol: 'tcp', name: 'deaf' });
  const client = await tcpClient(t, address!.port);
  client.pause();
  await until(async () => (await registry.connections('deaf')).length === 1, 'connected');
  const offer = async () => {
    for (let i = 0; i < 64; i++) await registry.connectionSend('deaf', 'c_1', Buffer.alloc(1 << 20));
  };
  await t.rejects(offer(), { code: 'limit_reached', message: /does not read/ });
});
