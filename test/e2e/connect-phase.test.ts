/** The connect phase without privileges, over a restart, from a configuration file, in an export, and by the typed client. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { connect } from '../../src/client/index.ts';
import { plainClient } from '../support/plain-client.ts';
import { MAIN, run, startProcess } from '../support/process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

t.setTimeout(120_000);

const ACCEPT = { mode: 'accept', for: null, times: null };

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  t.test(`${signal}: what is for good outlives the process, what is for a while does not`, async (t) => {
    const data = temporaryDirectory(t);
    const before = await startProcess(t, ['--data', data]);
    const responder = { type: 'echo' };
    const ports: Record<string, number> = {};
    const create = async (name: string, protocol: string, more: object) => {
      const { status, body } = await before.post('/v1/listeners', { protocol, name, responder, ...more });
      t.equal(status, 201);
      ports[name] = body.address.port;
    };
    await create('refused', 'tcp', {});
    await before.patch('/v1/listeners/refused', { tcp: { accept: { mode: 'refuse' } } });
    await create('snapped', 'tcp', { tcp: { accept: { mode: 'reset' } } });
    await create('while', 'tcp', { tcp: { accept: { mode: 'refuse', for: '1h' } } });
    await create('some', 'tcp', { tcp: { accept: { mode: 'reset', times: 100 } } });
    await create('dark', 'udp', { udp: { unreachable: true } });
    t.equal((await plainClient('tcp', ports.some!)).what, 'ECONNRESET');
    await before.stop(signal);
    const after = await startProcess(t, ['--data', data]);
    const meets = async (name: string, what: string) => {
      const { body } = await after.get(`/v1/listeners/${name}`);
      t.match(body, { state: 'listening', address: { port: ports[name] } });
      t.equal((await plainClient(body.protocol, ports[name]!)).what, what, name);
      return body;
    };
    await meets('refused', 'ECONNREFUSED');
    await meets('snapped', 'ECONNRESET');
    t.match(await meets('dark', 'ECONNREFUSED'), { udp: { unreachable: true } });
    t.match(await meets('while', 'hello'), { tcp: { accept: ACCEPT } });
    t.match(await meets('some', 'hello'), { tcp: { accept: ACCEPT } });
    await after.patch('/v1/listeners/refused', { tcp: { accept: { mode: 'accept' } } });
    await after.patch('/v1/listeners/dark', { udp: { unreachable: false } });
    await meets('refused', 'hello');
    await meets('dark', 'hello');
  });
}

/** Run as root, it lets go of that at once: `nobody` may do none of what needs a privilege. */
const NOBODY = `
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.setgid(65534);
  process.setgroups([]);
  process.setuid(65534);
}
`;
const isRoot = process.getuid?.() === 0;
const whyNot = isRoot ? !isReadByAll(MAIN) && 'nobody can read the program' : 'all tests run without privileges';

/** Whether everybody may enter all folders that lead to a file. */
function isReadByAll(file: string): boolean {
  for (let path = file; path !== dirname(path); path = dirname(path))
    if ((statSync(path).mode & 1) === 0 && path !== file) return false;
  return true;
}

t.test('no privilege is needed', { skip: whyNot }, async (t) => {
  const preload = `--import data:text/javascript,${encodeURIComponent(NOBODY)}`;
  const service = await startProcess(t, [], { NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} ${preload}` });
  t.match(readFileSync(`/proc/${service.child.process.pid}/status`, 'latin1'), /Uid:\s+65534.*CapEff:\s+0+\n/s);
  const { body: tcp } = await service.post('/v1/listeners', {
    protocol: 'tcp',
    name: 'tcp',
    responder: { type: 'echo' },
  });
  for (const [mode, what] of [
    ['refuse', 'ECONNREFUSED'],
    ['blackhole', 'timeout'],
    ['reset', 'ECONNRESET'],
    ['stall', 'silence'],
    ['accept', 'hello'],
  ] as const) {
    t.match(await service.patch('/v1/listeners/tcp', { tcp: { accept: { mode } } }), { status: 200 });
    t.equal((await plainClient('tcp', tcp.address.port, mode === 'accept' ? {} : { patience: 1 })).what, what);
  }
  const { body: udp } = await service.post('/v1/listeners', {
    protocol: 'udp',
    name: 'udp',
    responder: { type: 'echo' },
  });
  for (const unreachable of [true, false]) {
    t.match(await service.patch('/v1/listeners/udp', { udp: { unreachable } }), { status: 200 });
    t.equal((await plainClient('udp', udp.address.port)).what, unreachable ? 'ECONNREFUSED' : 'hello');
  }
});

const FILE = `listeners:
  - name: down
    protocol: tcp
    responder: { type: echo }
    tcp: { accept: { mode: refuse } }
  - name: dark
    protocol: udp
    responder: { type: echo }
    udp: { unreachable: true }
`;

t.test('a configuration file says it, a reload changes it without a rebind, an export has it', async (t) => {
  const path = join(temporaryDirectory(t, { 'listenpost.yaml': FILE }), 'listenpost.yaml');
  const service = await startProcess(t, ['--config', path]);
  const [down, dark] = await Promise.all(
    ['down', 'dark'].map(async (name) => (await service.get(`/v1/listeners/${name}`)).body),
  );
  t.equal((await plainClient('tcp', down.address.port)).what, 'ECONNREFUSED');
  t.equal((await plainClient('udp', dark.address.port)).what, 'ECONNREFUSED');
  const { body: text } = await service.get('/v1/export');
  t.match(text, /mode: refuse\n/);
  t.match(text, /unreachable: true\n/);
  t.notMatch(text, /for:|times:|backlog|receiveBuffer/, 'and no defaults');
  writeFileSync(path, FILE.replace('refuse', 'accept').replace('true', 'false'));
  service.child.process.kill('SIGHUP');
  await service.until('/v1/listeners/down', ({ body }) => body.tcp.accept.mode === 'accept');
  await service.until('/v1/listeners/dark', ({ body }) => !body.udp.unreachable);
  t.equal((await plainClient('tcp', down.address.port)).what, 'hello');
  t.equal((await plainClient('udp', dark.address.port)).what, 'hello');
  const { body: history } = await service.get('/v1/listeners/down/messages?kind=listener');
  t.notMatch(JSON.stringify(history.items), /opening|draining/);
});

t.test('a wrong one is told by its line', async (t) => {
  const text = FILE.replace('mode: refuse', 'mode: refuse, times: 3');
  const path = join(temporaryDirectory(t, { 'wrong.yaml': text }), 'wrong.yaml');
  const { code, stderr } = await run(t, ['serve', '--config', path]);
  t.not(code, 0);
  t.match(stderr, /wrong\.yaml:5\b.*goes with reset and stall/);
});

t.test('by the typed client', async (t) => {
  const { url } = await startProcess(t);
  const service = await connect(url);
  t.teardown(() => service.close());
  const db = await service.listen({
    protocol: 'tcp',
    responder: { type: 'echo' },
    tcp: { accept: { mode: 'refuse' } },
  });
  t.equal((await plainClient('tcp', db.port)).what, 'ECONNREFUSED');
  const { tcp } = await db.update({ tcp: { accept: { mode: 'reset', times: 1 } } });
  t.same(tcp?.accept, { mode: 'reset', for: null, times: 1 });
  t.equal((await plainClient('tcp', db.port)).what, 'ECONNRESET');
  t.equal((await db.refresh()).tcp?.accept?.mode, 'accept');
  t.equal((await plainClient('tcp', db.port)).what, 'hello');
});
