/** What the client's tests share: the real service with a client, sockets, and a service that misbehaves. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer, type Socket } from 'node:net';
import type { Test } from 'tap';
import { connect } from '../../../src/client/index.ts';
import type { Service } from '../../../src/client/service.ts';
import { startProcess } from '../../support/process.ts';

/** The service in a process of its own, and a client of it. */
export async function client(t: Test, flags: string[] = []): Promise<Service> {
  const { url } = await startProcess(t, ['--threads', '2', ...flags]);
  const service = await connect(url);
  t.teardown(() => service.close());
  return service;
}

/** Sends datagrams from one socket, in order. */
export async function datagrams({ port }: { port: number }, ...payloads: (string | Uint8Array)[]): Promise<void> {
  const socket = createSocket('udp4');
  for (const payload of payloads) {
    await new Promise<void>((resolve, reject) =>
      socket.send(payload, port, '127.0.0.1', (error) => (error ? reject(error) : resolve())),
    );
  }
  socket.close();
}

/** An HTTP server that answers as the test says; its URL. */
export async function fakeService(t: Test, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A way to the service that can be cut: connections break, and while it is down new ones do too. */
export class Wire {
  #target: URL;
  readonly #server = createTcpServer((near) => this.#join(near));
  readonly #open = new Set<Socket>();
  isDown = false;
  connections = 0;

  constructor(target: string) {
    this.#target = new URL(target);
  }

  /** Lays it; what goes to the URL comes to the target. */
  async open(t: Test): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    t.teardown(() => {
      this.cut();
      this.#server.close();
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What connects from now on comes elsewhere. */
  lead(target: string): void {
    this.#target = new URL(target);
  }

  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #join(near: Socket): void {
    if (this.isDown) {
      near.destroy();
      return;
    }
    this.connections++;
    const far = connectTcp(Number(this.#target.port), this.#target.hostname);
    this.#keep(near, far);
    this.#keep(far, near);
  }

  #keep(socket: Socket, other: Socket): void {
    this.#open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#open.delete(socket);
      other.destroy();
    });
    socket.pipe(other);
  }
}

/** The error that a promise ends in. */
export async function failure<E extends Error>(
  kind: new (...args: never[]) => E,
  promise: Promise<unknown>,
): Promise<E> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (error: Error) => error,
  );
  if (!(error instanceof kind)) throw new Error(`expected a ${kind.name}, got ${error}`, { cause: error });
  return error;
}
