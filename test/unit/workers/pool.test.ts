import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { THREAD_DEDICATED } from '../../../src/records/chunk.ts';
import { defaultThreads, Pool } from '../../../src/workers/pool.ts';
import { lasting } from '../../support/waiting.ts';
import { bindingSpec, Rig, until } from './rig.ts';

t.setTimeout(120_000);

const watcher = { onEvent: () => {}, onDeath: () => {}, onReplaced: () => {}, onGivenUp: () => {} };
const environment = {
  attachJournal: () => {},
  ownPorts: new SharedArrayBuffer(65_536),
  engine: 'dgram' as const,
};

t.test('the entry refuses the main thread', async (t) => {
  const entry = fileURLToPath(new URL('../../../src/runtime/worker.js', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [entry], { encoding: 'utf8' });
  t.not(status, 0);
  t.match(stderr, /worker thread only/);
});

t.test('threads have stable names and numbers, and work is spread', async (t) => {
  t.ok(defaultThreads() >= 2 && defaultThreads() <= 4);
  const shared = await Pool.shared({ size: 3, environment, watcher });
  t.teardown(() => shared.close());
  t.same(
    shared.threads.map(({ name, ordinal }) => [name, ordinal]),
    [
      ['shared-1', 1],
      ['shared-2', 2],
      ['shared-3', 3],
    ],
  );
  const own = await Pool.dedicated('l_0000000001', { size: 2, environment, watcher });
  t.teardown(() => own.close());
  t.same(
    own.threads.map(({ name, ordinal }) => [name, ordinal]),
    [
      ['l_0000000001-1', THREAD_DEDICATED | 1],
      ['l_0000000001-2', THREAD_DEDICATED | 2],
    ],
  );
  const [busiest] = shared.choose(1);
  await busiest!.call('open', { spec: bindingSpec(), counters: new SharedArrayBuffer(1024), attachment: null });
  t.notOk(shared.choose(2).includes(busiest!), 'the least busy come first');
  t.throws(() => shared.choose(4), { code: 'worker_unavailable' });
  const views = await shared.describe();
  t.match(
    views.find(({ name }) => name === busiest!.name),
    { state: 'running', engine: 'dgram', bindings: 1, restarts: 0 },
  );
  t.ok(views.every(({ eventLoopUtilization: u }) => u >= 0 && u <= 1));
});

t.test('an idle thread does nothing', async (t) => {
  const pool = await Pool.shared({ size: 1, environment, watcher });
  t.teardown(() => pool.close());
  await pool.describe();
  await lasting(300);
  const [view] = await pool.describe();
  t.ok(view!.eventLoopUtilization < 0.3, `${view!.eventLoopUtilization}`);
});

t.test('errors cross with their code; unknown listeners are nothing to fail over', async (t) => {
  const rig = await Rig.start(t);
  const thread = rig.pool.threads[0]!;
  await t.rejects(rig.open({ host: '203.0.113.77' }), { code: 'EADDRNOTAVAIL' });
  t.equal(await thread.call('close', { listener: 1, mode: 'fin', drain: 0 }), null);
  t.equal(await thread.call('flush', { listener: 1 }), null);
  t.equal(await thread.call('flush', { listener: null }), null);
  t.same(await thread.call('connections', { listener: 1 }), []);
  t.equal(await thread.call('connectionSend', { listener: 1, connection: 1, payload: new Uint8Array(1) }), null);
  t.equal(await thread.call('connectionClose', { listener: 1, connection: 1, mode: 'rst' }), false);
  t.equal(await thread.call('connectionUpdate', { listener: 1, connection: 1, reading: true }), null);
  t.equal(await thread.call('cancelSend', { id: 's_none' }), false);
});

t.test('two bindings of a listener in one thread: a close names the one it means', async (t) => {
  const rig = await Rig.start(t);
  const thread = rig.pool.threads[0]!;
  const old = await rig.open();
  const request = { spec: { ...old.spec, port: 0, incarnation: 1 }, counters: old.memory, attachment: null };
  const next = await thread.call('open', request);
  t.not(next.address.port, old.address.port);
  await thread.call('close', { listener: old.spec.listener, mode: 'fin', drain: 0, incarnation: 0 });
  await rig.open({ port: old.address.port });
  await t.rejects(rig.open({ port: next.address.port }), { code: 'EADDRINUSE' });
  t.equal(thread.load, 2);
});

t.test('closed while it opens, a binding leaves no socket behind', async (t) => {
  const rig = await Rig.start(t);
  const thread = rig.pool.threads[0]!;
  const before = await rig.open({ protocol: 'tcp' });
  await before.close();
  // Two bindings: the first one tries the port before it opens it, so that it is still under way when the close comes.
  const spec = bindingSpec({ protocol: 'tcp', bindings: 2, port: before.address.port });
  const opening = thread.call('open', { spec, counters: new SharedArrayBuffer(1024), attachment: null });
  const closing = thread.call('close', { listener: spec.listener, mode: 'fin', drain: 0 });
  await Promise.allSettled([opening, closing]);
  t.equal(thread.load, 0);
  t.match(await thread.call('describe', null), { bindings: 0 });
  await rig.open({ protocol: 'tcp', port: before.address.port });
});

t.test('a death rejects what is pending, and every call until the replacement is there', async (t) => {
  const rig = await Rig.start(t);
  const thread = rig.pool.threads[0]!;
  const silent = await rig.open({ responder: { type: 'none' } });
  const to = { host: '127.0.0.1', port: silent.address.port };
  const pending = thread.call('send', {
    id: 's_1',
    protocol: 'udp',
    to,
    local: null,
    parts: [{ payload: Buffer.from('x'), template: false }],
    count: 1,
    interval: 0,
    duration: null,
    expectReply: { count: 1, timeout: 60_000 },
  });
  await until(() => silent.incoming.length === 1);
  const rejected = t.rejects(pending, { code: 'worker_unavailable' });
  await thread.kill();
  await rejected;
  t.equal(thread.state, 'replacing');
  await t.rejects(thread.call('describe', null), { code: 'worker_unavailable' }, 'at once');
  t.same(
    rig.deaths.map(({ thread: { name }, bindings }) => [name, bindings.length]),
    [['shared-1', 1]],
  );
  await until(() => rig.replaced.length === 1);
  t.equal(thread.state, 'running');
  t.equal(rig.replaced[0]!.bindings[0]!.spec.port, silent.address.port, 'the real port');
  t.ok(await thread.call('describe', null));
});

t.test('three deaths within a minute: it stays dead, callers are told, the others go on', async (t) => {
  const rig = await Rig.start(t, { size: 2 });
  const [victim, other] = rig.pool.threads;
  for (let death = 1; death <= 3; death++) {
    await until(() => victim!.state === 'running');
    await victim!.kill();
  }
  await until(() => rig.givenUp.length === 1);
  t.equal(rig.givenUp[0], victim);
  t.equal(victim!.state, 'dead');
  t.equal(rig.deaths.length, 3);
  t.equal(rig.replaced.length, 2, 'no respawn loop');
  await t.rejects(victim!.call('describe', null), { code: 'worker_unavailable' });
  t.same(rig.pool.choose(1), [other]);
  t.match(await rig.pool.describe(), [
    { state: 'dead', restarts: 2 },
    { state: 'running', restarts: 0 },
  ]);
});

t.test('stopping joins the threads and closes what is open in them', async (t) => {
  const rig = await Rig.start(t, { size: 2 });
  const listener = await rig.open({ protocol: 'tcp', bindings: 2 });
  await rig.pool.close();
  t.same(
    rig.pool.threads.map(({ state }) => state),
    ['stopped', 'stopped'],
  );
  t.same(rig.deaths, [], 'a stop is no death');
  await t.rejects(rig.pool.threads[0]!.call('describe', null), { code: 'worker_unavailable' });
  const again = await Rig.start(t);
  await again.open({ protocol: 'tcp', port: listener.address.port });
});

t.test('a pool whose threads do not come up is refused as a whole', async (t) => {
  const broken = { ...environment, ownPorts: -1 as unknown as SharedArrayBuffer };
  await t.rejects(Pool.shared({ size: 2, environment: broken, watcher }), { name: 'RangeError' });
});
