/** TCP by node:net, thread side: listens on a socket that main handed over, or binds one, and lets a TcpBinding serve it. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type ListenOptions, type Server } from 'node:net';
import type { TcpSpec } from '../../../workers/protocol.ts';
import { errnoError, loadLibc } from '../../native/libc.ts';
import type { Binding, BindingContext } from '../../transport.ts';
import { isOpen } from './acceptance.ts';
import { TcpBinding } from './binding.ts';
import type { StreamServer } from './stream.ts';

/** Rejects with an errno `code` when the socket can't be bound; then nothing is left open. */
export async function openTcp(spec: TcpSpec, context: BindingContext): Promise<Binding> {
  const server = new NetServer(spec, await placeOf(spec, context));
  if (isOpen(spec.accept)) await server.listen();
  return new TcpBinding(server, spec, context);
}

/** Where to listen; called anew each time. */
type Place = () => ListenOptions & { fd?: number };

async function placeOf(spec: TcpSpec, { attachment }: BindingContext): Promise<Place> {
  const { host } = spec;
  const { backlog, ipv6Only } = spec.tcp;
  if (attachment !== null) return () => ({ fd: duplicate(attachment.fd), backlog });
  const shared = spec.bindings > 1;
  // SO_REUSEPORT would let us join a port that strangers hold with it: the first binding makes sure that nobody does.
  const port = shared && spec.binding === 0 && spec.incarnation === 0 ? await probe(spec) : spec.port;
  return () => ({ host, port, backlog, ipv6Only, reusePort: shared, exclusive: true });
}

/** A descriptor of this thread's own to the socket that main opened: it goes with the thread, the socket does not. */
function duplicate(fd: number): number {
  const result = loadLibc().duplicate(fd);
  if (result < 0) throw errnoError('fcntl', result);
  return result;
}

class NetServer implements StreamServer {
  readonly #spec: TcpSpec;
  readonly #place: Place;
  readonly #server: Server;

  constructor(spec: TcpSpec, place: Place) {
    this.#spec = spec;
    this.#place = place;
    // Half-open, so that queued answers still go out after the peer's FIN; paused, so that waiting ones are not read.
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: spec.tcp.noDelay });
  }

  address(): AddressInfo {
    const { host: address, port } = this.#spec;
    return (this.#server.address() as AddressInfo | null) ?? { address, port, family: 'IPv4' };
  }

  on(event: 'connection' | 'error', listener: (...given: never[]) => void): void {
    this.#server.on(event, listener as () => void);
  }

  async listen(): Promise<void> {
    const listening = once(this.#server, 'listening');
    this.#server.listen(this.#place());
    await listening;
  }

  close(): void {
    if (this.#server.listening) this.#server.close();
  }
}

/** A port that is free without SO_REUSEPORT; the one asked for unless that is 0. */
async function probe({ host, port, tcp }: TcpSpec): Promise<number> {
  const server = createServer();
  server.listen({ host, port, ipv6Only: tcp.ipv6Only, exclusive: true });
  await once(server, 'listening');
  const address = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return address.port;
}
