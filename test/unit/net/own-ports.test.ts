/** Ports of one number on several addresses: each holder takes away only what is its own. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t from 'tap';
import { PortTable } from '../../../src/listeners/sockets/ports.ts';
import { addressBytes } from '../../../src/net/address.ts';
import { PeerSocket } from '../../../src/runtime/transports/udp/peer-socket.ts';

/** A socket for a peer, on a port that the system chooses, and the place of its mark. */
async function peerSocket(ports: Uint8Array) {
  const before = ports.slice();
  const owner = {
    context: { ownPorts: ports },
    local: { host: '127.0.0.1', port: 1 },
    receive: () => {},
    broken: (code: string) => t.fail(code),
  };
  const peer = { remote: addressBytes('127.0.0.1'), remotePort: 9 };
  const socket = new PeerSocket(owner as never, peer, { idle: 60_000, onEnd: () => {} });
  while (socket.localText.endsWith(':0')) await new Promise(setImmediate);
  const port = Number(socket.localText.split(':').at(-1));
  t.not(ports[port], before[port]);
  return { socket, port };
}

t.test('a listener of that number on another address stays known when a peer has lost its socket', async (t) => {
  const memory = new SharedArrayBuffer(65_536);
  const ports = new Uint8Array(memory);
  const table = new PortTable(memory);
  const { socket, port } = await peerSocket(ports);
  const release = table.claim(
    { protocol: 'udp', host: '127.0.0.2', port, ipv6Only: false },
    { id: 'l_1', name: 'other' },
  );
  await socket.end();
  t.not(ports[port], 0);
  release();
  t.equal(ports[port], 0);
});

t.test('a peer keeps its mark when such a listener goes', async (t) => {
  const memory = new SharedArrayBuffer(65_536);
  const ports = new Uint8Array(memory);
  const table = new PortTable(memory);
  const { socket, port } = await peerSocket(ports);
  const claim = () =>
    table.claim({ protocol: 'udp', host: '127.0.0.2', port, ipv6Only: false }, { id: 'l_1', name: 'other' });
  claim()();
  t.not(ports[port], 0);
  await socket.end();
  t.equal(ports[port], 0);
  const probe = createSocket('udp4').bind(port, '127.0.0.1');
  await once(probe, 'listening');
  probe.close();
});
