/** With few file descriptors listeners, connections and sends are refused before the API is. */
import { connect, type Socket } from 'node:net';
import t from 'tap';
import { startProcess } from '../support/process.ts';
import { betweenLooks } from '../support/waiting.ts';

t.setTimeout(120_000);

const OPEN_FILES = 256;

const service = await startProcess(t, [], { NODE_OPTIONS: '' }, ['--port', '0'], OPEN_FILES);
const { hostname, port } = new URL(service.url);

/** A connection of its own to the API, kept open once it was answered. */
async function fresh(): Promise<Socket> {
  const socket = connect(Number(port), hostname);
  t.teardown(() => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    socket.once('data', () => resolve());
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed without an answer')));
    socket.write(`GET /livez HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
  });
  return socket;
}

async function apiTakes(connections: number): Promise<void> {
  const open: Socket[] = [];
  for (let i = 0; i < connections; i++) open.push(await fresh());
  for (const socket of open) socket.destroy();
}

t.test('listeners', async (t) => {
  const ids: string[] = [];
  let refused = await service.post('/v1/listeners', { protocol: 'tcp', name: 'box' });
  for (; refused.status === 201; refused = await service.post('/v1/listeners', { protocol: 'udp' })) {
    ids.push(refused.body.id);
  }
  t.match(refused, { status: 429, body: { code: 'limit_reached', detail: /kept for the API.*ulimit -n/ } });
  t.ok(ids.length > 40, `${ids.length} were made before`);
  t.match(await service.post('/v1/listeners', { protocol: 'udp', pool: 'dedicated' }), { status: 429 });
  const burst = { protocol: 'tcp', to: { listener: 'box' }, text: 'x', count: 50, tcp: { connections: 50 } };
  t.match(await service.post('/v1/sends', burst), { status: 429, body: { code: 'limit_reached' } });
  await t.resolves(apiTakes(40), 'the API takes connections');
  for (const id of ids.slice(1)) await service.delete(`/v1/listeners/${id}`);
  t.equal((await service.post('/v1/listeners', { protocol: 'udp', name: 'again' })).status, 201);
});

t.test('connections of listeners', async (t) => {
  const { body } = await service.get('/v1/listeners/box');
  const peers: Socket[] = [];
  for (let i = 0; i < OPEN_FILES; i++) {
    const peer = connect(body.address.port, '127.0.0.1').on('error', () => {});
    peers.push(peer);
    t.teardown(() => peer.destroy());
  }
  const counted = await service.until('/v1/listeners/box', ({ body: { stats } }) => {
    return stats.connectionsTotal + stats.connectionsRefused >= OPEN_FILES;
  });
  const { connectionsTotal, connectionsRefused } = counted.body.stats;
  t.equal(connectionsTotal + connectionsRefused, OPEN_FILES, 'each is counted');
  t.ok(connectionsTotal > 40 && connectionsRefused > 0, `${connectionsTotal} served, ${connectionsRefused} refused`);
  const told = await service.until('/v1/listeners/box/messages?kind=problem', (answer) => answer.body.items.length > 0);
  t.match(told.body.items[0], { kind: 'problem', code: 'EMFILE', detail: /kept for the API/ });
  await t.resolves(apiTakes(40), 'the API takes connections');
  const burst = { protocol: 'tcp', to: { listener: 'box' }, text: 'x', count: 50, tcp: { connections: 50 } };
  t.match(await service.post('/v1/sends', burst), { status: 429, body: { code: 'limit_reached' } });
  for (const peer of peers) peer.destroy();
  await service.until('/v1/listeners/box', (answer) => answer.body.stats.connectionsOpen === 0);
  // The system may still hold some of what was closed.
  let sent = await service.post('/v1/sends', burst);
  for (; sent.status === 429; sent = await service.post('/v1/sends', burst)) await betweenLooks(50);
  t.match(sent, { status: 201, body: { state: 'done' } });
});
