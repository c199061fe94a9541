import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { ReceiveArena } from '../../../../src/runtime/native/arena.ts';
import { AF_INET, AF_INET6 } from '../../../../src/runtime/native/layout.ts';
import { errnoName, loadLibc } from '../../../../src/runtime/native/libc.ts';
import { provenLibc, whyNotNative } from '../../../../src/runtime/native/selftest.ts';
import { SendBatch } from '../../../../src/runtime/native/send-batch.ts';
import { familyOf, readEndpoint, socketAddress } from '../../../../src/runtime/native/sockaddr.ts';
import { socketDrops } from '../../../../src/runtime/native/socket-state.ts';
import { closeSocket, openSendingSocket, openUdpSocket } from '../../../../src/runtime/native/sockets.ts';

const loopback = { host: '127.0.0.1', port: 0, ipv6Only: false, receiveBuffer: 1 << 20, binding: 0, bindings: 1 };

t.test('elsewhere than on 64-bit Linux, and without koffi, it says why not', async (t) => {
  for (const [property, value] of [
    ['platform', 'darwin'],
    ['arch', 's390x'],
  ]) {
    const reason = verdict(`Object.defineProperty(process, '${property}', { value: '${value}' });`);
    t.equal(reason, `no native batches on ${value}`);
  }
  const hidden = `const { Module } = process.getBuiltinModule('module'); const load = Module._load;
    Module._load = (name, ...rest) => { if (name === 'koffi') throw new Error('no koffi here'); return load(name, ...rest); };`;
  t.equal(verdict(hidden), 'no koffi here');
});

/** What the self-test says in a process that was prepared by this code. */
function verdict(prepare: string): string {
  const module = new URL('../../../../src/runtime/native/selftest.js', import.meta.url).href;
  const code = `${prepare} import('${module}').then((m) => console.log(m.whyNotNative()));`;
  return spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' }).stdout.trim();
}

const reason = whyNotNative();
t.test('native calls', { skip: reason ?? false }, async (t) => {
  const libc = loadLibc();
  t.equal(provenLibc(), libc, 'the self-test has passed');

  t.test('whatever they are given, they never crash', async (t) => {
    const fuzz = spawn(process.execPath, [fileURLToPath(new URL('./fuzz.js', import.meta.url))], { stdio: 'inherit' });
    t.same(await once(fuzz, 'exit'), [0, null]);
  });

  t.test('a port held by a stranger who shares it is taken all the same', async (t) => {
    const stranger = createSocket({ type: 'udp4', reusePort: true });
    stranger.bind(0, '127.0.0.1');
    await once(stranger, 'listening');
    t.teardown(() => stranger.close());
    const { port } = stranger.address();
    t.throws(() => openUdpSocket({ ...loopback, port, bindings: 2 }), { code: 'EADDRINUSE', syscall: 'bind' });
  });

  t.test('bindings of one listener share a port that nobody else can join', async (t) => {
    const first = openUdpSocket({ ...loopback, bindings: 2 });
    const second = openUdpSocket({ ...loopback, port: first.address.port, binding: 1, bindings: 2 });
    t.same(second.address, first.address);
    const alone = openUdpSocket(loopback);
    t.throws(() => openUdpSocket({ ...loopback, port: alone.address.port, binding: 1, bindings: 2 }), {
      code: 'EADDRINUSE',
    });
    for (const { fd } of [first, second, alone]) closeSocket(fd);
    const again = openUdpSocket({ ...loopback, port: first.address.port });
    closeSocket(again.fd);
  });

  t.test('errors have their names', async (t) => {
    t.throws(() => openUdpSocket({ ...loopback, host: '192.0.2.1' }), { code: 'EADDRNOTAVAIL' });
    t.throws(() => openSendingSocket(libc, { host: '127.0.0.1', port: 9 }, { host: '192.0.2.1', port: 0 }), {
      code: 'EADDRNOTAVAIL',
    });
    t.throws(() => openUdpSocket({ ...loopback, host: 'localhost' }), TypeError);
    t.equal(errnoName(-98), 'EADDRINUSE');
    t.equal(libc.close(-1), -9);
    t.ok(socketDrops(libc, -1) < 0);
  });

  t.test('a refusal that comes back does not hide what is queued', async (t) => {
    const { fd, address } = openUdpSocket(loopback);
    const gone = openUdpSocket(loopback);
    closeSocket(gone.fd);
    libc.connect(fd, socketAddress(gone.address, AF_INET));
    const sendBatch = new SendBatch(libc);
    sendBatch.push(Uint8Array.of(1), new Uint8Array(0));
    t.equal(sendBatch.flush(fd), 1);
    t.equal(new ReceiveArena(libc, 1).receive(fd), 0, 'ECONNREFUSED is no failure of the read');
    sendBatch.push(Uint8Array.of(1), new Uint8Array(0));
    sendBatch.push(Uint8Array.of(2), new Uint8Array(0));
    sendBatch.push(Uint8Array.of(3), new Uint8Array(0));
    t.equal(sendBatch.flush(fd), 3, 'nor does it cost a datagram that was not tried');
    t.not(address.port, 0);
    closeSocket(fd);
  });

  t.test('what can not be sent is told for each datagram', async (t) => {
    const { fd, address } = openUdpSocket(loopback);
    const name = socketAddress(address, AF_INET);
    const sendBatch = new SendBatch(libc, 3);
    sendBatch.push(new Uint8Array(8), name);
    sendBatch.push(new Uint8Array(65_520), name);
    sendBatch.push(new Uint8Array(9), name);
    t.equal(sendBatch.isFull, true);
    t.throws(() => sendBatch.push(new Uint8Array(1), name), RangeError);
    t.equal(sendBatch.flush(fd), 2);
    t.same(
      [...sendBatch.results].map((result) => (result < 0 ? errnoName(result) : result)),
      [1, 'EMSGSIZE', 1],
    );
    t.throws(() => sendBatch.push(new Uint8Array(70_000), name), RangeError);
    t.throws(() => sendBatch.push(new Uint8Array(1), new Uint8Array(40)), RangeError);
    t.throws(() => sendBatch.send(fd, 2, 2), RangeError);
    closeSocket(fd);
  });

  t.test('addresses go in and come out', async (t) => {
    for (const host of ['127.0.0.1', '255.1.2.3', '::1', 'fe80::1', '2001:db8::ffff']) {
      t.same(readEndpoint(socketAddress({ host, port: 4711 }, familyOf(host))), { host, port: 4711 });
    }
    t.same(readEndpoint(socketAddress({ host: '10.0.0.1', port: 1 }, AF_INET6)), { host: '10.0.0.1', port: 1 });
    t.equal(socketAddress({ host: 'fe80::1%7', port: 1 }, AF_INET6)[24], 7, 'the zone by number');
    t.equal(socketAddress({ host: 'fe80::1%lo', port: 1 }, AF_INET6).length, 28, 'the zone by name');
    t.throws(() => socketAddress({ host: '::1', port: 1 }, AF_INET), TypeError);
  });
});
