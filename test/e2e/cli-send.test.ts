/** `listenpost send`: payloads from everywhere, replies on standard output, and its end. */
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { accessSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { cliFor, objects, refuses } from '../support/cli.ts';
import { MAIN, type Service, startProcess } from '../support/process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

t.setTimeout(120_000);

const LISTENERS = [
  { protocol: 'udp', name: 'echo', responder: { type: 'echo' } },
  { protocol: 'udp', name: 'mute' },
  { protocol: 'udp', name: 'asker' },
  { protocol: 'tcp', name: 'upper', responder: { type: 'upper' } },
];
const GREEN = '\u001b[32m';

let service: Service;
t.before(async () => {
  service = await startProcess(t);
  for (const listener of LISTENERS) t.match(await service.post('/v1/listeners', listener), { status: 201 });
});
t.jobs = 4;

t.test('the reply is data, the rest is talk', async (t) => {
  const { run } = cliFor(t, service);
  const text = await run(['send', 'udp', 'echo', 'Hola server', '--timeout', '5s']);
  t.match(text, { code: 0, stdout: 'Hola server\n' });
  t.match(text.stderr, /^sent 1 payload, 11 bytes to 127\.0\.0\.1:\d+ from 127\.0\.0\.1:\d+ in [\d.]+ m?s\n$/);
  const { address } = (await service.get('/v1/listeners/upper')).body;
  const to = `${address.host}:${address.port}`;
  const tcp = ['send', 'tcp', to, '-', '--expect-reply', '1', '--half-close', '--timeout', '5s', '--quiet'];
  t.match(await run(tcp, { input: 'a line\n' }), { code: 0, stdout: 'A LINE\n', stderr: '' });
});

t.test('payloads as hex, base64, of a file and of a template; replies as JSON', async (t) => {
  const { start, run } = cliFor(t, service);
  const file = join(temporaryDirectory(t), 'payload');
  writeFileSync(file, Buffer.from([0, 1, 0xff, 0x0a]));
  const hex = start(['send', 'udp', 'echo', '--hex', '00 01 ff 0a', '--expect-reply', '1', '--timeout', '5s']);
  await hex.ended;
  t.same(hex.bytes, Buffer.from([0, 1, 0xff, 0x0a]), 'bytes as they came');
  for (const source of [
    ['--base64', 'AAH/Cg=='],
    ['--file', file],
  ]) {
    const { stdout } = await run(['send', 'udp', 'echo', ...source, '--timeout', '5s', '--json']);
    t.match(objects(stdout), [{ state: 'done', sent: 1, bytes: 4, replies: [{ base64: 'AAH/Cg==' }] }]);
  }
  const args = ['send', 'udp', 'echo', '-', '--template', '--count', '3', '--interval', '1ms', '--from', 'asker'];
  t.match(await run(args, { input: 'n {{n}}' }), { code: 0 });
  const { body } = await service.get('/v1/listeners/asker/messages?direction=in&wait=5s&count=3');
  const texts = body.items.map(({ text }: { text: string }) => text);
  t.same(texts, ['n 1', 'n 2', 'n 3'], 'replies go to the listener it is sent from');
});

t.test('what the network or the service says', async (t) => {
  await refuses(t, service, [
    [['send', 'udp', 'mute', 'x', '--timeout', '50ms'], 1, /no_reply/],
    [['send', 'tcp', '127.0.0.1:1', 'x'], 1, /connection_refused/],
    [['send', 'udp', 'nobody', 'x'], 1, /no listener nobody/],
    [['send', 'udp', '192.0.2.1:9', 'x'], 1, /--allow-send 192\.0\.2\.1\/32/],
    [['send', 'udp', '127.0.0.1', 'hi'], 2, /The port is missing\. Write e\.g\. 127\.0\.0\.1:9000/],
    [['send', 'udp', 'mute', 'x', '--timeout', '5'], 2, /5 what\? Write e\.g\. 5s/],
    [['send', 'udp', 'echo'], 2, /give one payload/],
    [['send', 'udp', 'echo', 'x', '--hex', '00'], 2, /give one payload/],
    [['send', 'udp', 'echo', '--hex', 'zz'], 2, /hex/],
    [['send', 'udp', 'echo', '--file', '/nowhere'], 1, /ENOENT.*\/nowhere/],
    [['send', 'udp', 'echo', 'x', '--half-close'], 2, /are for tcp/],
    [['send', 'udp', 'echo', 'x', '--timeout', 'soon'], 2, /Expected a duration/],
  ]);
});

t.test('a long send is cancelled by Ctrl-C', async (t) => {
  const [port, first] = await receiver(t);
  const cli = cliFor(t, service).start(['send', 'udp', `127.0.0.1:${port}`, 'x', '--rate', '50', '--duration', '1m']);
  await first;
  const { code, stderr } = await cli.stop('SIGINT');
  t.equal(code, 130);
  t.match(stderr, /^cancelled: sent \d+ payload/);
  const { items } = (await service.get('/v1/sends')).body;
  t.match(
    items.find(({ remote }: { remote: { port: number } }) => remote.port === port),
    { state: 'cancelled' },
  );
});

t.test('Ctrl-C while it reads standard input', async (t) => {
  const cli = cliFor(t, service).start(['send', 'udp', 'mute', '-'], { input: null });
  const moreThanAPipeHolds = Buffer.alloc(4 * 1024 ** 2);
  await new Promise((resolve) => cli.process.stdin.write(moreThanAPipeHolds, resolve));
  t.match(await cli.stop('SIGINT'), { code: 130, stdout: '', stderr: '' });
});

t.test('on a terminal there is a bar while it lasts', { skip: !isThere('/usr/bin/script') }, async (t) => {
  const [port] = await receiver(t);
  const send = `'${process.execPath}' '${MAIN}' send udp 127.0.0.1:${port} x --rate 100 --duration 900ms`;
  const text = await onTerminal(send, { LISTENPOST_URL: service.url });
  t.match(text, /█.*░.* \d+ %.* payloads/);
  t.match(text, /\[Ksent \d+ payloads/, 'which leaves no trace');
  t.match(text, GREEN);
  t.notMatch(await onTerminal(`${send} --no-color`, { LISTENPOST_URL: service.url }), GREEN);
});

/** A socket that takes what comes: its port, and its first datagram. */
async function receiver(t: Test): Promise<[port: number, first: Promise<unknown>]> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  return [socket.address().port, once(socket, 'message')];
}

function isThere(file: string): boolean {
  try {
    accessSync(file);
    return true;
  } catch {
    return false;
  }
}

/** What the command writes to a terminal. */
function onTerminal(command: string, env: NodeJS.ProcessEnv): Promise<string> {
  const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...inherited } = process.env;
  return new Promise((resolve) => {
    const options = { env: { ...inherited, ...env, TERM: 'xterm-256color' } };
    execFile('/usr/bin/script', ['-qec', command, '/dev/null'], options, (_error, stdout) => resolve(stdout));
  });
}
