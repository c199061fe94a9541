/** Peers of datagrams as keys: an address and a port. */
import { asBuffer } from '../../as-buffer.ts';
import type { DatagramPeer } from './behavior.ts';

const ADDRESS_BYTES = 16;

/** The 16 bytes of an address, a character each. */
export function addressKey(remote: Uint8Array): string {
  return asBuffer(remote).toString('latin1');
}

export function peerKey(remote: Uint8Array, port: number): string {
  return `${addressKey(remote)}${port}`;
}

/** The peer that a key stands for. */
export function peerOfKey(key: string): DatagramPeer {
  const remote = Uint8Array.from(Buffer.from(key.slice(0, ADDRESS_BYTES), 'latin1'));
  return { remote, remotePort: Number(key.slice(ADDRESS_BYTES)) };
}
