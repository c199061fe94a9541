/**
 * TCP: main opens one listening socket a listener, and each of its threads listens on a descriptor of its own to it. Where
 * the native layer is missing each thread binds by node:net.
 */
import type { TcpSpec } from '../../../workers/protocol.ts';
import { sharedPoller } from '../../native/poller.ts';
import { closeSocket, openTcpSocket } from '../../native/sockets.ts';
import type { Binding, BindingContext, PreparedSocket, Transport } from '../../transport.ts';

export const tcpTransport: Transport<TcpSpec> = { name: 'tcp', prepare, load, open };

function prepare({ host, port, tcp: { backlog, ipv6Only } }: TcpSpec): PreparedSocket {
  const { fd, address } = openTcpSocket({ host, port, backlog, ipv6Only });
  return {
    attachment: { fd, droppedBefore: 0, poller: sharedPoller().access },
    port: address.port,
    isListening: true,
    close: () => closeSocket(fd),
  };
}

function load() {
  return import('./server.ts');
}

async function open(spec: TcpSpec, context: BindingContext): Promise<Binding> {
  return (await load()).openTcp(spec, context);
}
