/** Reads the older pcap format (draft-ietf-opsawg-pcap), which `tcpdump -w` writes, and finds the UDP datagrams in it. */
import { Fragments } from './fragments.ts';
import { ImportError, type Imported, type ImportItem } from './item.ts';
import { datagramOf } from './packet.ts';

/** Magic number in the file's byte order -> nanoseconds in a unit of its fractions. */
const FRACTIONS = new Map([
  [0xa1b2_c3d4, 1000n],
  [0xa1b2_3c4d, 1n],
]);
const HEADER_BYTES = 24;
const PACKET_BYTES = 16;
const NANOS = 1_000_000_000n;

export function isPcap(file: Uint8Array): boolean {
  return (
    file.length >= 4 && [true, false].some((littleEndian) => FRACTIONS.has(viewOf(file).getUint32(0, littleEndian)))
  );
}

/** Throws ImportError. A pcap file does not say in which direction a packet went. */
export function readPcap(file: Uint8Array): Imported {
  if (!isPcap(file)) throw new ImportError(0, 'not a pcap file');
  if (file.length < HEADER_BYTES) throw new ImportError(file.length, 'the file header is cut short');
  const view = viewOf(file);
  const littleEndian = FRACTIONS.has(view.getUint32(0, true));
  const fraction = FRACTIONS.get(view.getUint32(0, littleEndian))!;
  const linkType = view.getUint32(20, littleEndian) & 0xffff;
  const fragments = new Fragments();
  const items: ImportItem[] = [];
  let skipped = 0;
  for (let offset = HEADER_BYTES; offset < file.length; ) {
    if (offset + PACKET_BYTES > file.length) throw new ImportError(offset, 'a packet header is cut short');
    const captured = view.getUint32(offset + 8, littleEndian);
    const start = offset + PACKET_BYTES;
    if (start + captured > file.length) throw new ImportError(offset + 8, `a packet of ${captured} bytes does not fit`);
    const found = datagramOf(linkType, file.subarray(start, start + captured), fragments);
    const at =
      BigInt(view.getUint32(offset, littleEndian)) * NANOS +
      BigInt(view.getUint32(offset + 4, littleEndian)) * fraction;
    if (found === undefined) skipped++;
    else items.push({ at, direction: null, ...found });
    offset = start + captured;
  }
  return { items, skipped };
}

function viewOf(file: Uint8Array): DataView {
  return new DataView(file.buffer, file.byteOffset, file.byteLength);
}
