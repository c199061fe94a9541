/** What every datagram transport must do, whatever carries the datagrams. Run once for each engine, and for a fake. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import type { Cidr } from '../../../../src/net/address.ts';
import { addressBytes } from '../../../../src/net/address.ts';
import type { UdpOrder } from '../../../../src/workers/protocol.ts';
import { lasting } from '../../../support/waiting.ts';
import { type Opened, Rig, type RigOptions, until } from '../../workers/rig.ts';

/** Datagrams a flood keeps unread at most: any socket's buffer holds them, so the kernel drops none. */
const UNREAD = 100;

/** A peer that sends, receives and closes. */
export interface DatagramPeer extends NodeJS.EventEmitter {
  address(): { port: number };
  send(payload: string | Uint8Array, port: number, host: string, done: (error: Error | null) => void): void;
}
/** Makes a peer, which goes with the test. Rejects with `EADDRINUSE`. */
export type PeerMaker = (t: Test, host?: string, port?: number) => Promise<DatagramPeer>;

export type UdpEngine = {
  /** As the binding reports it. */
  engine: string;
  rig: Pick<RigOptions, 'engine' | 'attach' | 'transports'>;
  /** Over loopback by default. */
  client?: PeerMaker;
  /** Why promises that only a kernel or a thread can keep are left out. */
  skip?: { kernel?: string; threads?: string };
  /** Without credit it drops and counts `overload`; otherwise it leaves datagrams to the kernel. */
  dropsWithoutCredit: boolean;
};

export function udpContract({
  engine,
  rig: base,
  dropsWithoutCredit,
  client = loopbackPeer,
  skip = {},
}: UdpEngine): void {
  const kernelOnly = { skip: skip.kernel ?? false };
  const threadsOnly = { skip: skip.threads ?? false };
  const start = (t: Test, options: RigOptions = {}) => Rig.start(t, { ...base, ...options });

  t.test(`${engine}: a datagram is captured with peer, time and bytes`, async (t) => {
    const rig = await start(t);
    const listener = await rig.open();
    t.same(listener.engines, [engine]);
    t.equal(listener.address.host, '127.0.0.1');
    t.ok(listener.receiveBuffer >= 65_536, 'the granted receive buffer is known');
    const peer = await client(t);
    const before = Date.now() * 1000;
    await send(peer, listener, 'Hola server');
    await send(peer, listener, '');
    await send(peer, listener, Buffer.alloc(60_000, 0xff));
    await listener.flush();
    await until(() => listener.incoming.length === 3);
    const [first, second, third] = listener.incoming;
    t.match(first, { text: 'Hola server', size: 11, truncated: false, direction: 0, ordinal: 0 });
    t.same(first!.remote, { host: '127.0.0.1', port: peer.address().port });
    t.ok(first!.micros >= before && first!.micros <= Date.now() * 1000 + 1000, 'wall clock');
    t.ok(first!.elapsed > 0 && first!.elapsed < 30e9, 'time since the listener opened');
    t.ok(second!.elapsed >= first!.elapsed);
    t.match(second, { size: 0, ordinal: 1 });
    t.equal(third!.payload.equals(Buffer.alloc(60_000, 0xff)), true);
    t.match(counts(listener), { received: 3, requests: 3, receivedBytes: 60_011, handed: 3, sent: 0 });
    await listener.close();
  });

  t.test(`${engine}: a flush right after the send finds the datagram`, async (t) => {
    const rig = await start(t);
    const listener = await rig.open();
    const peer = await client(t);
    for (let i = 1; i <= 100; i++) {
      await send(peer, listener, `m${i}`);
      await listener.flush();
      t.equal(listener.count('received'), i) || t.bailout('lost');
    }
    await until(() => listener.incoming.length === 100);
    t.same(
      listener.incoming.map(({ text }) => text),
      Array.from({ length: 100 }, (_, i) => `m${i + 1}`),
    );
  });

  t.test(`${engine}: echo and upper answer, and the answers are recorded with what they answer`, async (t) => {
    const rig = await start(t);
    const listener = await rig.open({ responder: { type: 'echo' } });
    const peer = await client(t);
    t.equal(await ask(peer, listener, 'one'), 'one');
    await listener.update({ responder: { type: 'upper' } });
    t.equal(await ask(peer, listener, '  two\r\n'), 'TWO');
    await listener.update({ responder: { type: 'upper', strip: false } });
    t.equal(await ask(peer, listener, ' three\n'), ' THREE\n');
    await listener.flush();
    await until(() => listener.messages.length === 6);
    t.same(
      listener.messages.map(({ direction, text, ordinal, reference }) => [direction, text, ordinal, reference]),
      [
        [0, 'one', 0, undefined],
        [1, 'one', 1, 0],
        [0, '  two\r\n', 2, undefined],
        [1, 'TWO', 3, 2],
        [0, ' three\n', 4, undefined],
        [1, ' THREE\n', 5, 4],
      ],
    );
    t.match(counts(listener), { sent: 3, sentBytes: 13, received: 3, handed: 3 });
  });

  t.test(`${engine}: a templated reply knows thread, peer and number`, async (t) => {
    const rig = await start(t);
    const text = '{{thread}} {{remote.address}}:{{remote.port}} {{n}} {{listener}} {{local.port}} {{text}}';
    const listener = await rig.open({ name: 'greeter', responder: { type: 'reply', template: true, text } });
    const peer = await client(t);
    const { port } = peer.address();
    const own = listener.address.port;
    t.equal(await ask(peer, listener, 'ñ'), `shared-1 127.0.0.1:${port} 1 greeter ${own} ñ`);
    t.equal(await ask(peer, listener, 'x'), `shared-1 127.0.0.1:${port} 2 greeter ${own} x`);
  });

  t.test(`${engine}: what is kept is cut to maxPayload, the responder sees the whole`, async (t) => {
    const rig = await start(t);
    const listener = await rig.open({ maxPayload: 4, responder: { type: 'echo' } });
    const peer = await client(t);
    t.equal(await ask(peer, listener, '0123456789'), '0123456789');
    await listener.flush();
    await until(() => listener.messages.length === 2);
    t.match(listener.messages, [
      { text: '0123', size: 10, truncated: true },
      { text: '0123', size: 10, truncated: true, direction: 1 },
    ]);
  });

  t.test(`${engine}: an answer that is too large is told, not recorded`, async (t) => {
    const rig = await start(t);
    const listener = await rig.open({ responder: { type: 'reply', template: true, text: '{{text}}{{text}}' } });
    const peer = await client(t);
    await send(peer, listener, 'x'.repeat(40_000));
    await until(() => rig.events.some(({ event }) => event === 'problem'));
    const { listener: number } = listener.spec;
    t.match(rig.events, [{ event: 'problem', listener: number, error: { code: 'EMSGSIZE' } }]);
    t.equal(await ask(peer, listener, 'ok'), 'okok');
    await listener.flush();
    await until(() => listener.messages.length === 3);
    t.equal(listener.count('sent'), 1);
  });

  t.test(`${engine}: deny wins over allow; the denied are counted, not captured`, async (t) => {
    const rig = await start(t);
    const allow = [cidr('127.0.0.0', 8)];
    const listener = await rig.open({
      host: '0.0.0.0',
      allow,
      deny: [cidr('127.0.0.2', 32)],
      responder: { type: 'echo' },
    });
    const good = await client(t);
    const bad = await client(t, '127.0.0.2');
    await send(bad, listener, 'no');
    t.equal(await ask(good, listener, 'yes'), 'yes');
    await listener.flush();
    await until(() => listener.messages.length === 2);
    t.match(counts(listener), { received: 2, denied: 1, requests: 1 });
  });

  t.test(`${engine}: paused, it reads, discards and counts`, async (t) => {
    const rig = await start(t);
    const listener = await rig.open({ paused: true, responder: { type: 'echo' } });
    const peer = await client(t);
    for (let i = 0; i < 5; i++) await send(peer, listener, `p${i}`);
    await listener.flush();
    t.match(counts(listener), { received: 5, paused: 5, requests: 0 });
    await listener.update({ paused: false });
    t.equal(await ask(peer, listener, 'awake'), 'awake');
    await listener.flush();
    await until(() => listener.messages.length === 2);
    t.same(listener.gaps, { paused: 5 });
  });

  t.test(`${engine}: maxRequests is exact over two bindings, and what comes beyond is counted closed`, async (t) => {
    const rig = await start(t, { size: 2 });
    const listener = await rig.open({ bindings: 2, maxRequests: 50, responder: { type: 'echo' } });
    const peers = await Promise.all(Array.from({ length: 16 }, () => client(t)));
    let answers = 0;
    for (const peer of peers) peer.on('message', () => answers++);
    for (let i = 0; i < 10; i++) await Promise.all(peers.map((peer) => send(peer, listener, 'x')));
    await until(
      () =>
        answers === 50 && listener.count('received') === 160 && rig.events.some(({ event }) => event === 'exhausted'),
    );
    await listener.flush();
    t.equal(rig.events.filter(({ event }) => event === 'exhausted').length, 1, 'said once');
    t.match(counts(listener), { received: 160, requests: 50, closed: 110, sent: 50 });
    await until(() => listener.incoming.length === 50 && listener.gaps.closed === 110);
    t.ok(listener.counters(0).get('received') > 0 && listener.counters(1).get('received') > 0, 'both bindings read');
  });

  t.test(`${engine}: sequential serves one at a time, in order, and captures on arrival`, async (t) => {
    const rig = await start(t);
    const responder = { type: 'reply', template: true, text: '{{text}}', delay: 40 } as const;
    const listener = await rig.open({ sequential: true, responder, maxRequests: 3 });
    const peer = await client(t);
    const answers: { text: string; at: number }[] = [];
    peer.on('message', (text) => answers.push({ text: text.toString(), at: performance.now() }));
    const begun = performance.now();
    for (const text of ['a', 'b', 'c']) await send(peer, listener, text);
    await listener.flush();
    t.equal(listener.count('received'), 3, 'captured on arrival');
    await until(() => rig.events.some(({ event }) => event === 'exhausted') && answers.length === 3);
    t.same(
      answers.map(({ text }) => text),
      ['a', 'b', 'c'],
    );
    t.ok(answers[2]!.at - begun >= 118, 'one delay after the other');
  });

  t.test(`${engine}: a stalled journal bounds memory; nothing is lost uncounted`, async (t) => {
    const rig = await start(t, { credit: 20_000 });
    const listener = await rig.open();
    const peer = await client(t);
    rig.stalled = true;
    const payload = Buffer.alloc(1000, 1);
    for (let i = 0; i < 100; i++) {
      await send(peer, listener, payload);
      if (i % 5 === 0) await listener.flush();
    }
    await listener.flush();
    const kept = listener.incoming.length;
    t.ok(kept < 60, 'the journal is not flooded');
    if (dropsWithoutCredit) t.equal(listener.count('overload'), 100 - kept);
    rig.resume();
    await send(peer, listener, 'after');
    await until(() => listener.incoming.at(-1)?.text === 'after');
    await listener.flush();
    await until(() => listener.incoming.length + (listener.gaps.overload ?? 0) === 101);
    t.equal(listener.count('overload') + listener.incoming.length, 101);
  });

  t.test(`${engine}: replies that would start a storm are suppressed`, async (t) => {
    const rig = await start(t);
    const listener = await rig.open({ responder: { type: 'echo' } });
    const other = await rig.open({ responder: { type: 'echo' } });
    for (const { address } of [listener, other]) new Uint8Array(rig.ownPorts)[address.port] = 1;
    const { listener: number } = listener.spec;
    await listener.threads[0]!.call('sendFrom', {
      listener: number,
      order: { ...burst(other.address, 'ping', 1), id: 's_1' },
    });
    await until(() => other.count('repliesSuppressed') + listener.count('repliesSuppressed') > 0);
    t.ok(other.count('sent') <= 200, 'two echoes do not feed each other');
    t.equal(listener.outgoing[0]?.extras.sendId, 's_1');
  });

  t.test(`${engine}: replies that the system refuses are counted, each; told now and then; and no out`, async (t) => {
    const rig = await start(t);
    const responder = { type: 'reply', template: true, text: '{{text}}{{text}}' } as const;
    const listener = await rig.open({ responder });
    const peer = await client(t);
    for (let i = 1; i <= 60; i++) {
      await send(peer, listener, 'x'.repeat(40_000));
      await until(() => listener.count('repliesRefused') === i);
    }
    await listener.close();
    t.equal(listener.outgoing.length, 0);
    t.equal(listener.count('sent'), 0);
    const reported = rig.events.flatMap((event) => (event.event === 'problem' ? [event.error] : []));
    t.ok(reported.length < 20, `${reported.length} times`);
    const sum = reported.reduce(
      (total, { message }) => total + Number(/^(\d+) replies were not sent/.exec(message)![1]),
      0,
    );
    t.equal(sum, 60);
    t.ok(reported.every(({ code }) => code === 'EMSGSIZE'));
  });

  t.test(`${engine}: outsiders get EADDRINUSE, and so do we`, kernelOnly, async (t) => {
    const rig = await start(t, { size: 2 });
    const stranger = await client(t);
    const { port } = stranger.address();
    await t.rejects(rig.open({ port }), { code: 'EADDRINUSE' });
    await t.rejects(rig.open({ port, bindings: 2 }), { code: 'EADDRINUSE' });
    await t.rejects(rig.open({ host: '203.0.113.77' }), { code: 'EADDRNOTAVAIL' });
    const ours = await rig.open();
    await t.rejects(client(t, '127.0.0.1', ours.address.port), { code: 'EADDRINUSE' });
    await ours.close();
    await client(t, '127.0.0.1', ours.address.port);
  });

  t.test(`${engine}: IPv6, dual stack and not`, kernelOnly, async (t) => {
    const rig = await start(t);
    const dual = await rig.open({ host: '::', responder: { type: 'echo' } });
    t.equal(await ask(await client(t), dual, 'four'), 'four');
    t.equal(await ask(await client(t, '::1'), dual, 'six', '::1'), 'six');
    await until(() => dual.messages.length === 4);
    t.same(
      dual.incoming.map(({ remote }) => remote?.host),
      ['127.0.0.1', '::1'],
    );
    const only = await rig.open({ host: '::', udp: { receiveBuffer: 65_536, ipv6Only: true } });
    await client(t, '0.0.0.0', only.address.port);
  });

  t.test(`${engine}: close counts what is still queued and waits for answers when told to`, async (t) => {
    const rig = await start(t);
    const listener = await rig.open({ responder: { type: 'reply', text: 'late', delay: 500 } });
    const peer = await client(t);
    const answer = once(peer, 'message');
    await send(peer, listener, 'question');
    await listener.flush();
    const closing = listener.close('fin', 2_000);
    // The thread hears of it by another way than the network; it waits for the answer much longer than that takes.
    await lasting(100);
    await send(peer, listener, 'too late');
    await closing;
    t.equal(String((await answer)[0]), 'late');
    await until(() => listener.messages.length === 2 && listener.gaps.closed === 1);
    t.match(counts(listener), { received: 2, closed: 1, sent: 1 });
  });

  t.test(`${engine}: a thread dies under traffic; its replacement binds the same port`, threadsOnly, async (t) => {
    const rig = await start(t, { size: 2 });
    const listener = await rig.open({ responder: { type: 'echo' } });
    const neighbour = await rig.open({ bindings: 1 });
    const peer = await client(t);
    t.equal(await ask(peer, listener, 'before'), 'before');
    await listener.flush();
    await rig.pool.threads[0]!.kill();
    t.equal(rig.deaths.length, 1);
    t.same(
      rig.deaths[0]!.bindings.map(({ spec }) => [spec.listener, spec.port]).sort(),
      [listener, neighbour].map(({ spec, address }) => [spec.listener, address.port]).sort(),
    );
    await until(() => rig.replaced.length === 1);
    for (const { spec, counters, attachment } of rig.replaced[0]!.bindings) {
      await rig.pool.threads[0]!.call('open', { spec: { ...spec, incarnation: 1 }, counters, attachment });
    }
    t.equal(await ask(peer, listener, 'after'), 'after');
    await until(() => listener.messages.length === 4);
    t.same(
      listener.messages.map(({ origin }) => origin.incarnation),
      [0, 0, 1, 1],
    );
    t.equal(rig.pool.threads[0]!.restarts, 1);
  });

  t.test(
    `${engine}: what a thread had handed over before it died is all there, and no more is claimed`,
    threadsOnly,
    async (t) => {
      const rig = await start(t);
      const listener = await rig.open();
      const peer = await client(t);
      let sending = true;
      const flood = (async () => {
        for (let i = 0; sending; i++) {
          while (sending && i - listener.count('received') >= UNREAD)
            await new Promise((resolve) => setImmediate(resolve));
          await send(peer, listener, `${i}`);
        }
      })();
      await until(() => listener.count('received') > 500);
      await rig.pool.threads[0]!.kill();
      sending = false;
      await flood;
      await until(() => listener.incoming.length >= listener.count('handed'));
      const handed = listener.incoming.length;
      const lost = listener.count('received') - listener.count('overload') - handed;
      t.ok(handed > 0 && lost >= 0, `${handed} handed over, ${lost} lost`);
      const numbers = listener.incoming.map(({ text }) => Number(text));
      t.same(
        numbers,
        Array.from({ length: handed }, (_, i) => numbers[0]! + i),
        'without a hole up to the death',
      );
    },
  );

  t.test(`${engine}: a burst from the listener does not outrun a stalled journal`, async (t) => {
    const rig = await start(t, { credit: 20_000 });
    const listener = await rig.open();
    const peer = await client(t);
    let got = 0;
    peer.on('message', () => got++);
    rig.stalled = true;
    const to = { host: '127.0.0.1', port: peer.address().port };
    const order = burst(to, 'y'.repeat(1_000), 200);
    const outcome = listener.threads[0]!.call('sendFrom', { listener: listener.spec.listener, order });
    await until(() => got > 5);
    await listener.flush();
    t.ok(listener.outgoing.length < 120, 'it waits for the journal');
    rig.resume();
    t.match(await outcome, { state: 'done', sent: 200 });
    await listener.flush();
    await until(() => listener.outgoing.length === 200);
  });
}

function burst(to: { host: string; port: number }, text: string, count: number): UdpOrder {
  return {
    id: 's_burst',
    protocol: 'udp',
    to,
    local: null,
    parts: [{ payload: Buffer.from(text), template: false }],
    count,
    interval: 0,
    duration: null,
    expectReply: null,
  };
}

function counts(listener: Opened): Record<string, number> {
  const names = ['received', 'receivedBytes', 'requests', 'sent', 'sentBytes', 'denied', 'paused', 'closed', 'handed'];
  return Object.fromEntries(names.map((name) => [name, listener.count(name as 'received')]));
}

function cidr(address: string, prefix: number): Cidr {
  return { bytes: addressBytes(address), prefix: prefix + 96 };
}

/** A socket of the kernel's. */
export async function loopbackPeer(t: Test, host = '127.0.0.1', port = 0): Promise<Socket> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.bind(port, host);
  await once(socket, 'listening');
  t.teardown(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  return socket;
}

export async function send(
  from: DatagramPeer,
  to: Opened,
  payload: string | Buffer,
  host = '127.0.0.1',
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    from.send(payload, to.address.port, host, (error) => (error ? reject(error) : resolve()));
  });
}

export async function ask(from: DatagramPeer, to: Opened, payload: string, host = '127.0.0.1'): Promise<string> {
  const answer = once(from, 'message', { signal: AbortSignal.timeout(5_000) });
  await send(from, to, payload, host);
  return String((await answer)[0]);
}
