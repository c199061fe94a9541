/** Connection records through HTTP: who closed each connection, and how, with real sockets against the real process. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as dialTo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { connect, type RecordView } from '../../src/client/index.ts';
import { openEvents } from '../support/fake/events.ts';
import { run, startProcess } from '../support/process.ts';
import { isA } from '../support/schema.ts';
import { boundedAbsence } from '../support/waiting.ts';

const service = await startProcess(t);
const OPTIONS = { protocol: 'tcp', responder: { type: 'echo' } };

type Record_ = { phase: string; reason?: string; mode?: string; connectionId: string };

/** A listener and one connection to it, over which a message has gone both ways. */
async function connected(name: string, more: object = {}, on = service): Promise<Socket> {
  const { status, body } = await on.put(`/v1/listeners/${name}`, { ...OPTIONS, ...more });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return dial(body.address.port);
}

async function dial(port: number): Promise<Socket> {
  const socket = dialTo({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  socket.write('hola');
  await once(socket, 'data');
  return socket;
}

/** The `closed` record of the first connection, once it is there. */
async function closed(t: Test, name: string, on = service): Promise<Record_> {
  const path = `/v1/listeners/${name}/messages?kind=connection`;
  const { body } = await on.until(path, (answer) => answer.body.items.length >= 2);
  isA(t, 'MessagePage', body);
  const [opened, record] = body.items as [Record_, Record_];
  t.match(opened, { phase: 'opened', connectionId: 'c_1' });
  t.notOk('reason' in opened || 'mode' in opened, 'an opening has neither');
  return record;
}

t.test('the peer, in order', async (t) => {
  (await connected('peer-fin')).end();
  t.match(await closed(t, 'peer-fin'), { phase: 'closed', reason: 'peerFin', mode: 'fin' });
});

t.test('the peer, by a reset', async (t) => {
  (await connected('peer-rst')).resetAndDestroy();
  t.match(await closed(t, 'peer-rst'), { phase: 'closed', reason: 'peerRst', mode: 'rst' });
});

for (const mode of ['fin', 'rst'] as const) {
  t.test(`a request, by ${mode}`, async (t) => {
    const name = `asked-${mode}`;
    await connected(name);
    t.equal((await service.delete(`/v1/listeners/${name}/connections/c_1?mode=${mode}`)).status, 204);
    t.match(await closed(t, name), { phase: 'closed', reason: 'requested', mode });
  });
}

t.test('silence', async (t) => {
  await connected('silent', { tcp: { idleTimeout: '100ms' } });
  t.match(await closed(t, 'silent'), { phase: 'closed', reason: 'idle', mode: 'fin' });
});

t.test('a socket taken up anew', async (t) => {
  const socket = await connected('moved');
  const { status } = await service.put('/v1/listeners/moved?replace=true', { ...OPTIONS, tcp: { backlog: 7 } });
  t.equal(status, 200);
  socket.end();
  t.match(await closed(t, 'moved'), { phase: 'closed', reason: 'rebound', mode: 'fin' });
});

t.test('the listener is deleted: a stream tells while others are still being closed', async (t) => {
  const first = await connected('deleted');
  first.on('end', () => first.end());
  const { body } = await service.get('/v1/listeners/deleted');
  const second = await dial(body.address.port);
  await fill(second, '/v1/listeners/deleted/connections');
  const stream = await openEvents(`${service.url}/v1/listeners/deleted/stream?kind=connection&after=0`);
  const deleting = service.delete('/v1/listeners/deleted?drain=20s');
  await stream.until(({ events }) => events.length === 3);
  t.match(stream.of('connection')[2], { phase: 'closed', connectionId: 'c_1', reason: 'deleted', mode: 'fin' });
  second.destroy();
  t.equal((await deleting).status, 204);
  await stream.end();
});

/** Sends and reads nothing, until the listener has more to say than the system takes: then its FIN has to wait. */
async function fill(socket: Socket, connections: string): Promise<void> {
  socket.pause();
  socket.write(Buffer.alloc(32 * 1024 * 1024, 'x'));
  const taken = async () => (await service.get(connections)).body.items.at(-1).bytesIn as number;
  for (let before = -1, now = 0; now !== before || now < 100_000; now = await taken()) {
    before = now;
    await boundedAbsence(200);
  }
}

t.test('the service ends', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'listenpost-'));
  t.teardown(() => rmSync(data, { recursive: true, force: true }));
  const first = await startProcess(t, ['--data', data]);
  await connected('ended', {}, first);
  t.equal((await first.stop()).code, 0);
  const second = await startProcess(t, ['--data', data]);
  t.match(await closed(t, 'ended', second), { phase: 'closed', reason: 'shutdown', mode: 'fin' });
});

t.test('exports, client and command line show the same', async (t) => {
  (await connected('shown')).resetAndDestroy();
  await closed(t, 'shown');
  const path = '/v1/listeners/shown/messages';
  const lines = (await service.request('GET', `${path}.ndjson?kind=connection`, undefined, { accept: '*/*' })).body;
  t.match(JSON.parse((lines as string).trim().split('\n').at(-1)!), { reason: 'peerRst', mode: 'rst' });
  const capture = (await service.request('GET', `${path}.pcapng`, undefined, { accept: '*/*' })).body as string;
  t.match(capture, /\(closed: peerRst\)/);
  const client = await connect(service.url);
  const listener = await client.listener('shown');
  const shown: (RecordView | undefined)[] = [];
  for await (const event of listener.events({ kind: ['connection'], after: 'start' })) {
    if (event.type === 'connection') shown.push(event.record);
    if (shown.length === 2) break;
  }
  t.match(shown, [{ phase: 'opened' }, { phase: 'closed', reason: 'peerRst', mode: 'rst' }]);
  const flags = ['--after', 'start', '--kind', 'connection', '--for', '500ms', '--url', service.url];
  const { stdout } = await run(t, ['tail', 'shown', ...flags]);
  t.match(stdout, /connection c_1 closed 127\.0\.0\.1:\d+ \(peerRst, rst\)/);
});
