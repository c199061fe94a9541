/** `remote=`: the peer's address lies in a network, and its port is that, when one is given. */
import { peerHolds } from '../../matching/peer.ts';
import { addressText } from '../../net/address.ts';
import type { ChunkReader } from '../../records/chunk.ts';
import { addressBits, endpointBits } from '../../records/chunk-summary.ts';
import type { RemoteFilter } from '../../schemas/reads.ts';
import type { Conditions } from '../store/store.ts';

const WHOLE_ADDRESS = 128;

export function remoteTest(filter: RemoteFilter) {
  return {
    matches: (reader: ChunkReader) =>
      reader.hasRemote && peerHolds(filter, reader.bytes, reader.remoteOffset, reader.remotePort),
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

function endpointText(reader: ChunkReader): string {
  const address = addressText(reader.bytes, reader.remoteOffset);
  return `${address.includes(':') ? `[${address}]` : address}:${reader.remotePort}`;
}
