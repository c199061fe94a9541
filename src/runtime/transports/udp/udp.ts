/**
 * UDP: on Linux main opens a socket for each binding and its thread reads it in batches (mmsg); everywhere else the
 * thread opens one by node:dgram. Which of the two is told by what main hands over.
 */
import type { UdpSpec } from '../../../workers/protocol.ts';
import { holdAddresses } from '../../native/held-addresses.ts';
import { sharedPoller } from '../../native/poller.ts';
import { whyNotNative } from '../../native/selftest.ts';
import { closeSocket, hideSocket, openUdpSocket, shareSocket } from '../../native/sockets.ts';
import type { Binding, BindingContext, PreparedSocket, Transport } from '../../transport.ts';

export const udpTransport: Transport<UdpSpec> = { name: 'udp', prepare, load, open };

/** The engine UDP bindings get in this thread, when main hands over a descriptor. */
export function udpEngine(wanted: 'auto' | 'dgram'): 'mmsg' | 'dgram' {
  return wanted === 'auto' && whyNotNative() === null ? 'mmsg' : 'dgram';
}

function prepare(
  { host, port, binding, bindings, unreachable = false, udp }: UdpSpec,
  { droppedBefore, joins = false }: { droppedBefore: number; joins?: boolean },
): PreparedSocket {
  const { fd, address } = openUdpSocket({ host, port, binding: joins ? 1 : binding, bindings, ...udp });
  const hide = () => hideSocket(fd);
  try {
    if (unreachable) hide();
  } catch (error) {
    closeSocket(fd);
    throw error;
  }
  return {
    attachment: { fd, droppedBefore, poller: sharedPoller().access },
    port: address.port,
    isListening: false,
    hide,
    holdAddresses: () => holdAddresses({ host, port: address.port, ipv6Only: udp.ipv6Only }),
    share: (on) => shareSocket(fd, on),
    close: () => closeSocket(fd),
  };
}

async function load() {
  const [{ openMmsg }, { openDgram }] = await Promise.all([import('./mmsg.ts'), import('./dgram.ts')]);
  return { openMmsg, openDgram };
}

async function open(spec: UdpSpec, context: BindingContext): Promise<Binding> {
  const { openMmsg, openDgram } = await load();
  return context.attachment === null ? openDgram(spec, context) : openMmsg(spec, context);
}
