/** What the clients send from: one UDP socket for all, a TCP connection each time. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';

export class Peers {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(): Promise<Peers> {
    const socket = createSocket('udp4').on('message', () => {});
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new Peers(socket);
  }

  /** One datagram each; what goes to nobody is nobody's loss. */
  async datagrams(texts: string[], port: number, host: string): Promise<void> {
    const handedOver = texts.map((text) => new Promise((resolve) => this.#socket.send(text, port, host, resolve)));
    await Promise.all(handedOver);
  }

  /** Lines on a connection of their own; true when the service closed it after ours, having read all. */
  async lines(texts: string[], port: number, host: string): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const socket = connect(port, host, () => socket.end(texts.map((text) => `${text}\n`).join('')));
    let failed = false;
    socket.on('error', () => {
      failed = true;
    });
    socket.on('close', () => resolve(!failed));
    socket.resume();
    return promise;
  }

  close(): void {
    this.#socket.close();
  }
}
