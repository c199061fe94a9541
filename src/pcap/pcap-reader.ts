/** Reads the older pcap format (draft-ietf-opsawg-pcap), which `tcpdump -w` writes, and finds the UDP datagrams in it. */
import { Findings } from './findings.ts';
import { ImportError, type Imported } from './import-item.ts';

/** Magic number in the file's byte order -> nanoseconds in a unit of its fractions. */
const FRACTIONS = new Map([
  [0xa1b2_c3d4, 1000n],
  [0xa1b2_3c4d, 1n],
]);
const HEADER_BYTES = 24;
const PACKET_BYTES = 16;
/** What libpcap takes, unless the file says that its packets may be longer. One beyond that is damage, not a cut. */
const LARGEST_PACKET = 262_144;
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
  const u32 = (offset: number) => view.getUint32(offset, littleEndian);
  const fraction = FRACTIONS.get(u32(0))!;
  const largest = Math.max(u32(16), LARGEST_PACKET);
  const linkType = u32(20) & 0xffff;
  const findings = new Findings();
  for (let offset = HEADER_BYTES; offset < file.length; ) {
    if (offset + PACKET_BYTES > file.length) return findings.result(offset);
    const captured = u32(offset + 8);
    const start = offset + PACKET_BYTES;
    if (start + captured > file.length) {
      if (captured > largest) throw new ImportError(offset + 8, `a packet can't have ${captured} bytes`);
      return findings.result(offset);
    }
    const frame = file.subarray(start, start + captured);
    const at = BigInt(u32(offset)) * NANOS + BigInt(u32(offset + 4)) * fraction;
    findings.add({ at, direction: null, linkType, frame, original: u32(offset + 12) });
    offset = start + captured;
  }
  return findings.result(null);
}

function viewOf(file: Uint8Array): DataView {
  return new DataView(file.buffer, file.byteOffset, file.byteLength);
}
