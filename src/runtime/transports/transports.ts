/**
 * The registry of transports: which one serves a protocol, on both sides. A new one is a file or a folder, its schema,
 * its test, and a line here. What runs in threads only is loaded there, by `loadTransports`; main pays for `prepare`.
 */
import type { BindingSpec, Protocol } from '../../workers/protocol.ts';
import type { Transport } from '../transport.ts';
import { tcpTransport } from './tcp/tcp.ts';
import { udpTransport } from './udp/udp.ts';

export type TransportRegistry = { readonly [P in Protocol]: Transport<Extract<BindingSpec, { protocol: P }>> };

export const TRANSPORTS: TransportRegistry = {
  udp: udpTransport,
  tcp: tcpTransport,
};

/** The transport of a spec. The key and the type of the spec belong together, which the compiler can't follow. */
export function transportOf(spec: BindingSpec, registry: TransportRegistry = TRANSPORTS): Transport<BindingSpec> {
  return registry[spec.protocol] as Transport<BindingSpec>;
}

/** Loads the code of all transports into this thread. Done at its start: an open then needs no file. */
export async function loadTransports(registry: TransportRegistry = TRANSPORTS): Promise<void> {
  await Promise.all(Object.values(registry).map(({ load }) => load?.()));
}
