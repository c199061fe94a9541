/** Times longer than a timer takes (2^31 - 1 ms, 24.8 days): kept wherever a user may give one. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { startProcess } from '../support/process.ts';
import { boundedAbsence } from '../support/waiting.ts';

t.setTimeout(120_000);

const FORTY_DAYS = '40d';
/** A timer that overflows goes off within 1 ms; this is plenty for it. */
const A_MOMENT = 300;

const service = await startProcess(t);
const moment = () => boundedAbsence(A_MOMENT);

async function create(t: Test, spec: object): Promise<{ id: string; port: number }> {
  const { status, body } = await service.post('/v1/listeners', spec);
  t.equal(status, 201, JSON.stringify(body));
  return { id: body.id, port: body.address.port };
}

async function tell(port: number, text: string): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise((resolve) => socket.send(text, port, '127.0.0.1', resolve));
  socket.close();
}

t.test('of listeners', async (t) => {
  for (const field of ['ttl', 'completeAfterIdle']) {
    const { id } = await create(t, { protocol: 'udp', [field]: FORTY_DAYS });
    await moment();
    t.match(await service.get(`/v1/listeners/${id}`), { status: 200, body: { state: 'listening', [field]: '40d' } });
  }
  const slow = await create(t, { protocol: 'udp', responder: { type: 'reply', text: 'late', delay: FORTY_DAYS } });
  await tell(slow.port, 'x');
  const idle = await create(t, { protocol: 'tcp', tcp: { idleTimeout: FORTY_DAYS } });
  const peer = connect(idle.port, '127.0.0.1');
  t.teardown(() => peer.destroy());
  await once(peer, 'connect');
  await moment();
  t.match((await service.get(`/v1/listeners/${slow.id}`)).body.stats, { captured: 1, sent: 0 }, 'no answer yet');
  t.match((await service.get(`/v1/listeners/${idle.id}`)).body.stats, { connectionsOpen: 1 });
});

t.test('a drain lasts until the answers have left', async (t) => {
  const responder = { type: 'reply', text: 'soon', delay: A_MOMENT };
  const { id, port } = await create(t, { protocol: 'udp', responder });
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  const answer = once(socket, 'message');
  socket.send('x', port, '127.0.0.1');
  await service.until(`/v1/listeners/${id}`, ({ body }) => body.stats.captured === 1);
  t.equal((await service.delete(`/v1/listeners/${id}?drain=40d`)).status, 204);
  t.equal(String((await answer)[0]), 'soon');
});

t.test('of sends', async (t) => {
  const { id } = await create(t, { protocol: 'udp', name: 'target' });
  const send = async (what: object) => {
    const { status, body } = await service.post('/v1/sends', { protocol: 'udp', to: { listener: 'target' }, ...what });
    t.equal(status, 202, JSON.stringify(body));
    return body.id as string;
  };
  const ids = [
    await send({ text: 'interval', interval: FORTY_DAYS, count: 2 }),
    await send({ text: 'rate', rate: 1e-9, count: 2 }),
    await send({ sequence: [{ text: 'first' }, { delay: FORTY_DAYS }, { text: 'second' }] }),
    await send({ text: 'duration', interval: '40d', duration: '80d' }),
  ];
  for (const sendId of ids) await service.until(`/v1/sends/${sendId}`, ({ body }) => body.sent > 0);
  await moment();
  for (const sendId of ids) t.match((await service.get(`/v1/sends/${sendId}`)).body, { state: 'running', sent: 1 });
  for (const sendId of ids) t.match((await service.delete(`/v1/sends/${sendId}`)).status, 200);
  t.equal((await service.get(`/v1/listeners/${id}`)).body.stats.captured, 4);

  const waiting = service.post('/v1/sends', {
    protocol: 'udp',
    to: { listener: 'target' },
    text: 'question',
    expectReply: { timeout: FORTY_DAYS },
  });
  const peer = await service.until('/v1/listeners/target', ({ body }) => body.stats.captured === 5);
  await moment();
  await service.post(`/v1/listeners/target/messages/${peer.body.stats.lastSeq}/reply`, { text: 'answer' });
  t.match((await waiting).body, { state: 'done', replies: [{ text: 'answer' }] });
});

t.test('of a file whose messages lie forty days apart', async (t) => {
  await create(t, { protocol: 'udp', name: 'replayed' });
  const line = (at: string, text: string) => `${JSON.stringify({ at, text })}\n`;
  const replay = async (last: string) => {
    const file = line('2026-01-01T00:00:00Z', 'a') + line(last, 'b');
    const headers = { 'content-type': 'application/x-ndjson' };
    const response = await fetch(`${service.url}/v1/sends/import?to=replayed`, { method: 'POST', headers, body: file });
    return { status: response.status, body: (await response.json()) as { id: string; detail: string } };
  };
  const { status, body } = await replay('2026-02-10T00:00:00Z');
  t.equal(status, 202);
  await service.until(`/v1/sends/${body.id}`, (answer) => answer.body.sent > 0);
  await moment();
  t.match((await service.get(`/v1/sends/${body.id}`)).body, { state: 'running', sent: 1 });
  await service.delete(`/v1/sends/${body.id}`);
  t.match(await replay('2526-01-01T00:00:00Z'), { status: 400, body: { detail: /36500d/ } });
});

t.test('of a stream', async (t) => {
  const { id } = await create(t, { protocol: 'udp' });
  const abort = new AbortController();
  const response = await fetch(`${service.url}/v1/listeners/${id}/stream?for=40d`, { signal: abort.signal });
  const reader = response.body!.getReader();
  let ended = false;
  const read = (async () => {
    for (;;) if ((await reader.read()).done) break;
    ended = true;
  })().catch(() => {});
  await moment();
  t.notOk(ended);
  abort.abort();
  await read;
});

t.test('longer than a century is a 400 that says so', async (t) => {
  const wrong: [path: string, body: object, pointer: string][] = [
    ['/v1/listeners', { protocol: 'udp', ttl: 1e300 }, '/ttl'],
    ['/v1/listeners', { protocol: 'udp', ttl: '36501d' }, '/ttl'],
    ['/v1/listeners', { protocol: 'udp', completeAfterIdle: 9e15 }, '/completeAfterIdle'],
    ['/v1/listeners', { protocol: 'udp', capture: { maxAge: 9e15 } }, '/capture/maxAge'],
    ['/v1/listeners', { protocol: 'tcp', tcp: { idleTimeout: 9e15 } }, '/tcp/idleTimeout'],
    ['/v1/listeners', { protocol: 'udp', responder: { type: 'reply', text: 'x', delay: 9e15 } }, '/responder/delay'],
    ['/v1/sends', { protocol: 'udp', to: { listener: 'target' }, text: 'x', interval: 9e15 }, '/interval'],
    ['/v1/sends', { protocol: 'udp', to: { listener: 'target' }, text: 'x', duration: 9e15 }, '/duration'],
    ['/v1/sends', { protocol: 'udp', to: { listener: 'target' }, sequence: [{ delay: 9e15 }] }, '/sequence/0/delay'],
    [
      '/v1/sends',
      { protocol: 'udp', to: { listener: 'target' }, text: 'x', expectReply: { timeout: 9e15 } },
      '/expectReply/timeout',
    ],
    ['/v1/listeners/target/verifications', { within: 9e15 }, '/within'],
    ['/v1/listeners/target/verifications', { quietFor: 9e15 }, '/quietFor'],
  ];
  for (const [path, body, pointer] of wrong) {
    const answer = await service.post(path, body);
    t.match(answer, { status: 400, body: { errors: [{ pointer, detail: /36500d/ }] } }, `${path} ${pointer}`);
  }
  const slow = { protocol: 'udp', to: { listener: 'target' }, text: 'x', rate: 1e-300, count: 2 };
  t.match(await service.post('/v1/sends', slow), { status: 400, body: { errors: [{ pointer: '/rate' }] } });
  for (const query of ['stream?for=36501d', 'messages?wait=36501d']) {
    t.match(await service.get(`/v1/listeners/target/${query}`), { status: 400, body: { detail: /36500d|60 ?s/ } });
  }
});

t.test('no timer was ever set for longer than it takes', async (t) => {
  const { code, stderr } = await service.stop();
  t.equal(code, 0);
  t.notMatch(stderr, /TimeoutOverflowWarning/);
});
