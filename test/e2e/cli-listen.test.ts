/** `listenpost listen`: messages on standard output, and nothing left behind however it ends. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { cliFor, objects, refuses } from '../support/cli.ts';
import { freePort } from '../support/free-port.ts';
import { type Service, startProcess } from '../support/process.ts';

t.setTimeout(120_000);

let service: Service;
t.before(async () => {
  service = await startProcess(t);
});
t.jobs = 4;

t.test('datagrams appear as lines; Ctrl-C removes the listener and ends with 130', async (t) => {
  const cli = cliFor(t, service).start(['listen', 'udp', '--name', 'lines', '--upper']);
  const [, port] = await cli.until('stderr', /listening on udp:\/\/127\.0\.0\.1:(\d+) as lines/);
  const socket = await udp(t);
  socket.send('hola\u001b[31m\n', Number(port));
  t.same((await once(socket, 'message'))[0].toString(), 'HOLA\u001b[31M'.toUpperCase());
  await cli.until('stdout', /#2 out/);
  const { code, stdout, stderr } = await cli.stop('SIGINT');
  t.equal(code, 130);
  const [first, second, ...rest] = stdout.trim().split('\n');
  t.match(first, /^\d\d:\d\d:\d\d\.\d{3} #1 in {2}127\.0\.0\.1:\d+ hola\\x1b\[31m\\n$/);
  t.match(second, /#2 out 127\.0\.0\.1:\d+ HOLA/);
  t.same(rest, []);
  t.equal(stderr.trim().split('\n').length, 1, 'nothing but the greeting');
  t.equal((await service.get('/v1/listeners/lines')).status, 404);
});

t.test('--count ends it when so many came in, also with --json, whose first object is the listener', async (t) => {
  const args = [
    'listen',
    'tcp',
    '--framing',
    'line',
    '--reply',
    'got {{text}}',
    '--template',
    '--count',
    '2',
    '--json',
  ];
  const cli = cliFor(t, service).start([...args, '--label', 'suite:cli', '--threads', '2', '--host', '127.0.0.1']);
  await cli.until('stdout', /\n/);
  const [listener] = objects(cli.stdout);
  t.match(listener, { protocol: 'tcp', labels: { suite: 'cli' }, threads: 2, address: { port: Number } });
  const socket = connect(listener.address.port, '127.0.0.1');
  socket.end('one\ntwo\n');
  const answers = await read(socket);
  t.match(answers, /got one.*got two/s, 'replies in flight still go out');
  const { code, stdout } = await cli.ended;
  t.equal(code, 0);
  const texts = objects(stdout).flatMap(({ kind, direction, text }) => (direction === 'in' ? [`${kind} ${text}`] : []));
  t.same(texts, ['message one', 'message two']);
  t.equal((await service.get(`/v1/listeners/${listener.id}`)).status, 404);
});

t.test('a port that was asked for, hex digits, an own responder, and --keep', async (t) => {
  const port = await freePort();
  const args = ['listen', 'udp', `${port}`, '--name', 'kept', '--hex', '--keep', '--responder', '{"type":"echo"}'];
  const cli = cliFor(t, service).start(args);
  await cli.until('stderr', /keeps the listener/);
  const socket = await udp(t);
  socket.send(Buffer.from([0, 255, 65]), port);
  await cli.until('stdout', /out .* 00 ff 41\n/);
  t.equal((await cli.stop('SIGTERM')).code, 143);
  t.match(await service.get('/v1/listeners/kept'), { body: { state: 'listening', responder: { type: 'echo' } } });
  await service.delete('/v1/listeners/kept');
});

t.test('a reader that has enough ends it, which is no failure', async (t) => {
  const cli = cliFor(t, service).start(['listen', 'udp', '--name', 'head', '--echo']);
  const [, port] = await cli.until('stderr', /127\.0\.0\.1:(\d+)/);
  cli.process.stdout.destroy();
  (await udp(t)).send('x', Number(port));
  const { code, stderr } = await cli.ended;
  t.equal(code, 0);
  t.notMatch(stderr, /EPIPE|error/);
  t.equal((await service.get('/v1/listeners/head')).status, 404);
});

t.test('a command that is killed leaves no listener', async (t) => {
  const cli = cliFor(t, service).start(['listen', 'udp', '--name', 'killed']);
  await cli.until('stderr', /listening/);
  await service.until('/v1/listeners/killed', ({ status }) => status === 200);
  await cli.stop('SIGKILL');
  await service.until('/v1/listeners/killed', ({ status }) => status === 404);
});

t.test('a second Ctrl-C does not wait for a service that hangs', async (t) => {
  const own = await startProcess(t);
  const cli = cliFor(t, own).start(['listen', 'udp']);
  await cli.until('stderr', /listening/);
  own.child.process.kill('SIGSTOP');
  t.teardown(() => own.child.process.kill('SIGCONT'));
  cli.process.kill('SIGINT');
  const again = setInterval(() => cli.process.kill('SIGINT'), 100);
  t.match(await cli.ended, { code: 130 });
  clearInterval(again);
});

t.test('a connection that is lost is told at once, on standard error alone, and so is its coming back', async (t) => {
  const way = await wayTo(t, service);
  const listen = cliFor(t, way).start(['listen', 'udp', '--json']);
  const tail = cliFor(t, way).start(['tail']);
  await listen.until('stderr', /listening/);
  await tail.until('stderr', /following/);
  way.cut();
  await Promise.all([listen, tail].map((one) => one.until('stderr', /lost the service at http:\S+; trying/)));
  // Back only once the service has seen it too: else the listener is held by the next stream already.
  const [{ id }] = objects(listen.stdout) as [{ id: string }];
  await service.until(`/v1/listeners/${id}`, ({ status }) => status === 404);
  way.mend();
  await tail.until('stderr', /the service at http:\S+ is back/);
  // Whether the listener goes with its stream or a new one is in time to hold it is a race.
  await listen.until('stderr', /is back|gone after 0 messages/);
  await listen.stop('SIGINT');
  t.equal(objects(listen.stdout).length, 1, 'data stays data');
});

t.test('a service that does not come back: told at once, in the end one line more, and code 1', async (t) => {
  const own = await startProcess(t);
  const cli = cliFor(t, own).start(['listen', 'udp']);
  await cli.until('stderr', /listening/);
  await own.stop();
  const { code, stderr } = await cli.ended;
  t.equal(code, 1);
  t.match(stderr, /^listening .*\nlost the service .*\nerror: no service at http:\S+ \(connection refused\).*\n$/);
});

t.test('a listener that somebody removes: 1 when messages were still wanted', async (t) => {
  const cli = cliFor(t, service).start(['listen', 'udp', '--name', 'gone', '--count', '1']);
  await cli.until('stderr', /listening/);
  await service.delete('/v1/listeners/gone');
  t.match(await cli.ended, { code: 1, stderr: /gone after 0 messages/ });
});

t.test('what can not be', async (t) => {
  await service.post('/v1/listeners', { protocol: 'udp', name: 'taken' });
  await refuses(t, service, [
    [['listen', 'udp', '--echo', '--upper'], 2, /'--echo' cannot be used with option '--upper'/],
    [['listen', 'udp', '--template'], 2, /--template goes with --reply/],
    [['listen', 'udp', '--framing', 'line'], 2, /--framing is for tcp/],
    [['listen', 'udp', '--responder', '{"type":"parrot"}'], 2, /responder.*type/],
    [['listen', 'udp', '80000'], 2, /'80000'.*from 0 to 65535/],
    [['listen', 'sctp'], 2, /udp, tcp/],
    [['listen', 'udp', '--name', 'taken'], 1, /taken/],
    [['listen', 'udp', '--host', '192.0.2.1'], 1, /--allow-bind/],
  ]);
});

/** A way to the service that can be cut, and mended. */
async function wayTo(t: Test, { url }: Service): Promise<{ url: string; cut: () => void; mend: () => void }> {
  const there = Number(new URL(url).port);
  const open = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(there, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy()).on('close', () => to.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    isCut = true;
    for (const socket of open) socket.destroy();
    open.clear();
  };
  const mend = () => {
    isCut = false;
  };
  t.teardown(() => server.close(cut));
  t.teardown(cut);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, cut, mend };
}

async function udp(t: Test) {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  return socket;
}

async function read(socket: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

t.test('--preset answers as it says, with parameters', async (t) => {
  const quotes = '{"quotes": ["one", "two"]}';
  const cli = cliFor(t, service).start(['listen', 'tcp', '--preset', 'qotd', '--with', quotes, '--json']);
  await cli.until('stdout', /\n/);
  const [{ responder, address }] = objects(cli.stdout);
  t.match(responder, { type: 'rules', rules: [{ name: 'quote', on: 'connect' }] });
  t.equal(await read(connect(address.port, '127.0.0.1')), 'one\r\n');
  await cli.stop('SIGINT');
  await refuses(t, service, [
    [['listen', 'tcp', '--preset', 'nope'], 2, /Allowed choices are discard/],
    [['listen', 'tcp', '--preset', 'echo', '--upper'], 2, /cannot be used with option '--preset/],
    [['listen', 'tcp', '--with', '{}'], 2, /--with goes with --preset/],
    [['listen', 'tcp', '--preset', 'ntp'], 2, /ntp is for udp/],
    [['listen', 'tcp', '--preset', 'echo', '--with', '{"loud":1}'], 2, /there are none/],
  ]);
});
