/** A registry on real threads, a real journal and real sockets, without HTTP; and clients to talk to its listeners. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket as TcpSocket } from 'node:net';
import type { Test } from 'tap';
import { openJournal } from '../../../src/journal/client.ts';
import type { Journal } from '../../../src/journal/ports.ts';
import { Registry, type RegistryOptions } from '../../../src/listeners/registry.ts';
import { PortTable } from '../../../src/listeners/sockets/ports.ts';
import { AddressPolicy } from '../../../src/net/access-policy.ts';
import type { MessageFilter } from '../../../src/schemas/reads.ts';
import type { PoolThread } from '../../../src/workers/pool-thread.ts';
import { ThreadAllocator } from '../../../src/workers/thread-allocator.ts';
import { betweenLooks } from '../../support/waiting.ts';

/** `auto` is the native engine where it works. */
export type Engine = 'auto' | 'dgram';
export const ENGINES: readonly Engine[] = ['auto', 'dgram'];
export type Setup = { registry: Registry; allocator: ThreadAllocator; journal: Journal; errors: unknown[] };

/** Everything is closed when the test ends; a failure nobody waited for fails it. */
export async function setup(
  t: Test,
  options: Partial<RegistryOptions> & {
    allowBind?: string[];
    threads?: number;
    maxThreads?: number;
    engine?: Engine;
  } = {},
): Promise<Setup> {
  const { allowBind = [], threads = 2, maxThreads = 8, engine = 'dgram', ...rest } = options;
  const journal = await openJournal({ dataDir: null, execArgv: [] });
  const ownPorts = new SharedArrayBuffer(65_536);
  const environment = { attachJournal: journal.attach.bind(journal), ownPorts, engine };
  const allocator = await ThreadAllocator.start({ threads, maxThreads, environment }).catch(async (error) => {
    await journal.close();
    throw error;
  });
  const errors: unknown[] = [];
  const registry = new Registry({
    journal,
    allocator,
    ports: { table: new PortTable(ownPorts), range: null },
    bindPolicy: new AddressPolicy(allowBind, { code: 'bind_not_allowed', flag: '--allow-bind' }),
    advertisedHost: null,
    maxListeners: 1000,
    onError: (error) => errors.push(error),
    ...rest,
  });
  t.teardown(async () => {
    await registry.close();
    await allocator.close();
    await journal.close();
    if (errors.length > 0) throw errors[0];
  });
  return { registry, allocator, journal, errors };
}

/** The thread of a name, to kill it. */
export function threadNamed(allocator: ThreadAllocator, name: string): PoolThread {
  const threads = allocator.choose(2) as unknown as PoolThread[];
  const found = threads.find((thread) => thread.name === name);
  if (found === undefined) throw new Error(`no thread ${name}`);
  return found;
}

/** Waits for a condition, with a bound. */
export async function until(
  condition: () => Promise<boolean> | boolean,
  what: string,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`still not: ${what}`);
    await betweenLooks(5);
  }
}

export class UdpClient {
  readonly socket: Socket = createSocket('udp4');
  readonly received: string[] = [];

  constructor(t: Test) {
    this.socket.on('message', (message) => this.received.push(message.toString()));
    t.teardown(() => this.socket.close());
  }

  send(port: number, payload: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) =>
      this.socket.send(payload, port, '127.0.0.1', (error) => (error === null ? resolve() : reject(error))),
    );
  }

  /** Sends and waits for one more answer. */
  async ask(port: number, payload: string): Promise<string> {
    const before = this.received.length;
    await this.send(port, payload);
    await until(() => this.received.length > before, `an answer to ${payload}`);
    return this.received.at(-1)!;
  }
}

export async function tcpClient(t: Test, port: number): Promise<TcpSocket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

type Item = {
  seq?: number;
  kind: string;
  direction?: string;
  text?: string;
  reason?: string;
  dropped?: number;
  thread?: string;
};

/** Records of a listener as a page shows them. */
export async function page({ registry, journal }: Setup, ref: string, filter: MessageFilter = {}): Promise<Item[]> {
  const { number } = await registry.flush(ref);
  const pulled = await journal.read({
    scope: { listener: number },
    after: null,
    before: null,
    order: 'asc',
    limit: 100_000,
    maxBytes: 1 << 26,
    filter,
    payload: 'full',
    format: 'json',
  });
  return JSON.parse(`[${new TextDecoder().decode(pulled.body)}]`) as Item[];
}
