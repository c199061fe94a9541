/** Who is connected to the API: counted, so that a metric shows it, and cut when the service goes down. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type ConnectionTotals = { open: number; refused: number };

export class HttpConnections {
  /** Requests under way, by connection: from their head on until the answer is written or the client gone. */
  readonly #open = new Map<Socket, number>();
  readonly #emptied = Promise.withResolvers<void>();
  #refused = 0;
  #closing = false;

  /** Counts a server's connections from now on. */
  watch(server: Server): void {
    server.on('connection', (socket) => this.#take(socket));
    server.on('request', (request, response) => this.#serve(request, response));
    server.on('drop', () => this.#refused++);
  }

  /** Open now, and those ever refused because there were too many. */
  totals(): ConnectionTotals {
    return { open: this.#open.size, refused: this.#refused };
  }

  /**
   * Cuts at once those that ask for nothing, or only new ones; those with a request under way, half sent or half
   * answered, get so many milliseconds to come to its end.
   */
  async close(timeoutMs: number): Promise<void> {
    this.#closing = true;
    for (const [socket, requests] of this.#open) if (requests === 0) socket.destroy();
    if (this.#open.size > 0) await Promise.race([this.#emptied.promise, sleep(timeoutMs, null, { ref: false })]);
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #take(socket: Socket): void {
    if (this.#closing) {
      socket.destroy();
      return;
    }
    this.#open.set(socket, 0);
    socket.once('close', () => {
      this.#open.delete(socket);
      if (this.#closing && this.#open.size === 0) this.#emptied.resolve();
    });
  }

  #serve({ socket }: IncomingMessage, response: ServerResponse): void {
    this.#count(socket, 1);
    response.once('close', () => {
      this.#count(socket, -1);
      if (this.#closing && this.#open.get(socket) === 0) socket.destroySoon();
    });
  }

  #count(socket: Socket, change: number): void {
    const requests = this.#open.get(socket);
    if (requests !== undefined) this.#open.set(socket, requests + change);
  }
}
