import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { MAIN, run, startProcess } from '../support/process.ts';

t.setTimeout(120_000);

const LISTENERS = 400;

function directory(t: Test): string {
  const made = mkdtempSync(join(tmpdir(), 'listenpost-'));
  t.teardown(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A server on a port of its own, and that port. */
async function occupied() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

type Seen = { status: number; body: Record<string, unknown> & { items: unknown[] } };

/** Undefined as long as nobody listens. */
async function look(url: string): Promise<Seen | undefined> {
  const response = await fetch(url).catch(() => undefined);
  return response && { status: response.status, body: (await response.json()) as Seen['body'] };
}

t.test('probes are answered while listeners come back, and nobody sees a part of them', async (t) => {
  const data = directory(t);
  const first = await startProcess(t, ['--data', data]);
  for (let i = 0; i < LISTENERS; i++) await first.put(`/v1/listeners/n${i}`, { protocol: i % 2 === 0 ? 'udp' : 'tcp' });
  await first.stop();
  const { server, port } = await occupied();
  await once(server.close(), 'close');

  const url = `http://127.0.0.1:${port}`;
  const second = startProcess(t, ['--data', data, '--port', `${port}`]);
  let alive: Seen | undefined;
  while (alive === undefined) alive = await look(`${url}/livez`);
  const list = look(`${url}/v1/listeners?limit=1000`);
  t.equal(alive.status, 200);
  const reasons = new Set<unknown>();
  let ready = await look(`${url}/readyz`);
  for (; ready?.status === 503; ready = await look(`${url}/readyz`)) reasons.add(ready.body.detail);
  t.equal(ready?.status, 200);
  const atOnce = await look(`${url}/v1/listeners?limit=1000`);
  t.equal(atOnce?.body.items.length, LISTENERS, 'ready means all of them');
  t.equal((await list)?.body.items.length, LISTENERS, 'who asked at the first moment waited');
  t.match([...reasons].join(), /^(it is (starting|restoring listeners|configuring listeners),?)*$/, 'why not yet');
  await second;
});

t.test('a signal while listeners come back ends it in order', async (t) => {
  const data = directory(t);
  const first = await startProcess(t, ['--data', data]);
  for (let i = 0; i < LISTENERS; i++) await first.put(`/v1/listeners/n${i}`, { protocol: 'udp' });
  await first.stop();
  const { server, port } = await occupied();
  await once(server.close(), 'close');
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', `${port}`, '--data', data], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  let alive: Seen | undefined;
  while (alive === undefined) alive = await look(`http://127.0.0.1:${port}/livez`);
  child.kill('SIGTERM');
  t.same(await ended, [0, null]);
  const again = await startProcess(t, ['--data', data]);
  t.equal((await again.get('/v1/listeners?limit=1000')).body.items.length, LISTENERS);
});

t.test('a port in use ends it with one line, and no listener was touched', async (t) => {
  const data = directory(t);
  const first = await startProcess(t, ['--data', data]);
  await first.put('/v1/listeners/kept', { protocol: 'udp' });
  await first.stop();
  const { server, port } = await occupied();
  const ended = await run(t, ['serve', '--port', `${port}`, '--data', data]);
  server.close();
  t.equal(ended.code, 1);
  t.match(ended.stderr, /^error: listenpost can't start: .*EADDRINUSE/);
  t.equal(ended.stderr.trim().split('\n').length, 1);
  const again = await startProcess(t, ['--data', data]);
  t.equal((await again.get('/v1/listeners/kept')).body.state, 'listening');
});
