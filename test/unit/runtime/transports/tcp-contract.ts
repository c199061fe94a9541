/** What every stream transport must do, whatever carries the streams. Run for node:net, and for a fake. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import t, { type Test } from 'tap';
import { addressBytes } from '../../../../src/net/address.ts';
import type { Endpoint } from '../../../../src/net/endpoint.ts';
import { type Opened, Rig, type RigOptions, until, type Wanted } from '../../workers/rig.ts';

/** A peer that sends, receives and closes. */
export interface StreamPeer extends Duplex {
  readonly localPort?: number | undefined;
}
/** Connects. Rejects with `ECONNREFUSED`. */
export type StreamConnector = (to: Endpoint, from?: string) => Promise<StreamPeer>;

export type StreamEngine = {
  /** As the binding reports it. */
  engine: string;
  rig?: Pick<RigOptions, 'transports'>;
  /** Over loopback by default. */
  connectPeer?: StreamConnector;
  /** Why promises that only a kernel or a thread can keep are left out. */
  skip?: { kernel?: string; threads?: string };
};

export function tcpContract({ engine, rig: base = {}, connectPeer = loopbackPeer, skip = {} }: StreamEngine): void {
  const kernelOnly = { skip: skip.kernel ?? false };
  const threadsOnly = { skip: skip.threads ?? false };
  const open = async (t: Test, wanted: Wanted = {}, options: RigOptions = {}) =>
    (await Rig.start(t, { ...base, ...options })).open({ ...wanted, protocol: 'tcp' });
  const openClient = async (t: Test, to: Opened, host = '127.0.0.1', from?: string) =>
    collecting(t, await connectPeer({ host, port: to.address.port }, from));

  t.test(`${engine}: a conversation is captured: opened, in, out with reference, closed`, async (t) => {
    const listener = await open(t, { responder: { type: 'echo' } });
    t.same(listener.engines, [engine]);
    const peer = await openClient(t, listener);
    t.equal(await ask(peer, 'hello'), 'hello');
    peer.socket.end();
    await peer.closed;
    await until(() => listener.records.length === 4);
    const [opened, incoming, outgoing, closed] = listener.records;
    const remote = { host: '127.0.0.1', port: opened!.remote!.port };
    t.match(opened, { kind: 'connection', direction: 0, connection: 1, remote });
    t.match(incoming, { kind: 'message', direction: 0, text: 'hello', connection: 1, ordinal: 0, remote });
    t.match(outgoing, {
      kind: 'message',
      direction: 1,
      text: 'hello',
      connection: 1,
      ordinal: 1,
      reference: 0,
      remote,
    });
    t.match(closed, { kind: 'connection', direction: 1, connection: 1 });
    t.equal(listener.count('received'), 1);
    t.equal(listener.count('connectionsTotal'), 1);
    t.equal(listener.count('connectionsOpen'), 0);
    t.equal(listener.count('handed'), 1);
  });

  t.test(`${engine}: lines are messages; echo and upper give the line end back`, async (t) => {
    const listener = await open(t, { responder: { type: 'upper' }, tcp: { framing: { type: 'line' } } });
    const peer = await openClient(t, listener);
    peer.socket.write('one\ntwo\r\n');
    peer.socket.write('rest');
    peer.socket.end();
    await peer.closed;
    t.equal(peer.got(), 'ONE\nTWO\r\nREST');
    await until(() => listener.incoming.length === 3);
    t.same(
      listener.incoming.map(({ text }) => text),
      ['one', 'two', 'rest'],
    );
  });

  t.test(
    `${engine}: answers that are due still go out after the FIN of the peer, in order; then ours follows`,
    async (t) => {
      const responder = { type: 'reply', template: true, text: '<{{text}}>', delay: 30 } as const;
      const listener = await open(t, { responder, tcp: { framing: { type: 'line' } } });
      const peer = await openClient(t, listener);
      peer.socket.end('a\nb\nc\n');
      await peer.closed;
      t.equal(peer.got(), '<a>\n<b>\n<c>\n');
      t.equal(peer.error(), '');
      await until(() => listener.outgoing.length === 3);
      t.same(
        listener.outgoing.map(({ reference }) => listener.incoming.find(({ ordinal }) => ordinal === reference)?.text),
        ['a', 'b', 'c'],
      );
    },
  );

  t.test(`${engine}: two threads share the port; each says its name`, async (t) => {
    const responder = { type: 'reply', template: true, text: '{{thread}} {{connection}} {{n}}: {{text}}' } as const;
    const listener = await open(t, { bindings: 2, responder }, { size: 2 });
    const seen = new Set<string>();
    const numbers = new Set<string>();
    for (let i = 1; i <= 40; i++) {
      const peer = await openClient(t, listener);
      const [thread, connection, n] = (await ask(peer, 'x')).split(/[ :]/);
      seen.add(thread!);
      numbers.add(`${connection} ${n}`);
      peer.socket.end();
    }
    t.same([...seen].sort(), ['shared-1', 'shared-2']);
    t.equal(numbers.size, 40, 'connections and requests are numbered over both threads');
    t.ok(numbers.has('c_1 1'));
  });

  t.test(
    `${engine}: at most maxConnections at a time over all threads; the rest is turned away and counted`,
    async (t) => {
      const listener = await open(
        t,
        { bindings: 2, responder: { type: 'echo' }, tcp: { maxConnections: 3 } },
        { size: 2 },
      );
      const peers: Peer[] = [];
      for (let i = 0; i < 8; i++) peers.push(await openClient(t, listener));
      await until(() => listener.count('connectionsOpen') + listener.count('connectionsRefused') === 8);
      t.equal(listener.count('connectionsOpen'), 3);
      t.equal(listener.count('connectionsRefused'), 5);
      await until(() => peers.filter((peer) => peer.ended() || peer.error() !== '').length === 5);
      const served = peers.filter((peer) => !peer.ended() && peer.error() === '');
      t.equal(served.length, 3);
      served[0]!.socket.end();
      await until(() => listener.count('connectionsOpen') === 2);
      t.equal(await ask(await openClient(t, listener), 'room again'), 'room again');
    },
  );

  t.test(`${engine}: sequential: the next connection is served when the one before has closed`, async (t) => {
    const listener = await open(t, { sequential: true, responder: { type: 'echo' } });
    const first = await openClient(t, listener);
    const second = await openClient(t, listener);
    second.socket.write('second');
    t.equal(await ask(first, 'first'), 'first');
    await listener.flush();
    t.equal(second.got(), '', 'it waits');
    t.equal(listener.count('connectionsTotal'), 1);
    first.socket.end();
    await until(() => second.got() === 'second');
    await until(() => listener.messages.length === 4);
    t.same(
      listener.incoming.map(({ text, connection }) => [text, connection]),
      [
        ['first', 1],
        ['second', 2],
      ],
    );
  });

  t.test(`${engine}: maxRequests counts connections, and the last one is served to its end`, async (t) => {
    const listener = await open(t, { maxRequests: 2, responder: { type: 'echo' } });
    const { events } = listener.rig;
    const first = await openClient(t, listener);
    const second = await openClient(t, listener);
    const third = await openClient(t, listener);
    await until(() => third.ended() || third.error() !== '', 'the third is turned away');
    second.socket.end();
    await second.closed;
    await listener.flush();
    t.same(
      events.filter(({ event }) => event === 'exhausted'),
      [],
      'the first is still being served',
    );
    t.equal(await ask(first, 'still here'), 'still here');
    first.socket.end();
    await until(() => events.some(({ event }) => event === 'exhausted'));
    t.equal(listener.count('requests'), 2);
  });

  t.test(`${engine}: paused, nothing is accepted or read; afterwards everything is`, async (t) => {
    const listener = await open(t, { responder: { type: 'echo' } });
    const early = await openClient(t, listener);
    t.equal(await ask(early, 'a'), 'a');
    await listener.update({ paused: true });
    early.socket.write('b');
    const late = await openClient(t, listener);
    late.socket.write('c');
    await listener.flush();
    t.equal(listener.count('received'), 1);
    t.equal(listener.count('connectionsTotal'), 1);
    await listener.update({ paused: false });
    await until(() => early.got() === 'ab' && late.got() === 'c');
  });

  t.test(`${engine}: deny turns a peer away before a word is read`, async (t) => {
    const deny = [{ bytes: addressBytes('127.0.0.9'), prefix: 128 }];
    const listener = await open(t, { host: '0.0.0.0', deny, responder: { type: 'echo' } });
    const bad = await openClient(t, listener, '127.0.0.1', '127.0.0.9');
    await until(() => bad.ended() || bad.error() !== '');
    t.equal(await ask(await openClient(t, listener), 'good'), 'good');
    t.equal(listener.count('denied'), 1);
    t.equal(listener.count('received'), 2);
    t.equal(listener.count('connectionsTotal'), 1);
  });

  t.test(`${engine}: a silent connection is closed after the idle time-out`, async (t) => {
    const listener = await open(t, { tcp: { idleTimeout: 60 } });
    const peer = await openClient(t, listener);
    peer.socket.on('end', () => peer.socket.end());
    await peer.closed;
    t.equal(peer.error(), '');
    await until(() => listener.records.at(-1)?.kind === 'connection' && listener.records.length === 2);
  });

  t.test(`${engine}: a stalled journal stops the reading, not the memory; nothing is lost`, async (t) => {
    const listener = await open(t, {}, { credit: 100_000 });
    const { rig } = listener;
    rig.stalled = true;
    const peer = await openClient(t, listener);
    const total = 64 * 1024 * 1024;
    const sent = new Promise<void>((resolve) => peer.socket.end(Buffer.alloc(total, 'x'), () => resolve()));
    const kept = () => listener.incoming.reduce((sum, { size }) => sum + size, 0);
    await until(() => kept() > 99_000);
    await listener.flush();
    t.ok(kept() < 1_000_000, `${kept()} bytes were taken without credit`);
    rig.resume();
    await sent;
    await until(() => kept() === total, 'all of it', 20_000);
    t.equal(listener.count('receivedBytes'), total);
    t.same(listener.gaps, {});
  });

  t.test(`${engine}: a peer that does not read its answers is not read either`, async (t) => {
    const listener = await open(t, { responder: { type: 'echo' } });
    const socket = await connectPeer(listener.address);
    t.teardown(() => socket.destroy());
    socket.pause();
    let offered = 0;
    const block = Buffer.alloc(1 << 20, 'y');
    while (offered < 64 << 20 && socket.write(block)) offered += block.length;
    socket.write(block);
    await listener.flush();
    const [connection] = await listener.threads[0]!.call('connections', { listener: listener.spec.listener });
    t.ok(connection!.bytesIn < 40 << 20);
    let got = 0;
    socket.on('data', (bytes) => {
      got += bytes.length;
    });
    socket.resume();
    await until(() => got === offered + block.length || got >= block.length, 'answers flow again', 20_000);
  });

  t.test(`${engine}: connections are listed, written to, held, half-closed and closed from outside`, async (t) => {
    const listener = await open(t, { responder: { type: 'echo' } });
    const [thread] = listener.threads;
    const { listener: number } = listener.spec;
    const peer = await openClient(t, listener);
    t.equal(await ask(peer, 'hi'), 'hi');
    const list = async () => (await thread!.call('connections', { listener: number }))[0];
    const remote = { host: '127.0.0.1', port: peer.socket.localPort };
    t.match(await list(), { connection: 1, remote, bytesIn: 2, bytesOut: 2, state: 'open', reading: true });

    const payload = Buffer.from('unasked');
    t.equal(await thread!.call('connectionSend', { listener: number, connection: 1, payload, sendId: 's_7' }), 7);
    t.equal(await thread!.call('connectionSend', { listener: number, connection: 9, payload }), null);
    await until(() => peer.got() === 'hiunasked');
    await until(() => listener.outgoing.length === 2);
    t.match(listener.outgoing[1], { text: 'unasked', extras: { sendId: 's_7' }, reference: undefined });

    t.match(await thread!.call('connectionUpdate', { listener: number, connection: 1, reading: false }), {
      reading: false,
    });
    peer.socket.write('held');
    await listener.flush();
    t.match(await list(), { reading: false, bytesIn: 2 });
    await thread!.call('connectionUpdate', { listener: number, connection: 1, reading: true });
    await until(() => peer.got() === 'hiunaskedheld');

    await thread!.call('connectionUpdate', { listener: number, connection: 1, writing: false });
    await until(() => peer.ended());
    t.match(await list(), { state: 'halfClosed' });
    peer.socket.write('still read');
    await until(() => listener.incoming.some(({ text }) => text === 'still read'));

    const other = await openClient(t, listener);
    await until(() => listener.count('connectionsOpen') === 2);
    t.equal(await thread!.call('connectionClose', { listener: number, connection: 2, mode: 'rst' }), true);
    await until(() => other.error() === 'ECONNRESET');
    t.equal(await thread!.call('connectionClose', { listener: number, connection: 99, mode: 'fin' }), false);
  });

  t.test(`${engine}: close by FIN lets queued answers out, by RST it does not wait`, async (t) => {
    const responder = { type: 'reply', text: 'late', delay: 50 } as const;
    const gently = await open(t, { responder });
    const peer = await openClient(t, gently);
    peer.socket.on('end', () => peer.socket.end());
    peer.socket.write('question');
    await until(() => gently.count('received') === 1);
    await gently.close('fin', 2_000);
    await peer.closed;
    t.equal(peer.got(), 'late');
    t.equal(peer.error(), '');
    t.equal(gently.count('connectionsOpen'), 0);

    const hard = await open(t, { responder: { type: 'echo' } });
    const victim = await openClient(t, hard);
    t.equal(await ask(victim, 'x'), 'x');
    await hard.close('rst');
    await victim.closed;
    t.equal(victim.error(), 'ECONNRESET');
    await t.rejects(openClient(t, hard), { code: 'ECONNREFUSED' });
  });

  t.test(`${engine}: a peer that keeps its side open does not hold up a close`, async (t) => {
    const listener = await open(t);
    const peer = await openClient(t, listener);
    await until(() => listener.count('connectionsOpen') === 1);
    await listener.close('fin');
    t.ok(peer.ended());
  });

  t.test(`${engine}: a port that strangers hold is refused, shared or not`, kernelOnly, async (t) => {
    const stranger = createServer();
    stranger.listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    t.teardown(() => stranger.close());
    const { port } = stranger.address() as { port: number };
    await t.rejects(open(t, { port }), { code: 'EADDRINUSE' });
    await t.rejects(open(t, { port, bindings: 2 }, { size: 2 }), { code: 'EADDRINUSE' });
    await t.rejects(open(t, { host: '203.0.113.77' }), { code: 'EADDRNOTAVAIL' });
  });

  t.test(
    `${engine}: a thread dies: its connections end, its replacement listens on the same port`,
    threadsOnly,
    async (t) => {
      const listener = await open(t, { responder: { type: 'echo' } });
      const { rig } = listener;
      const peer = await openClient(t, listener);
      t.equal(await ask(peer, 'before'), 'before');
      await listener.flush();
      await rig.pool.threads[0]!.kill();
      await until(() => peer.ended() || peer.error() !== '');
      await until(() => rig.replaced.length === 1);
      const [{ spec, counters, attachment }] = rig.replaced[0]!.bindings as [(typeof rig.replaced)[0]['bindings'][0]];
      listener.counters().inherit(null);
      t.equal(listener.count('connectionsOpen'), 0);
      await rig.pool.threads[0]!.call('open', { spec: { ...spec, incarnation: 1 }, counters, attachment });
      t.equal(await ask(await openClient(t, listener), 'after'), 'after');
      await until(() => listener.messages.length === 4);
      t.equal(listener.count('connectionsTotal'), 2);
      t.equal(listener.messages[2]!.connection, 2);
    },
  );

  t.test(`${engine}: a changed responder serves connections that are open`, async (t) => {
    const listener = await open(t, { responder: { type: 'reply', text: 'once', times: 1 } });
    const peer = await openClient(t, listener);
    t.equal(await ask(peer, 'q'), 'once');
    await listener.update({ responder: { type: 'reply', text: 'once', times: 1 }, maxPayload: 3 });
    peer.socket.write('no answer');
    await listener.flush();
    t.equal(peer.got(), 'once', 'the same responder goes on counting');
    await listener.update({ responder: { type: 'reply', text: 'again', times: 1 } });
    t.equal(await ask(peer, 'q'), 'again', 'another one starts afresh');
    await until(() => listener.incoming.length === 3);
    t.match(listener.incoming[1], { text: 'no ', size: 9, truncated: true });
  });

  t.test(`${engine}: what waits for a peer that does not read is bounded`, async (t) => {
    const listener = await open(t);
    const peer = await openClient(t, listener);
    peer.socket.pause();
    await until(() => listener.count('connectionsOpen') === 1);
    const request = { listener: listener.spec.listener, connection: 1, payload: Buffer.alloc(1 << 20) };
    const offer = async () => {
      for (let i = 0; i < 64; i++) await listener.threads[0]!.call('connectionSend', request);
    };
    await t.rejects(offer(), { code: 'limit_reached', message: /does not read/ });
    await listener.threads[0]!.call('connectionUpdate', { ...request, writing: false });
    await t.rejects(offer(), { code: 'not_listening' });
    await listener.close('rst');
  });
}

/** A client that collects what it gets. */
type Peer = { socket: StreamPeer; got: () => string; ended: () => boolean; closed: Promise<void>; error: () => string };

function collecting(t: Test, socket: StreamPeer): Peer {
  t.teardown(() => socket.destroy());
  let got = '';
  let ended = false;
  let error = '';
  socket.on('data', (bytes) => {
    got += bytes.toString('latin1');
  });
  socket.on('end', () => {
    ended = true;
  });
  socket.on('error', (cause: NodeJS.ErrnoException) => {
    error = cause.code ?? '';
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { socket, got: () => got, ended: () => ended, closed, error: () => error };
}

async function ask(peer: Peer, text: string): Promise<string> {
  const before = peer.got().length;
  peer.socket.write(text);
  await until(() => peer.got().length > before, `an answer to ${text}`);
  return peer.got().slice(before);
}

/** A socket of the kernel's. */
async function loopbackPeer({ host, port }: Endpoint, from?: string): Promise<StreamPeer> {
  const options = { port, host, allowHalfOpen: true };
  const socket = connect(from === undefined ? options : { ...options, localAddress: from });
  await once(socket, 'connect');
  return socket;
}
