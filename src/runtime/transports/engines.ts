/** Which transport opens a binding in this thread. */
import type { Attachment, BindingSpec } from '../../workers/protocol.ts';
import { tcpTransport } from './tcp/tcp.ts';
import type { Transport } from './transport.ts';
import { dgramTransport } from './udp/dgram.ts';
import { mmsgTransport } from './udp/mmsg.ts';
import { whyNotNative } from './udp/native/selftest.ts';

export type Engines = {
  /** The engine UDP bindings get here when main hands over a descriptor. */
  readonly udp: 'mmsg' | 'dgram';
  transport(spec: BindingSpec, attachment: Attachment | null): Transport;
};

/** Finds out what this thread can do. Never rejects: the portable engine always works. */
export async function loadEngines(wanted: 'auto' | 'dgram'): Promise<Engines> {
  const native = wanted === 'auto' && whyNotNative() === null;
  return { udp: native ? 'mmsg' : 'dgram', transport: choose };
}

function choose({ protocol }: BindingSpec, attachment: Attachment | null): Transport {
  if (protocol === 'tcp') return tcpTransport;
  return attachment === null ? dgramTransport : mmsgTransport;
}
