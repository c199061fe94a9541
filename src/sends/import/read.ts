/** A file of messages, whatever its format: pcapng, pcap or NDJSON, told apart by how it starts. */
import { ImportError, type Imported } from '../../pcap/import-item.ts';
import { isPcap, readPcap } from '../../pcap/pcap-reader.ts';
import { SECTION_HEADER } from '../../pcap/pcapng-format.ts';
import { readPcapng } from '../../pcap/pcapng-reader.ts';
import { readNdjson } from './ndjson.ts';

/** Throws ImportError. */
export function readImport(file: Uint8Array): Imported {
  if (file.length === 0) throw new ImportError(0, 'the file is empty');
  if (isPcap(file)) return readPcap(file);
  return isPcapng(file) ? readPcapng(file) : readNdjson(file);
}

function isPcapng(file: Uint8Array): boolean {
  return file.length >= 4 && new DataView(file.buffer, file.byteOffset).getUint32(0) === SECTION_HEADER;
}
