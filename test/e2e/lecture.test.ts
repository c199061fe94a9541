/**
 * The programs of the lecture this project starts from (UDP sockets and socketserver), with real python3 and netcat as
 * the other side.
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { type Service, startProcess } from '../support/process.ts';

const without = (program: string, ...args: string[]) =>
  spawnSync(program, args).error === undefined ? {} : { skip: `${program} is not installed` };
const python = without('python3', '--version');
const netcat = without('nc', '-h');

const UDP_CLIENT = `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(10)
s.sendto(sys.argv[2].encode(), ('127.0.0.1', int(sys.argv[1])))
print(s.recvfrom(1024)[0].decode())
`;
const UDP_SERVER = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(10)
s.bind(('127.0.0.1', 0))
print(s.getsockname()[1], flush=True)
data, peer = s.recvfrom(1024)
print(data.decode(), flush=True)
s.sendto(b'Hola cliente', peer)
`;
const TCP_CLIENT = `
import socket, sys
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])), 10)
s.sendall(sys.argv[2].encode())
print(s.recv(1024).decode())
s.close()
`;

import { betweenLooks } from '../support/waiting.ts';

t.setTimeout(120_000);

const service = await startProcess(t, ['--allow-bind', '0.0.0.0/0', '--threads', '2']);

t.test('a UDP server that answers one request', python, async (t) => {
  const responder = { type: 'reply', text: 'Hola cliente' };
  const spec = { protocol: 'udp', host: '0.0.0.0', port: 2323, name: 'server', maxRequests: 1, responder };
  await createOnPort(service, spec);
  t.equal(await runPython(t, UDP_CLIENT, ['2323', 'Hola server']), 'Hola cliente');
  const { body } = await service.until('/v1/listeners/server', (answer) => answer.body.state === 'completed');
  t.match(body, { address: null, stats: { requests: 1, captured: 1, sent: 1 } });
  const { body: page } = await service.get('/v1/listeners/server/messages');
  t.match(page.items, [
    { direction: 'in', text: 'Hola server' },
    { direction: 'out', text: 'Hola cliente', inReplyTo: 1 },
  ]);
  await bindsUdp(2323);
  t.pass('its port is free');
});

t.test('a UDP client', python, async (t) => {
  const server = talk(t, 'python3', ['-c', UDP_SERVER]);
  const port = Number(await server.read(/^\d+\n/));
  const { status, body: send } = await service.post('/v1/sends', {
    protocol: 'udp',
    to: { host: '127.0.0.1', port },
    text: 'Hola server',
    expectReply: { timeout: '10s' },
  });
  t.equal(status, 201);
  t.match(send, { state: 'done', sent: 1, bytes: 11, replies: [{ text: 'Hola cliente', remote: { port } }] });
  t.match(await server.read(/Hola server\n/), 'Hola server');
  t.match((await service.get(`/v1/sends/${send.id}`)).body, { state: 'done' });
});

t.test('upper case over UDP, white space stripped', netcat, async (t) => {
  const { body } = await service.post('/v1/listeners', { protocol: 'udp', responder: { type: 'upper' } });
  const client = talk(t, 'nc', ['-u', '127.0.0.1', String(body.address.port)]);
  client.write('  hola mundo \n');
  t.equal(await client.read(/MUNDO/), 'HOLA MUNDO');
});

t.test('three clients at once', netcat, async (t) => {
  const { body } = await service.post('/v1/listeners', {
    protocol: 'tcp',
    name: 'three',
    responder: { type: 'upper' },
  });
  const clients = ['uno', 'dos', 'tres'].map((word) => ({
    word,
    client: talk(t, 'nc', ['127.0.0.1', String(body.address.port)]),
  }));
  await service.until('/v1/listeners/three', (answer) => answer.body.stats.connectionsOpen === 3);
  for (const { word, client } of clients) client.write(`${word}\n`);
  for (const { word, client } of clients) {
    t.equal((await client.read(new RegExp(word, 'i'))).trim(), word.toUpperCase());
  }
  t.equal((await service.get('/v1/listeners/three/connections')).body.items?.length ?? 3, 3);
});

t.test('a threaded TCP server says which thread served', python, async (t) => {
  const responder = { type: 'reply', template: true, text: '{{thread}}: {{text}}' };
  const { body } = await service.post('/v1/listeners', { protocol: 'tcp', name: 'tcp', threads: 2, responder });
  t.equal(body.bindings.length, 2);
  for (const word of ['uno', 'dos', 'tres']) {
    const answer = await runPython(t, TCP_CLIENT, [String(body.address.port), word]);
    t.match(answer, new RegExp(`^shared-[12]: ${word}$`));
    const { body: page } = await service.get('/v1/listeners/tcp/messages?direction=in');
    t.match(page.items.at(-1), { text: word, thread: answer.split(':')[0]! });
  }
});

t.test('and all of it shuts down in order', async (t) => {
  t.match(await service.stop(), { code: 0, signal: null, stderr: '' });
});

/** The lecture's port is a fixed one: another test may hold it for a moment. */
async function createOnPort(service: Service, spec: object): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const { status, body } = await service.post('/v1/listeners', spec);
    if (status === 201) return;
    if (status !== 409 || performance.now() > deadline) throw new Error(JSON.stringify(body));
    await betweenLooks(100);
  }
}

/** Runs a Python program to its end; answers what it printed. */
function runPython(t: Test, program: string, args: string[]): Promise<string> {
  const child = spawn('python3', ['-c', program, ...args], { env: plainEnvironment() });
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => t.comment(String(text)));
  return new Promise((resolve) => child.on('close', () => resolve(output.trim())));
}

/** A program to talk to line by line; it is ended with the test. */
function talk(t: Test, program: string, args: string[]) {
  const child: ChildProcessWithoutNullStreams = spawn(program, args, { env: plainEnvironment() });
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  t.teardown(() => child.kill());
  return {
    write: (text: string) => child.stdin.write(text),
    /** What it has printed, once that matches. */
    read: async (pattern: RegExp) => {
      const deadline = performance.now() + 10_000;
      while (!pattern.test(output)) {
        if (performance.now() > deadline) throw new Error(`no ${pattern} in ${output}`);
        await betweenLooks(5);
      }
      return output;
    },
  };
}

/** Without the test runner's own variables. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...rest } = process.env;
  return rest;
}

/** Binds the port in this process; patient, for another test may hold it. */
async function bindsUdp(port: number): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const socket = createSocket('udp4').bind(port, '0.0.0.0');
    const bound = await once(socket, 'listening').then(
      () => true,
      () => false,
    );
    socket.close();
    if (bound) return;
    if (performance.now() > deadline) throw new Error(`port ${port} is not free`);
  }
}
