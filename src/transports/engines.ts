/** Which transport opens a binding in this thread. */
import type { Attachment, BindingSpec } from '../workers/protocol.ts';
import { tcpTransport } from './tcp/tcp.ts';
import type { Transport } from './transport.ts';
import { dgramTransport } from './udp/dgram.ts';

export type Engines = {
  /** The engine UDP bindings get here when main hands over a descriptor. */
  readonly udp: 'mmsg' | 'dgram';
  transport(spec: BindingSpec, attachment: Attachment | null): Transport;
};

/** Finds out what this thread can do. Never rejects: the portable engine always works. */
export async function loadEngines(_wanted: 'auto' | 'dgram'): Promise<Engines> {
  return { udp: 'dgram', transport: (spec) => (spec.protocol === 'tcp' ? tcpTransport : dgramTransport) };
}
