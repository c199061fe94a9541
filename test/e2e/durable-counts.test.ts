import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t, { type Test } from 'tap';
import { type Service, startProcess } from '../support/process.ts';
import { betweenLooks } from '../support/waiting.ts';

t.setTimeout(180_000);

type Stats = Record<string, number> & { dropped: Record<string, number | null> };

function directory(t: Test): string {
  const made = mkdtempSync(join(tmpdir(), 'listenpost-'));
  t.teardown(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

async function send(port: number, count: number, text = 'datagram'): Promise<void> {
  const socket = createSocket('udp4');
  const sent = Array.from({ length: count }, () => new Promise((done) => socket.send(text, port, '127.0.0.1', done)));
  await Promise.all(sent);
  socket.close();
}

/** Sends one datagram and answers what comes back. */
async function ask(port: number): Promise<string> {
  const socket = createSocket('udp4');
  const answer = once(socket, 'message');
  socket.send('?', port, '127.0.0.1');
  const [text] = await answer;
  socket.close();
  return `${text}`;
}

async function talk(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.end('hello\n');
  socket.resume();
  await once(socket, 'close');
}

/** What came to the socket. */
function read(stats: Stats): number {
  return stats.received! + stats.dropped.kernel!;
}

function accounted({ captured, dropped }: Stats): number {
  return Object.values(dropped).reduce<number>((sum, count) => sum + (count ?? 0), captured!);
}

async function port(service: Service, name: string): Promise<number> {
  return (await service.get(`/v1/listeners/${name}`)).body.address.port;
}

async function stats(service: Service, name: string): Promise<Stats> {
  return (await service.get(`/v1/listeners/${name}`)).body.stats;
}

async function settled(service: Service, name: string, sent: number): Promise<void> {
  await service.until(`/v1/listeners/${name}`, ({ body }) => read(body.stats) >= sent);
}

/** Waits until the counts of a listener are stored as wanted. */
async function stored(data: string, id: string, wanted: (counts: never) => boolean): Promise<void> {
  const file = readdirSync(data).find((name) => name.endsWith('.db') || name.endsWith('.sqlite'))!;
  const db = new DatabaseSync(join(data, file), { readOnly: true });
  const look = db.prepare('SELECT state FROM listener');
  for (;;) {
    const states = look.all().map(({ state }) => JSON.parse(state as string));
    const { counts } = states.find(({ listener }) => listener.id === id);
    if (counts !== null && wanted(JSON.parse(counts) as never)) break;
    await betweenLooks(20);
  }
  db.close();
}

const SPECS = {
  small: { protocol: 'udp', udp: { receiveBuffer: '4KiB' }, responder: { type: 'echo' } },
  denying: { protocol: 'udp', deny: ['127.0.0.1'] },
  pausing: { protocol: 'udp', paused: true },
  full: { protocol: 'udp', capture: { maxMessages: 5, overflow: 'dropNewest' } },
  counting: { protocol: 'udp', capture: { maxMessages: 0 } },
  stream: { protocol: 'tcp', responder: { type: 'echo' }, tcp: { framing: { type: 'line' } } },
};
const DATAGRAMS = { small: 1000, denying: 7, pausing: 8, full: 20, counting: 9 };

async function traffic(service: Service): Promise<void> {
  for (const [name, spec] of Object.entries(SPECS)) await service.put(`/v1/listeners/${name}`, spec);
  for (const [name, count] of Object.entries(DATAGRAMS)) {
    await send(await port(service, name), count);
    await settled(service, name, count);
  }
  const tcp = await port(service, 'stream');
  for (let i = 0; i < 3; i++) await talk(tcp);
  await service.until('/v1/listeners/stream', ({ body }) => body.stats.connectionsOpen === 0);
}

t.test('an orderly end keeps every counter', async (t) => {
  const data = directory(t);
  const first = await startProcess(t, ['--data', data]);
  await traffic(first);
  const before = await Promise.all(Object.keys(SPECS).map((name) => stats(first, name)));
  t.match(before[1], { received: 7, captured: 0, dropped: { denied: 7 } });
  t.match(before[3], { received: 20, captured: 5, dropped: { full: 15 } });
  t.match(before[5], { connectionsTotal: 3, requests: 3, received: 3, sent: 3 });
  await first.stop();

  const second = await startProcess(t, ['--data', data]);
  const after = await Promise.all(Object.keys(SPECS).map((name) => stats(second, name)));
  t.same(after, before);
  for (const [name, count] of Object.entries(DATAGRAMS)) {
    await send(await port(second, name), count);
    await settled(second, name, 2 * count);
    const now = await stats(second, name);
    t.equal(accounted(now), 2 * count, `the law over both lives of ${name}`);
  }
});

t.test('the law holds after a kill', async (t) => {
  const data = directory(t);
  const first = await startProcess(t, ['--data', data]);
  await traffic(first);
  const before = await Promise.all(Object.keys(SPECS).map((name) => stats(first, name)));
  await first.stop('SIGKILL');

  const second = await startProcess(t, ['--data', data]);
  const after = await Promise.all(Object.keys(SPECS).map((name) => stats(second, name)));
  Object.keys(SPECS).forEach((name, i) => {
    const [was, is] = [before[i]!, after[i]!];
    t.equal(is.captured, was.captured, `${name}: captured`);
    t.equal(read(is), accounted(is), `${name}: what was read = captured + dropped`);
    for (const reason of ['kernel', 'paused', 'full', 'overload', 'closed', 'lost']) {
      t.equal(is.dropped[reason], was.dropped[reason], `${name}: what gap records told`);
    }
    t.ok(is.dropped.denied! <= was.dropped.denied!, `${name}: denied may be late`);
  });
  t.equal(after[0]!.sent, before[0]!.sent, 'answers are in the journal');
  t.match(after[4], { requests: 9, receivedBytes: 72 }, 'so is what was captured');
});

t.test('what only counters know is stored within a second', async (t) => {
  const data = directory(t);
  const first = await startProcess(t, ['--data', data]);
  const { body } = await first.put('/v1/listeners/denying', SPECS.denying);
  await send(body.address.port, 7);
  await settled(first, 'denying', 7);
  await stored(data, body.id, ({ sums }: { sums: { denied: number } }) => sums.denied === 7);
  await first.stop('SIGKILL');
  const second = await startProcess(t, ['--data', data]);
  t.match(await stats(second, 'denying'), { received: 7, receivedBytes: 56, dropped: { denied: 7 } });
});

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  t.test(`maxRequests, times and {{n}} go on after ${signal}`, async (t) => {
    const data = directory(t);
    const first = await startProcess(t, ['--data', data]);
    const responder = { type: 'reply', text: '{{n}}', template: true };
    const { body: three } = await first.put('/v1/listeners/three', { protocol: 'udp', responder, maxRequests: 3 });
    const { body: twice } = await first.put('/v1/listeners/twice', {
      protocol: 'udp',
      responder: { type: 'reply', text: 'one more', times: 2 },
    });
    t.equal(await ask(three.address.port), '1');
    t.equal(await ask(three.address.port), '2');
    t.equal(await ask(twice.address.port), 'one more');
    await first.get('/v1/listeners/three');
    await stored(data, twice.id, ({ taken }: { taken: { reply: number } }) => taken.reply === 1);
    await first.stop(signal);

    const second = await startProcess(t, ['--data', data]);
    t.equal(await ask(three.address.port), '3');
    await second.until('/v1/listeners/three', ({ body }) => body.state === 'completed');
    t.equal(await ask(twice.address.port), 'one more');
    await send(twice.address.port, 1);
    await settled(second, 'twice', 3);
    t.equal((await stats(second, 'twice')).sent, 2, 'no third answer');
  });
}

t.test('a ttl ends when it would have ended', async (t) => {
  const data = directory(t);
  const first = await startProcess(t, ['--data', data]);
  await first.put('/v1/listeners/long', { protocol: 'udp', ttl: '1h' });
  const { body: once } = await first.put('/v1/listeners/once', { protocol: 'udp', ttl: '1h', maxRequests: 1 });
  await first.put('/v1/listeners/short', { protocol: 'udp', ttl: '2s' });
  await send(once.address.port, 1);
  await first.until('/v1/listeners', ({ body }) => body.items[1].state === 'completed');
  const expiries = async (service: Service) => {
    const { body } = await service.get('/v1/listeners');
    return body.items.slice(0, 2).map(({ expiresAt }: { expiresAt: string }) => expiresAt);
  };
  const before = await expiries(first);
  const end = Date.now() + 2000;
  await first.stop();
  while (Date.now() <= end) await betweenLooks(50);

  const second = await startProcess(t, ['--data', data]);
  t.same(await expiries(second), before);
  await second.until('/v1/listeners', ({ body }) => body.items.length === 2);
});
