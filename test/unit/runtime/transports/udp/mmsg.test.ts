/** What only the native engine does: drops of the kernel to the last one, orphans, idle waits, fairness. */
import { spawn, spawnSync } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { whyNotNative } from '../../../../../src/runtime/native/selftest.ts';
import type { UdpOrder } from '../../../../../src/workers/protocol.ts';
import { lasting } from '../../../../support/waiting.ts';
import { type Opened, Rig, type RigOptions, until } from '../../../workers/rig.ts';
import { ask, loopbackPeer as client, send } from '../udp-contract.ts';
import { attach, Flood, numberOf } from './flood.ts';

t.setTimeout(120_000);

const start = (t: Test, options: RigOptions = {}) => Rig.start(t, { engine: 'auto', attach, ...options });
const udp = (receiveBuffer: number) => ({ udp: { receiveBuffer, ipv6Only: false } });

const reason = whyNotNative();
t.test('native engine', { skip: reason ?? false }, async (t) => {
  t.test('what the kernel drops is counted, and told where it happened', async (t) => {
    const rig = await start(t, { credit: 1 });
    const listener = await rig.open(udp(32_768));
    const flood = flooding(t, listener);
    rig.stalled = true;
    flood.send(1);
    await until(() => listener.incoming.length === 1);
    flood.send(5_000);
    rig.resume();
    await settled(listener, flood);
    flood.send(1);
    await settled(listener, flood);
    lawful(t, listener, flood.sent);
    t.ok(listener.count('kernel') > 1_000, 'it did drop');
    gapsMatchMissingNumbers(t, listener);
    t.equal(listener.records.at(-1)?.kind, 'message', 'drops after the last datagram were told before the next one');
  });

  t.test('three times what it can take: the numbers missing are as many as the gaps say, where they say', async (t) => {
    const rig = await start(t);
    const listener = await rig.open({ ...udp(16_384), responder: { type: 'echo' } });
    const flood = flooding(t, listener);
    for (let i = 0; i < 40; i++) {
      flood.send(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await settled(listener, flood);
    lawful(t, listener, flood.sent);
    t.ok(listener.count('kernel') > 0 && listener.incoming.length > 0, 'some of each');
    gapsMatchMissingNumbers(t, listener);
  });

  t.test('what is queued when the socket closes is counted, and nobody else gets in', async (t) => {
    const rig = await start(t, { credit: 1 });
    for (let round = 0; round < 5; round++) {
      const listener = await rig.open(udp(65_536));
      const flood = flooding(t, listener);
      rig.stalled = true;
      flood.send(1);
      await until(() => listener.incoming.length === 1);
      flood.send(50 + 100 * round);
      await listener.close();
      rig.resume();
      await until(() => (listener.gaps.closed ?? 0) === listener.count('closed'));
      lawful(t, listener, flood.sent);
      t.ok(listener.count('closed') > 0);
      flood.send(1_000);
      t.ok(flood.refused, 'the port is closed to others from then on');
    }
  });

  const alone = spawnSync('unshare', ['-n', 'ip', 'link', 'set', 'lo', 'up']).status === 0;
  t.test('closed in a flood, to the last datagram', { skip: !alone && 'needs a network of its own' }, async (t) => {
    const program = fileURLToPath(new URL('./closing.js', import.meta.url));
    const command = `ip link set lo up && exec "${process.execPath}" "${program}"`;
    const { stdout, status } = spawnSync('unshare', ['-n', 'sh', '-c', command], { encoding: 'utf8' });
    t.equal(status, 0);
    t.same(JSON.parse(stdout), [0, 0, 0], 'sent = read + dropped by the kernel + found no socket');
  });

  t.test(
    'a thread dies in a flood: what the kernel had queued is not lost, what the thread held is known',
    async (t) => {
      const rig = await start(t);
      const listener = await rig.open(udp(8 << 20));
      const flood = flooding(t, listener);
      flood.send(2_000);
      const dying = rig.pool.threads[0]!.kill();
      flood.send(6_000);
      await dying;
      const read = listener.count('received');
      const handed = listener.count('handed');
      await until(() => rig.replaced.length === 1);
      for (const { spec, counters, attachment } of rig.replaced[0]!.bindings) {
        await rig.pool.threads[0]!.call('open', { spec: { ...spec, incarnation: 1 }, counters, attachment });
      }
      await settled(listener, flood);
      t.equal(listener.incoming.length + (read - handed) + listener.count('kernel'), flood.sent);
      t.ok(
        listener.incoming.some(({ origin }) => origin.incarnation === 1),
        'the new thread reads the same socket',
      );
    },
  );

  t.test('a lone datagram is captured at once, without being asked for', async (t) => {
    const rig = await start(t);
    const listener = await rig.open();
    const peer = await client(t);
    for (let i = 1; i <= 30; i++) {
      await send(peer, listener, `${i}`);
      await until(() => listener.incoming.length === i);
      t.equal(listener.incoming.at(-1)!.text, `${i}`);
    }
  });

  t.test('a flood on one listener does not hold up another in the same thread', async (t) => {
    const rig = await start(t);
    const flooded = await rig.open(udp(8 << 20));
    const polite = await rig.open({ responder: { type: 'echo' } });
    const flood = flooding(t, flooded);
    const peer = await client(t);
    for (let i = 0; i < 20; i++) {
      flood.send(3_000);
      t.equal(await ask(peer, polite, `ask ${i}`), `ask ${i}`);
    }
    await settled(flooded, flood);
    lawful(t, flooded, flood.sent);
  });

  t.test('a burst from the own socket is sent, recorded with its id, and captured by the other side', async (t) => {
    const rig = await start(t, { size: 2 });
    const from = await rig.open();
    const to = await rig.open({ ...udp(8 << 20) });
    const part = { payload: Buffer.from('number {{n}}'), template: true };
    const order = burst(to, { count: 5_000, parts: [part] });
    const outcome = await rig.pool.threads[0]!.call('sendFrom', { listener: from.spec.listener, order });
    t.match(outcome, { state: 'done', sent: 5_000, errors: 0, local: from.address });
    await to.flush();
    await from.flush();
    await until(() => to.incoming.length === 5_000 && from.outgoing.length === 5_000);
    t.same(
      to.incoming.map(({ text }) => text),
      Array.from({ length: 5_000 }, (_, i) => `number ${i + 1}`),
    );
    t.ok(from.outgoing.every(({ extras, text }, i) => extras.sendId === 's_burst' && text === `number ${i + 1}`));
    t.equal(from.count('sent'), 5_000);
  });

  t.test('a burst from a throw-away socket, and one that nobody takes', async (t) => {
    const rig = await start(t);
    const to = await rig.open({ ...udp(8 << 20) });
    const part = { payload: Buffer.from('x'), template: false };
    const outcome = await rig.pool.threads[0]!.call('send', burst(to, { count: 3_000, parts: [part] }));
    t.match(outcome, { state: 'done', sent: 3_000, bytes: 3_000, errors: 0 });
    await to.flush();
    await until(() => to.incoming.length === 3_000);
    t.not(to.incoming[0]!.remote?.port, 0);
    await to.close();
    const refused = await rig.pool.threads[0]!.call('send', burst(to, { count: 10, parts: [part] }));
    t.match(refused, { state: 'failed', error: { code: 'connection_refused' } });
  });

  t.test('many idle threads take no CPU, and starve neither fs nor dns', async (t) => {
    const rig = await start(t, { size: 8 });
    for (const thread of rig.pool.threads) {
      for (let i = 0; i < 4; i++) await new OnThread(rig, thread).open();
    }
    // Where idle threads held the pool of the platform, these would never come back.
    for (let i = 0; i < 20; i++) await Promise.all([stat('.'), lookup('localhost')]);
    const spent = process.cpuUsage();
    await lasting(300);
    const { user, system } = process.cpuUsage(spent);
    t.ok(user + system < 60_000, `${user + system} µs of CPU in 300 ms`);
  });

  t.test('threads are ended while datagrams pour in', async (t) => {
    const rig = await start(t);
    const listener = await rig.open(udp(1 << 20));
    const flood = flooding(t, listener);
    const thread = rig.pool.threads[0]!;
    for (let death = 0; death < 2; death++) {
      const dying = thread.kill();
      for (let i = 0; i < 50; i++) {
        flood.send(64);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await dying;
      await until(() => rig.replaced.length === death + 1);
      const { spec, counters, attachment } = rig.replaced[death]!.bindings[0]!;
      await thread.call('open', { spec: { ...spec, incarnation: death + 1 }, counters, attachment });
    }
    await until(() => listener.count('received') + listener.count('kernel') >= flood.sent);
    t.equal(listener.count('received') + listener.count('kernel'), flood.sent);
  });

  t.test('a process with native waits exits at once', async (t) => {
    const module = new URL('./idler.js', import.meta.url).pathname;
    const idler = spawn(process.execPath, [module], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(idler, 'exit');
    const [text] = await once(idler.stdout, 'data');
    t.equal(String(text).trim(), 'exiting');
    t.same(await exited, [0, null], 'its waits have no end of their own');
  });

  t.test('many sockets in a thread', async (t) => {
    const rig = await start(t);
    const listeners: Opened[] = [];
    for (let i = 0; i < 300; i++) listeners.push(await rig.open(udp(4096)));
    const peer = await client(t);
    for (const [i, listener] of listeners.entries()) await send(peer, listener, `to ${i}`);
    await Promise.all(listeners.map((listener) => listener.flush()));
    await until(() => listeners.every(({ incoming }) => incoming.length === 1));
    t.same(
      listeners.map(({ incoming }) => incoming[0]?.text),
      listeners.map((_, i) => `to ${i}`),
    );
    for (const listener of listeners) await listener.close();
  });
});

/** A listener that lives in a thread of choice. */
class OnThread {
  readonly #rig: Rig;
  readonly #thread: Rig['pool']['threads'][number];
  constructor(rig: Rig, thread: Rig['pool']['threads'][number]) {
    this.#rig = rig;
    this.#thread = thread;
  }
  async open(): Promise<void> {
    const probe = await this.#rig.open();
    await probe.close();
    await probe.openAt(probe.spec, this.#thread, attach);
  }
}

function flooding(t: Test, listener: Opened): Flood {
  const flood = new Flood(listener.address);
  t.teardown(() => flood.close());
  return flood;
}

/** All that was sent has been read or dropped, and what was read has come here. */
async function settled(listener: Opened, flood: Flood): Promise<void> {
  await until(() => listener.count('received') + listener.count('kernel') >= flood.sent, 'all read or dropped');
  await listener.flush();
  await until(() => listener.incoming.length >= listener.count('handed'), 'all shipped');
}

/** Sent = captured + the sum of dropped, and the gaps say the same as the counters. */
function lawful(t: Test, listener: Opened, sent: number): void {
  const captured = listener.incoming.length;
  const dropped = listener.count('kernel') + listener.count('closed');
  t.equal(captured + dropped, sent, `${captured} captured + ${dropped} dropped = ${sent} sent`);
  t.same(
    [listener.gaps.kernel ?? 0, listener.gaps.closed ?? 0],
    [listener.count('kernel'), listener.count('closed')],
    'gaps as counted',
  );
}

/** One sender, so numbers rise; those missing between two messages are as many as the gap between them says. */
function gapsMatchMissingNumbers(t: Test, listener: Opened): void {
  let next = 0;
  let dropped = 0;
  let wrong = 0;
  for (const record of listener.records) {
    if (record.kind === 'gap') dropped += record.dropped;
    else if (record.direction === 0) {
      if (numberOf(record.payload) - next !== dropped) wrong++;
      next = numberOf(record.payload) + 1;
      dropped = 0;
    }
  }
  t.equal(wrong, 0, 'the numbers missing are those that the gap before them counts');
}

function burst(to: Opened, wanted: Partial<UdpOrder>): UdpOrder {
  return {
    id: 's_burst',
    protocol: 'udp',
    to: to.address,
    local: null,
    parts: [],
    count: 1,
    interval: 0,
    duration: null,
    expectReply: null,
    ...wanted,
  };
}
