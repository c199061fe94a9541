/**
 * TCP: main opens one listening socket a listener, and each of its threads listens on a descriptor of its own to it. Where
 * the native layer is missing each thread binds by node:net.
 */
import type { TcpSpec } from '../../../workers/protocol.ts';
import { ListeningSocket } from '../../native/listening-socket.ts';
import { sharedPoller } from '../../native/poller.ts';
import { bindTcpSocket } from '../../native/sockets.ts';
import type { Binding, BindingContext, PreparedSocket, Transport } from '../../transport.ts';

export const tcpTransport: Transport<TcpSpec> = { name: 'tcp', prepare, load, open };

function prepare({ host, port, accept, tcp: { backlog, ipv6Only } }: TcpSpec): PreparedSocket {
  const { fd, address } = bindTcpSocket({ host, port, ipv6Only });
  const listening = new ListeningSocket(fd, backlog);
  try {
    listening.begin(accept?.mode ?? 'accept');
  } catch (error) {
    listening.close();
    throw error;
  }
  return {
    attachment: { fd, droppedBefore: 0, poller: sharedPoller().access },
    port: address.port,
    isListening: true,
    listening,
    close: () => listening.close(),
  };
}

function load() {
  return import('./server.ts');
}

async function open(spec: TcpSpec, context: BindingContext): Promise<Binding> {
  return (await load()).openTcp(spec, context);
}
