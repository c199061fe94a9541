/** A stream transport in memory: it brings a server and sockets, and TcpBinding serves them as it does those of node:net. */

import type { Transport } from '../../../../src/runtime/transport.ts';
import { TcpBinding } from '../../../../src/runtime/transports/tcp/binding.ts';
import type { TcpSpec } from '../../../../src/workers/protocol.ts';
import type { MemoryNetwork } from './memory-network.ts';

export function memoryStreams(network: MemoryNetwork): Transport<TcpSpec> {
  return {
    name: 'tcp',
    async open(spec, context) {
      return new TcpBinding(network.listen(spec.host, spec.port, spec.binding > 0), spec, context, 'memory');
    },
  };
}
