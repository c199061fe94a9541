import t from 'tap';
import { whyNotNative } from '../../../src/transports/udp/native/selftest.ts';
import { closeUdpSocket, openUdpSocket } from '../../../src/transports/udp/native/sockets.ts';
import type { BindingSpec } from '../../../src/workers/protocol.ts';
import { udpContract } from './udp-contract.ts';

/** Opens in this thread, as the registry does; closed when the process ends. */
function attach({ host, port, binding, bindings, udp }: BindingSpec) {
  const { fd, address } = openUdpSocket({ host, port, binding, bindings, ...udp });
  return { attachment: { fd, droppedBefore: 0 }, port: address.port, release: () => closeUdpSocket(fd) };
}

const reason = await whyNotNative();
if (reason === null) udpContract({ engine: 'mmsg', rig: { engine: 'auto', attach }, dropsWithoutCredit: false });
else t.pass(`no native engine here: ${reason}`, { skip: true });
