/** A network in memory: sockets that are bound to ports of it, datagrams and connections between them. No kernel. */
import { EventEmitter } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Endpoint } from '../../../../src/net/endpoint.ts';
import type { StreamServer } from '../../../../src/runtime/transports/tcp/stream.ts';
import { errno, MemorySocket } from './memory-socket.ts';

/** Bytes of the largest datagram. */
const LARGEST = 65_507;

type Bound = { address(): AddressInfo };

export class MemoryNetwork {
  readonly datagrams = new MemoryPorts<MemoryDatagramSocket>();
  readonly servers = new MemoryPorts<MemoryServer>();
  #connections = 0;

  /** Throws `EADDRINUSE`. */
  bind(host: string, port: number, isShared = false): MemoryDatagramSocket {
    const socket = new MemoryDatagramSocket(this, { host, port: port || this.datagrams.free() });
    this.datagrams.add(socket, isShared);
    return socket;
  }

  /** Throws `EADDRINUSE`. */
  listen(host: string, port: number, isShared = false): MemoryServer {
    const server = new MemoryServer(this, { host, port: port || this.servers.free() });
    this.servers.add(server, isShared);
    return server;
  }

  /** Throws `ECONNREFUSED`. The servers of a shared port take turns. */
  connect(to: Endpoint, host = '127.0.0.1'): MemorySocket {
    const servers = this.servers.at(to.port);
    const server = servers[this.#connections++ % servers.length];
    if (server === undefined) throw errno('ECONNREFUSED');
    const [ours, theirs] = MemorySocket.pair({ host, port: this.servers.free() }, to);
    theirs.pause();
    setImmediate(() => server.emit('connection', theirs));
    return ours;
  }

  /** The errno name of what hinders it, or null. A datagram to nobody is lost. */
  deliver(from: Endpoint, to: Endpoint, payload: Uint8Array): string | null {
    if (payload.length > LARGEST) return 'EMSGSIZE';
    const receivers = this.datagrams.at(to.port);
    receivers[from.port % receivers.length]?.receive(Buffer.from(payload), from);
    return null;
  }
}

/** Who holds which port. */
class MemoryPorts<S extends Bound> {
  readonly #held = new Map<number, S[]>();
  #last = 20_000;

  free(): number {
    return ++this.#last;
  }
  at(port: number): readonly S[] {
    return this.#held.get(port) ?? [];
  }
  add(socket: S, isShared: boolean): void {
    const { port } = socket.address();
    if (!isShared && this.at(port).length > 0) throw errno('EADDRINUSE');
    this.#held.set(port, [...this.at(port), socket]);
  }
  remove(socket: S): void {
    const { port } = socket.address();
    this.#held.set(
      port,
      this.at(port).filter((other) => other !== socket),
    );
  }
}

export type MemoryDatagram = { payload: Buffer; from: Endpoint };

/** Queues what comes; `readable` is emitted when there is something, and `next` takes it out. */
export class MemoryDatagramSocket extends EventEmitter<{ readable: [] }> {
  readonly #network: MemoryNetwork;
  readonly #local: Endpoint;
  #queue: MemoryDatagram[] = [];

  constructor(network: MemoryNetwork, local: Endpoint) {
    super();
    this.#network = network;
    this.#local = local;
  }
  address(): AddressInfo {
    return { address: this.#local.host, port: this.#local.port, family: 'IPv4' };
  }
  receive(payload: Buffer, from: Endpoint): void {
    if (this.#queue.push({ payload, from }) === 1) setImmediate(() => this.emit('readable'));
  }
  next(): MemoryDatagram | undefined {
    return this.#queue.shift();
  }
  send(payload: Uint8Array, to: Endpoint): string | null {
    return this.#network.deliver(this.#local, to, payload);
  }
  close(): void {
    this.#network.datagrams.remove(this);
    this.#queue = [];
  }
}

export class MemoryServer extends EventEmitter implements StreamServer {
  readonly #network: MemoryNetwork;
  readonly #local: Endpoint;

  constructor(network: MemoryNetwork, local: Endpoint) {
    super();
    this.#network = network;
    this.#local = local;
  }
  address(): AddressInfo {
    return { address: this.#local.host, port: this.#local.port, family: 'IPv4' };
  }
  close(): void {
    this.#network.servers.remove(this);
  }
}
