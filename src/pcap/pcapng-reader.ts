/**
 * Reads pcapng captures (draft-ietf-opsawg-pcapng) of either byte order and any number of sections and interfaces, and
 * finds the UDP datagrams in them. Blocks it does not know are passed over, as the format asks. A file that breaks off in
 * a block gives what is before it; one whose structure does not hold is an ImportError that says where.
 */
import { Findings } from './findings.ts';
import { ImportError, type Imported, type ImportItem } from './import-item.ts';
import {
  BYTE_ORDER_MAGIC,
  ENHANCED_PACKET,
  EPB_FLAGS,
  IF_TIME_RESOLUTION,
  INTERFACE_DESCRIPTION,
  SECTION_HEADER,
} from './pcapng-format.ts';
import { MICROSECONDS, nanosOf, type TimeUnit, timeUnit } from './timestamp.ts';

const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;

/** What Wireshark takes. One beyond that, and beyond the file, is damage, not a cut. */
const LARGEST_BLOCK = 16 * 1024 ** 2;

const IF_TIME_OFFSET = 14;

type Interface = { linkType: number; snapLength: number; unit: TimeUnit };
/** A block's content lies between `start` and `end`. */
type Block = { type: number; start: number; end: number };
type Packet = { on: Interface; at: bigint; start: number; captured: number; original: number; options: number };

/** Throws ImportError. */
export function readPcapng(file: Uint8Array): Imported {
  return new PcapngFile(file).read();
}

class PcapngFile {
  readonly #file: Uint8Array;
  readonly #view: DataView;
  readonly #findings = new Findings();
  #littleEndian = true;
  #interfaces: Interface[] = [];
  /** Time of the last packet, for those that come without. */
  #at = 0n;

  constructor(file: Uint8Array) {
    this.#file = file;
    this.#view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  }

  read(): Imported {
    if (this.#file.length < 12 || this.#view.getUint32(0) !== SECTION_HEADER) {
      throw new ImportError(0, 'not a pcapng file: it does not start with a section header');
    }
    for (let offset = 0; offset < this.#file.length; ) {
      const block = this.#block(offset);
      if (block === 'cut') return this.#findings.result(offset);
      this.#read(block);
      offset = block.end + 4;
    }
    return this.#findings.result(null);
  }

  /** The block at `offset`; a section header first says how numbers are to be read. */
  #block(offset: number): Block | 'cut' {
    const left = this.#file.length - offset;
    if (left < 12) return 'cut';
    if (this.#view.getUint32(offset) === SECTION_HEADER) this.#beginSection(offset);
    const length = this.#u32(offset + 4);
    if (length < 12 || length % 4 !== 0) throw new ImportError(offset + 4, `a block can't be ${length} bytes long`);
    if (length > left && length <= LARGEST_BLOCK) return 'cut';
    this.#need(offset, length, this.#file.length, `a block of ${length} bytes`);
    const end = offset + length - 4;
    if (this.#u32(end) !== length) throw new ImportError(end, "the two lengths of a block don't agree");
    return { type: this.#u32(offset), start: offset + 8, end };
  }

  #beginSection(offset: number): void {
    const magic = this.#view.getUint32(offset + 8);
    this.#littleEndian = magic !== BYTE_ORDER_MAGIC;
    if (this.#u32(offset + 8) !== BYTE_ORDER_MAGIC) throw new ImportError(offset + 8, 'no byte-order magic');
    this.#interfaces = [];
  }

  #read(block: Block): void {
    if (block.type === INTERFACE_DESCRIPTION) this.#interfaces.push(this.#interface(block));
    else if (block.type === ENHANCED_PACKET) this.#packet(block, this.#enhanced(block));
    else if (block.type === SIMPLE_PACKET) this.#packet(block, this.#simple(block));
    else if (block.type === OBSOLETE_PACKET) this.#packet(block, this.#obsolete(block));
  }

  #interface(block: Block): Interface {
    this.#need(block.start, 8, block.end, 'an interface description');
    let unit = MICROSECONDS;
    let offset = 0n;
    for (const { code, at, length } of this.#options(block.start + 8, block.end)) {
      if (code === IF_TIME_RESOLUTION && length === 1) unit = timeUnit(this.#file[at]!);
      else if (code === IF_TIME_OFFSET && length === 8) offset = this.#view.getBigInt64(at, this.#littleEndian);
    }
    return {
      linkType: this.#u16(block.start),
      snapLength: this.#u32(block.start + 4),
      unit: { ...unit, offset: offset * 1_000_000_000n },
    };
  }

  #enhanced(block: Block): Packet {
    this.#need(block.start, 20, block.end, 'a packet header');
    return this.#stamped(block, this.#u32(block.start));
  }

  #obsolete(block: Block): Packet {
    this.#need(block.start, 20, block.end, 'a packet header');
    return this.#stamped(block, this.#u16(block.start));
  }

  #stamped(block: Block, id: number): Packet {
    const on = this.#interfaceOf(block.start, id);
    const at = nanosOf(this.#u32(block.start + 4), this.#u32(block.start + 8), on.unit);
    const captured = this.#u32(block.start + 12);
    const original = this.#u32(block.start + 16);
    const start = block.start + 20;
    return { on, at, start, captured, original, options: start + captured + (-captured & 3) };
  }

  /** Without a time, an interface number and options of its own. */
  #simple(block: Block): Packet {
    this.#need(block.start, 4, block.end, 'a packet header');
    const on = this.#interfaceOf(block.start, 0);
    const start = block.start + 4;
    const original = this.#u32(block.start);
    const captured = Math.min(original, on.snapLength || original, block.end - start);
    return { on, at: this.#at, start, captured, original, options: block.end };
  }

  #packet(block: Block, { on, at, start, captured, original, options }: Packet): void {
    this.#need(start, captured, block.end, `a packet of ${captured} bytes`);
    const direction = this.#direction(options, block.end);
    const frame = this.#file.subarray(start, start + captured);
    this.#at = at;
    this.#findings.add({ at, direction, linkType: on.linkType, frame, original });
  }

  #direction(from: number, end: number): ImportItem['direction'] {
    for (const { code, at, length } of this.#options(from, end)) {
      if (code !== EPB_FLAGS || length !== 4) continue;
      const bits = this.#u32(at) & 3;
      return bits === 1 ? 'in' : bits === 2 ? 'out' : null;
    }
    return null;
  }

  *#options(from: number, end: number): Generator<{ code: number; at: number; length: number }> {
    for (let at = from; at + 4 <= end; ) {
      const code = this.#u16(at);
      const length = this.#u16(at + 2);
      if (code === 0) return;
      this.#need(at + 4, length, end, `an option of ${length} bytes`);
      yield { code, at: at + 4, length };
      at += 4 + length + (-length & 3);
    }
  }

  #interfaceOf(offset: number, id: number): Interface {
    const on = this.#interfaces[id];
    if (on === undefined) throw new ImportError(offset, `a packet of interface ${id}, which is not described`);
    return on;
  }

  #need(offset: number, bytes: number, end: number, what: string): void {
    if (offset + bytes > end)
      throw new ImportError(offset, `${what} does not fit: ${Math.max(0, end - offset)} bytes left`);
  }

  #u16(offset: number): number {
    return this.#view.getUint16(offset, this.#littleEndian);
  }

  #u32(offset: number): number {
    return this.#view.getUint32(offset, this.#littleEndian);
  }
}
