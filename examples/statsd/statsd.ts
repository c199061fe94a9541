/** The code under test: a statsd client that collects metrics and sends them in datagrams no longer than a packet. */
import { createSocket, type Socket } from 'node:dgram';

const LONGEST = 512;

export class StatsD {
  readonly #socket: Socket = createSocket('udp4');
  readonly #host: string;
  readonly #port: number;
  #lines: string[] = [];
  #flushing: NodeJS.Timeout | undefined;

  constructor({ host, port }: { host: string; port: number }) {
    this.#host = host;
    this.#port = port;
    this.#socket.unref();
  }

  increment(name: string, by = 1): void {
    this.#add(`${name}:${by}|c`);
  }

  timing(name: string, milliseconds: number): void {
    this.#add(`${name}:${milliseconds}|ms`);
  }

  /** Sends what is there; answers when the kernel has it. */
  async flush(): Promise<void> {
    clearTimeout(this.#flushing);
    this.#flushing = undefined;
    const payload = this.#lines.join('\n');
    this.#lines = [];
    if (payload === '') return;
    await new Promise((resolve) => this.#socket.send(payload, this.#port, this.#host, resolve));
  }

  async close(): Promise<void> {
    await this.flush();
    this.#socket.close();
  }

  #add(line: string): void {
    const size = this.#lines.reduce((sum, { length }) => sum + length + 1, line.length);
    if (size > LONGEST) void this.flush();
    this.#lines.push(line);
    this.#flushing ??= setTimeout(() => this.flush(), 100);
  }
}
