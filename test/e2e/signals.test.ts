import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { MAIN, startProcess } from '../support/process.ts';

t.setTimeout(120_000);

const EARLY = new URL('./early-signal.js', import.meta.url).href;

/** Runs the program, which gets a signal while it imports its parts; its exit code and signal. */
async function signalledEarly(signal: NodeJS.Signals, args: string[], as: string[] = []) {
  const [command, ...rest] = [...as, process.execPath, '--import', EARLY, MAIN, ...args];
  const env = { ...process.env, NODE_OPTIONS: '', EARLY_SIGNAL: signal };
  return once(spawn(command!, rest, { env, stdio: 'ignore', timeout: 30_000, killSignal: 'SIGKILL' }), 'exit');
}

t.test('a signal while the program is being loaded ends it in order', async (t) => {
  t.same(await signalledEarly('SIGTERM', ['serve', '--port', '0']), [0, null]);
  t.same(await signalledEarly('SIGINT', ['serve', '--port', '0']), [0, null]);
  t.same(await signalledEarly('SIGTERM', ['ls']), [143, null]);
});

const PROCESS_1 = ['unshare', '--pid', '--fork', '--kill-child'];
const noProcess1 = spawnSync(PROCESS_1[0]!, [...PROCESS_1.slice(1), 'true']).status !== 0;

t.test('also as process 1', { skip: noProcess1 && 'only root may have one' }, async (t) => {
  t.same(await signalledEarly('SIGTERM', ['serve', '--port', '0'], PROCESS_1), [0, null]);
});

t.test('a UDP listener created and deleted, and ended at once', async (t) => {
  for (let i = 0; i < 2; i++) {
    const service = await startProcess(t);
    await service.post('/v1/listeners', { protocol: 'udp', name: 'brief' });
    await service.delete('/v1/listeners/brief');
    t.match(await service.stop(), { code: 0, signal: null, stderr: '' });
  }
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal} ends an idle service with code 0`, async (t) => {
    const service = await startProcess(t);
    await service.post('/v1/listeners', { protocol: 'udp' });
    await service.post('/v1/listeners', {
      protocol: 'tcp',
      pool: 'dedicated',
      threads: 2,
    });
    const start = performance.now();
    t.match(await service.stop(signal), { code: 0, signal: null });
    t.ok(performance.now() - start < 10_000);
  });
}

t.test('the last messages reach the streams before their end', async (t) => {
  const service = await startProcess(t);
  const { body: listener } = await service.post('/v1/listeners', {
    protocol: 'udp',
    name: 'last',
  });
  const stream = await fetch(`${service.url}/v1/listeners/last/stream`);
  const reading = stream.text();
  const socket = createSocket('udp4');
  for (let n = 1; n <= 50; n++) {
    await new Promise((resolve) => socket.send(`m${n}`, listener.address.port, '127.0.0.1', resolve));
  }
  socket.close();
  const ended = service.stop();
  const text = await reading;
  t.equal(text.match(/^event: message$/gm)?.length, 50, 'all that had arrived');
  t.match(text, /event: end\n.*\n?data: .*"reason":"shutdown"/);
  t.equal((await ended).code, 0);
});

t.test('open connections do not keep it', async (t) => {
  const service = await startProcess(t);
  const { body: listener } = await service.post('/v1/listeners', {
    protocol: 'tcp',
    responder: { type: 'echo' },
  });
  const socket = connect(listener.address.port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write('hello');
  await new Promise((resolve) => socket.once('data', resolve));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  t.equal((await service.stop()).code, 0);
  await closed;
});

t.test('a wait that is open is answered', async (t) => {
  const service = await startProcess(t);
  await service.post('/v1/listeners', { protocol: 'udp', name: 'w' });
  const waiting = service.get('/v1/listeners/w/messages?wait=60s').catch((error) => error);
  await service.until('/readyz', ({ status }) => status === 200);
  const start = performance.now();
  t.equal((await service.stop()).code, 0);
  t.ok(performance.now() - start < 9000);
  await waiting;
});

/** A raw connection to the API that sends so much and reads nothing unless asked to. */
async function openClient(url: string, text = '') {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) });
  socket.on('error', () => {});
  await once(socket, 'connect');
  if (text !== '') socket.write(text);
  return socket;
}

t.test('clients that ask by halves, or read slowly, do not keep it', async (t) => {
  const service = await startProcess(t);
  await service.post('/v1/listeners', { protocol: 'tcp', name: 'large', tcp: { framing: { type: 'line' } } });
  const text = `${'x'.repeat(60_000)}\n`;
  const { body: send } = await service.post('/v1/sends', {
    protocol: 'tcp',
    to: { listener: 'large' },
    text,
    count: 500,
  });
  await service.until(`/v1/sends/${send.id}`, ({ body }) => body.state === 'done');
  await service.until('/v1/listeners/large', ({ body }) => body.stats.lastSeq === 500);
  const delaying = { type: 'reply', text: 'late', delay: '60s' };
  await service.post('/v1/listeners', { protocol: 'udp', name: 'slow', responder: delaying });
  await service.post('/v1/sends', { protocol: 'udp', to: { listener: 'slow' }, text: 'x' });
  await service.until('/v1/listeners/slow', ({ body }) => body.stats.requests === 1);
  const draining = service.delete('/v1/listeners/slow?drain=60s').catch(() => {});
  await service.until('/v1/listeners/slow', ({ body }) => body.state === 'draining');

  for (let i = 0; i < 3; i++) await openClient(service.url);
  const head = 'HTTP/1.1\r\nhost: localhost\r\n';
  await openClient(
    service.url,
    `POST /v1/listeners ${head}content-type: application/json\r\ncontent-length: 100\r\n\r\n{"protocol":`,
  );
  const slowReader = await openClient(service.url, `GET /v1/listeners/large/messages.ndjson ${head}\r\n`);
  await once(slowReader, 'readable');
  const began = performance.now();
  t.match(await service.stop(), { code: 0, signal: null, stderr: '' });
  t.ok(performance.now() - began < 8000, `in ${performance.now() - began} ms`);
  await draining;
});
