/** A transport in memory, registered by the line a real one would have, keeps what both contracts promise. */
import { EventEmitter } from 'node:events';
import type { Test } from 'tap';
import type { TransportRegistry } from '../../../../src/runtime/transports/transports.ts';
import { memoryDatagrams } from '../../../support/fake/transport/memory-datagrams.ts';
import { type MemoryDatagramSocket, MemoryNetwork } from '../../../support/fake/transport/memory-network.ts';
import { errno } from '../../../support/fake/transport/memory-socket.ts';
import { memoryStreams } from '../../../support/fake/transport/memory-streams.ts';
import { tcpContract } from './tcp-contract.ts';
import { type DatagramPeer, udpContract } from './udp-contract.ts';

const network = new MemoryNetwork();
const transports: TransportRegistry = {
  udp: memoryDatagrams(network),
  tcp: memoryStreams(network),
};
const skip = { kernel: 'a promise of the kernel', threads: 'a promise about threads that die' };

class Peer extends EventEmitter implements DatagramPeer {
  readonly #socket: MemoryDatagramSocket;

  constructor(socket: MemoryDatagramSocket) {
    super();
    this.#socket = socket;
    socket.on('readable', () => {
      for (let next = socket.next(); next !== undefined; next = socket.next()) this.emit('message', next.payload);
    });
  }
  address() {
    return this.#socket.address();
  }
  send(payload: string | Uint8Array, port: number, host: string, done: (error: Error | null) => void): void {
    const refusal = this.#socket.send(Buffer.from(payload), { host, port });
    setImmediate(() => done(refusal === null ? null : errno(refusal)));
  }
}

udpContract({
  engine: 'memory',
  rig: { transports },
  client: async (t: Test, host = '127.0.0.1', port = 0) => {
    const socket = network.bind(host, port);
    t.teardown(() => socket.close());
    return new Peer(socket);
  },
  skip,
  dropsWithoutCredit: false,
});

tcpContract({
  engine: 'memory',
  rig: { transports },
  connectPeer: async (to, from) => network.connect(to, from),
  skip,
});
