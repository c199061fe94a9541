/** Starting the service for a test: in a child, in this process, and what may go wrong. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import t from 'tap';
import { connect, ProblemError, start, UnreachableError, WaitError } from '../../../src/client/node.ts';
import { betweenLooks } from '../../support/waiting.ts';
import { datagrams, failure } from './rig.ts';

t.setTimeout(120_000);

const CLIENT = new URL('../../../src/client/node.js', import.meta.url).href;

t.test('a child of its own, down when it is disposed of', async (t) => {
  let url: string;
  {
    await using service = await start({ token: 's3cret', threads: 1 });
    url = service.url;
    t.equal((await failure(ProblemError, connect(url, { token: 'wrong' }))).code, 'unauthorized');
    const listener = await service.listen({ protocol: 'udp' });
    await datagrams(listener, 'a');
    t.equal((await listener.waitFor()).text, 'a');
  }
  await failure(UnreachableError, connect(url, { token: 's3cret' }));
});

t.test('in this process', async (t) => {
  const service = await start({ inProcess: true, threads: 1 });
  const listener = await service.listen({ protocol: 'udp' });
  await datagrams(listener, 'a');
  t.equal((await listener.waitFor()).text, 'a');
  await failure(WaitError, listener.expectNone({ after: 'start' }));
  await service.close();
  await failure(UnreachableError, connect(service.url));
});

t.test('what can not start says why', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const { port } = taken.address() as { port: number };
  await t.rejects(start({ port }), { message: /^listenpost can't start: .*EADDRINUSE/ });
  await t.rejects(start({ execPath: '/nowhere/node' }), { message: /can't start: .*ENOENT/ });
  await t.rejects(start({ execPath: '/bin/false' }), { message: /can't start: it ended with exit code 1/ });
});

t.test('one that does not come up in time is given up', async (t) => {
  await t.rejects(start({ timeout: 1 }), { message: "listenpost can't start: no answer within 1 ms" });
});

t.test('a forgotten service neither keeps the process alive nor outlives it', async (t) => {
  const script = `import { start } from ${JSON.stringify(CLIENT)}; console.log((await start({ threads: 1 })).url);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(parent.stdout), 'line');
  t.same(await once(parent, 'exit'), [0, null]);
  await gone(line);
});

t.test('a killed parent takes its service along; a killed service is named', async (t) => {
  const script = `
    import { start } from ${JSON.stringify(CLIENT)};
    const service = await start({ threads: 1 });
    console.log(service.url);
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(parent.stdout), 'line');
  parent.kill('SIGKILL');
  await gone(line);
  t.pass('it is gone');
});

const CHILDREN = `/proc/${process.pid}/task/${process.pid}/children`;
t.test('a service that was killed is named by the next request', { skip: !existsSync(CHILDREN) }, async (t) => {
  const before = childProcesses();
  const service = await start({ threads: 1 });
  t.teardown(() => service.close());
  const [pid] = childProcesses().filter((child) => !before.includes(child));
  process.kill(Number(pid), 'SIGKILL');
  await gone(service.url);
  // Its port is closed before word of its end reaches the parent.
  const named = /; the service ended with SIGKILL$/;
  const deadline = performance.now() + 10_000;
  let error = await failure(UnreachableError, service.info());
  while (!named.test(error.message) && performance.now() < deadline) {
    await betweenLooks(10);
    error = await failure(UnreachableError, service.info());
  }
  t.match(error.message, named);
});

function childProcesses(): string[] {
  return readFileSync(CHILDREN, 'utf8').trim().split(' ');
}

/** Asks until nobody answers any more. */
async function gone(url: string): Promise<void> {
  for (;;) {
    const answered = await connect(url).then(
      () => true,
      () => false,
    );
    if (!answered) return;
    await betweenLooks(20);
  }
}
