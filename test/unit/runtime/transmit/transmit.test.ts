import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { Protocol, SendOrder, TcpSendOptions, UdpOrder } from '../../../../src/workers/protocol.ts';
import { Rig, until } from '../../workers/rig.ts';

t.setTimeout(120_000);

const HOUR = 3_600_000;

let orders = 0;
type Wanted = Partial<Omit<UdpOrder, 'protocol'>> & { text?: string; template?: boolean };
type WantedOrder = Wanted & { protocol?: Protocol; tcp?: Partial<TcpSendOptions> };

function order({ protocol = 'udp', tcp, ...wanted }: WantedOrder): SendOrder {
  const plain: TcpSendOptions = { framing: { type: 'none' }, halfClose: false, connections: 1 };
  return protocol === 'udp' ? datagramOrder(wanted) : { ...datagramOrder(wanted), protocol, tcp: { ...plain, ...tcp } };
}

function datagramOrder({ text = 'ping', template = false, ...rest }: Wanted): UdpOrder {
  return {
    id: `s_${++orders}`,
    protocol: 'udp',
    to: { host: '127.0.0.1', port: 9 },
    local: null,
    parts: [{ payload: Buffer.from(text), template }],
    count: 1,
    interval: 0,
    duration: null,
    expectReply: null,
    ...rest,
  };
}

/** A UDP peer that collects, and answers what `answer` says. */
async function datagramPeer(t: Test, answer: (text: string) => string[] = () => []) {
  const socket = createSocket('udp4');
  const got: string[] = [];
  socket.on('message', (bytes, from) => {
    got.push(bytes.toString());
    for (const text of answer(bytes.toString())) socket.send(text, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.teardown(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  return { got, to: { host: '127.0.0.1', port: socket.address().port } };
}

/** A TCP peer; `serve` speaks. */
async function streamPeer(t: Test, serve: (socket: Socket) => void = () => {}) {
  const got: string[] = [];
  let ends = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const at = got.push('') - 1;
    serve(socket);
    socket.on('data', (bytes) => {
      got[at] += bytes.toString('latin1');
    });
    socket.on('end', () => {
      ends++;
      socket.end();
    });
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return { got, ends: () => ends, to: { host: '127.0.0.1', port: (server.address() as { port: number }).port } };
}

const start = async (t: Test) => {
  const rig = await Rig.start(t);
  const thread = rig.pool.threads[0]!;
  return { rig, thread, send: (wanted: Parameters<typeof order>[0]) => thread.call('send', order(wanted)) };
};
const texts = (replies: { payload: Uint8Array }[]) => replies.map(({ payload }) => Buffer.from(payload).toString());

t.test('UDP: one datagram from a throw-away socket', async (t) => {
  const { send } = await start(t);
  const peer = await datagramPeer(t);
  const outcome = await send({ to: peer.to });
  t.match(outcome, { state: 'done', sent: 1, bytes: 4, errors: 0, replies: [], error: null });
  t.equal(outcome.local!.host, '127.0.0.1');
  t.ok(outcome.local!.port > 0);
  await until(() => peer.got.length === 1);
});

t.test('UDP: replies are awaited, as many as asked for', async (t) => {
  const { send } = await start(t);
  const peer = await datagramPeer(t, (text) => [`${text} one`, `${text} two`, `${text} three`]);
  const outcome = await send({ to: peer.to, expectReply: { count: 2, timeout: 2_000 } });
  t.equal(outcome.state, 'done');
  t.same(texts(outcome.replies), ['ping one', 'ping two']);
  t.same(outcome.replies[0]!.remote, peer.to);
  t.ok(Math.abs(outcome.replies[0]!.at / 1000 - Date.now()) < 60_000);
  const silent = await datagramPeer(t);
  const missed = await send({ to: silent.to, expectReply: { count: 1, timeout: 30 } });
  t.match(missed, { state: 'failed', sent: 1, error: { code: 'no_reply' } });
});

t.test('UDP: nobody there is a refused connection, with and without a reply expected', async (t) => {
  const { send } = await start(t);
  const gone = createSocket('udp4');
  gone.bind(0, '127.0.0.1');
  await once(gone, 'listening');
  const to = { host: '127.0.0.1', port: gone.address().port };
  await new Promise<void>((resolve) => gone.close(() => resolve()));
  t.match(await send({ to }), { state: 'failed', error: { code: 'connection_refused' } });
  // It would wait too long for this test.
  const expectReply = { count: 1, timeout: HOUR };
  t.match(await send({ to, expectReply }), { state: 'failed', error: { code: 'connection_refused' } });
});

t.test('UDP: what this machine refuses is told by its errno', async (t) => {
  const { send } = await start(t);
  const { to } = await datagramPeer(t);
  t.match(await send({ to, text: 'x'.repeat(65_508) }), { state: 'failed', sent: 0, error: { code: 'EMSGSIZE' } });
  t.match(await send({ to, local: { host: '203.0.113.77', port: 0 } }), {
    state: 'failed',
    error: { code: 'EADDRNOTAVAIL' },
  });
  const taken = { local: to, to };
  t.match(await send(taken), { state: 'failed', error: { code: 'EADDRINUSE' } });
});

t.test('UDP: a local address, templates, parts and pauses, repetitions on schedule', async (t) => {
  const { send } = await start(t);
  const peer = await datagramPeer(t);
  const from = await datagramPeer(t);
  t.not(from.to.port, peer.to.port);
  const parts = [
    { payload: Buffer.from('a{{n}} {{remote.port}} {{thread}}'), template: true },
    { delay: 10 },
    { payload: Buffer.from('{{n}}'), template: false },
  ];
  const begun = performance.now();
  const outcome = await send({ to: peer.to, parts, count: 3, interval: 40 });
  t.ok(performance.now() - begun >= 88, 'two intervals and the last pause');
  t.match(outcome, { state: 'done', sent: 6, errors: 0 });
  await until(() => peer.got.length === 6);
  const { port } = peer.to;
  t.same(peer.got, [`a1 ${port} shared-1`, '{{n}}', `a2 ${port} shared-1`, '{{n}}', `a3 ${port} shared-1`, '{{n}}']);
});

t.test('UDP: a template in hex; one that can not be filled in is an error, and nothing leaves', async (t) => {
  const { send } = await start(t);
  const peer = await datagramPeer(t);
  const part = (source: string) => ({ payload: Buffer.from(source), template: true, form: 'hex' as const });
  t.match(await send({ to: peer.to, parts: [part('3a {{u8 add n 48}}')], count: 2 }), { state: 'done', sent: 2 });
  await until(() => peer.got.length === 2);
  t.same(peer.got, [':1', ':2']);
  const outcome = await send({ to: peer.to, parts: [part('{{bytes 0 1}}')] });
  t.match(outcome, { state: 'failed', sent: 0, errors: 1, error: { code: 'template_error', message: /bytes/ } });
});

t.test('UDP: a burst reports its progress, ends by duration', async (t) => {
  const { rig, send } = await start(t);
  const peer = await datagramPeer(t);
  const outcome = await send({ to: peer.to, count: 1_000_000, interval: 0.5, duration: 500 });
  t.ok(outcome.sent > 0 && outcome.sent <= 1_000, `${outcome.sent} sent, two a millisecond at most`);
  t.equal(outcome.state, 'done');
  const progress = rig.events.flatMap((event) => (event.event === 'progress' ? [event] : []));
  t.ok(progress.length >= 1 && progress[0]!.progress > 0.2);
});

t.test('a transmission under way can be called off', async (t) => {
  const { thread } = await start(t);
  const peer = await datagramPeer(t);
  const long = order({ to: peer.to, count: 1_000, interval: 20 });
  const outcome = thread.call('send', long);
  await until(() => peer.got.length > 2);
  t.equal(await thread.call('cancelSend', { id: long.id }), true);
  t.match(await outcome, { state: 'cancelled', error: null });
  t.equal(await thread.call('cancelSend', { id: long.id }), false);
  const stream = await streamPeer(t);
  const waiting = order({ protocol: 'tcp', to: stream.to, expectReply: { count: 1, timeout: 30_000 } });
  const other = thread.call('send', waiting);
  await until(() => stream.got[0] === 'ping');
  await thread.call('cancelSend', { id: waiting.id });
  t.match(await other, { state: 'cancelled' });
});

t.test('UDP from a listener: its own socket, recorded, and the reply is captured there too', async (t) => {
  const { rig, thread } = await start(t);
  const listener = await rig.open();
  const peer = await datagramPeer(t, () => ['pong']);
  const expectReply = { count: 1, timeout: 2_000 };
  const sending = datagramOrder({ to: peer.to, expectReply });
  const { listener: number } = listener.spec;
  const outcome = await thread.call('sendFrom', { listener: number, order: sending, inReplyTo: 7 });
  t.match(outcome, { state: 'done', sent: 1, local: listener.address });
  t.same(texts(outcome.replies), ['pong']);
  await listener.flush();
  await until(() => listener.messages.length === 2);
  t.match(listener.outgoing[0], { text: 'ping', extras: { sendId: sending.id }, reference: 7, remote: peer.to });
  t.equal(listener.incoming[0]!.text, 'pong');
  t.equal(listener.count('sent'), 1);
  await t.rejects(thread.call('sendFrom', { listener: 1, order: sending }), { code: 'not_listening' });
});

t.test('TCP: sends, and ends with a FIN once all has left', async (t) => {
  const { send } = await start(t);
  const peer = await streamPeer(t);
  const text = 'y'.repeat(3_000_000);
  const outcome = await send({ protocol: 'tcp', to: peer.to, text });
  t.match(outcome, { state: 'done', sent: 1, bytes: 3_000_000, errors: 0, error: null });
  t.ok(outcome.local!.port > 0);
  await until(() => peer.ends() === 1);
  t.equal(peer.got[0], text);
});

t.test('TCP: replies are frames; a peer that closes too early is told from one that is silent', async (t) => {
  const { send } = await start(t);
  const lines = { framing: { type: 'line' as const }, halfClose: false, connections: 1 };
  const chatty = await streamPeer(t, (socket) => socket.once('data', () => socket.write('250 one\r\n250 two\r\n')));
  const expectReply = { count: 2, timeout: 2_000 };
  const outcome = await send({ protocol: 'tcp', to: chatty.to, tcp: lines, expectReply });
  t.equal(outcome.state, 'done');
  t.same(texts(outcome.replies), ['250 one', '250 two']);

  const curt = await streamPeer(t, (socket) => socket.once('data', () => socket.end('bye')));
  const short = await send({ protocol: 'tcp', to: curt.to, tcp: lines, expectReply: { count: 2, timeout: HOUR } });
  t.match(short, { state: 'failed', error: { code: 'no_reply', message: /closed/ } });
  t.same(texts(short.replies), ['bye']);

  const rude = await streamPeer(t, (socket) => socket.once('data', () => socket.resetAndDestroy()));
  const reset = await send({ protocol: 'tcp', to: rude.to, expectReply });
  t.match(reset, { state: 'failed', error: { code: 'connection_reset' } });

  const silent = await streamPeer(t);
  const missed = await send({ protocol: 'tcp', to: silent.to, expectReply: { count: 1, timeout: 30 } });
  t.match(missed, { state: 'failed', error: { code: 'no_reply', message: /in time/ } });
});

t.test('TCP: a half-closed send reads what comes until the peer closes', async (t) => {
  const { send } = await start(t);
  const summing = await streamPeer(t, (socket) => socket.once('end', () => socket.end('sum')));
  const tcp = { framing: { type: 'none' as const }, halfClose: true, connections: 1 };
  const outcome = await send({ protocol: 'tcp', to: summing.to, tcp });
  t.equal(outcome.state, 'done');
  t.same(texts(outcome.replies), ['sum']);
});

t.test('TCP: nobody there is a refused connection; a burst spreads over its connections', async (t) => {
  const { send } = await start(t);
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port } = gone.address() as { port: number };
  await new Promise<void>((resolve) => gone.close(() => resolve()));
  const refused = await send({ protocol: 'tcp', to: { host: '127.0.0.1', port } });
  t.match(refused, { state: 'failed', sent: 0, local: null, error: { code: 'connection_refused' } });

  const peer = await streamPeer(t);
  const tcp = { framing: { type: 'none' as const }, halfClose: false, connections: 3 };
  const outcome = await send({ protocol: 'tcp', to: peer.to, tcp, count: 9, text: '{{n}}', template: true });
  t.match(outcome, { state: 'done', sent: 9 });
  await until(() => peer.ends() === 3);
  t.same([...peer.got].sort(), ['147', '258', '369']);
});

t.test('TCP: a connection that breaks in the middle ends the burst', async (t) => {
  const { send } = await start(t);
  const rude = await streamPeer(t, (socket) => socket.once('data', () => socket.resetAndDestroy()));
  const outcome = await send({ protocol: 'tcp', to: rude.to, count: 1_000, interval: 5 });
  t.ok(outcome.sent < 100, `${outcome.sent} sent`);
  t.ok(outcome.errors >= 1);
  t.match(outcome.error, { code: 'connection_reset' });
  t.equal(outcome.state, 'failed');
});

t.test('TCP: a connection attempt can be called off', async (t) => {
  const { rig, thread } = await start(t);
  const { to } = await streamPeer(t);
  const tcp = { framing: { type: 'none' as const }, halfClose: false, connections: 1_000 };
  const many = order({ protocol: 'tcp', to, tcp });
  const outcome = thread.call('send', many);
  t.equal(await thread.call('cancelSend', { id: many.id }), true);
  t.match(await outcome, { state: 'cancelled', sent: 0 });
  t.same(rig.deaths, []);
});
