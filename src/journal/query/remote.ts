/** `remote=`: the peer's address lies in a network, and its port is that, when one is given. */
import { addressText } from '../address.ts';
import type { ChunkReader } from '../chunk.ts';
import type { RemoteFilter } from '../journal.ts';
import type { Conditions } from '../store.ts';
import { addressBits, endpointBits } from '../survey.ts';

const WHOLE_ADDRESS = 128;

export function remoteTest({ bytes, prefix, port }: RemoteFilter) {
  return {
    matches: (reader: ChunkReader) =>
      reader.hasRemote &&
      (port === undefined || reader.remotePort === port) &&
      isInNetwork(reader.bytes, reader.remoteOffset, bytes, prefix),
    why: (reader: ChunkReader) => (reader.hasRemote ? `remote is ${endpointText(reader)}` : 'has no remote address'),
  };
}

/** What the notes of a chunk with such a peer must have set. Networks leave no trace there, only whole addresses do. */
export function remoteConditions(filter: RemoteFilter | undefined): Pick<Conditions, 'addresses' | 'endpoints'> {
  if (filter === undefined || filter.prefix < WHOLE_ADDRESS) return { addresses: 0, endpoints: 0 };
  const view = new DataView(filter.bytes.buffer, filter.bytes.byteOffset);
  return {
    addresses: addressBits(view, 0) >>> 0,
    endpoints: filter.port === undefined ? 0 : endpointBits(view, 0, filter.port) >>> 0,
  };
}

function isInNetwork(bytes: Uint8Array, offset: number, network: Uint8Array, prefix: number): boolean {
  const whole = prefix >>> 3;
  for (let i = 0; i < whole; i++) if (bytes[offset + i] !== network[i]) return false;
  const rest = prefix & 7;
  return rest === 0 || ((bytes[offset + whole]! ^ network[whole]!) & (0xff00 >>> rest) & 0xff) === 0;
}

function endpointText(reader: ChunkReader): string {
  const address = addressText(reader.bytes, reader.remoteOffset);
  return `${address.includes(':') ? `[${address}]` : address}:${reader.remotePort}`;
}
