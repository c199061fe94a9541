/** Small captures for the tests of imports, in any byte order, and the frames in them. */
export type Order = 'little' | 'big';

export type PacketOf = { frame: Buffer; high?: number; low?: number; original?: number; flags?: number; on?: number };

/** Writes pcapng blocks. */
export class CaptureWriter {
  readonly #order: Order;
  readonly #parts: Buffer[] = [];

  constructor(order: Order = 'little') {
    this.#order = order;
    const version = Buffer.concat([this.u16(1), this.u16(0)]);
    this.block(0x0a0d0d0a, Buffer.concat([this.u32(0x1a2b3c4d), version, Buffer.alloc(8, 0xff)]));
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  block(type: number, body: Buffer): this {
    const length = this.u32(12 + body.length + (-body.length & 3));
    this.#parts.push(this.u32(type), length, padded(body), length);
    return this;
  }

  interface(linkType: number, options: Buffer = Buffer.alloc(0)): this {
    return this.block(1, Buffer.concat([this.u16(linkType), this.u16(0), this.u32(0), options]));
  }

  packet({ frame, high = 0, low = 0, original = frame.length, flags, on = 0 }: PacketOf): this {
    const head = [on, high, low, frame.length, original].map((value) => this.u32(value));
    const options = flags === undefined ? Buffer.alloc(0) : this.option(2, this.u32(flags));
    return this.block(6, Buffer.concat([...head, padded(frame), options]));
  }

  option(code: number, value: Buffer): Buffer {
    return Buffer.concat([this.u16(code), this.u16(value.length), padded(value)]);
  }

  u16(value: number): Buffer {
    const bytes = new Uint8Array(2);
    new DataView(bytes.buffer).setUint16(0, value, this.#order === 'little');
    return Buffer.from(bytes);
  }

  u32(value: number): Buffer {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, this.#order === 'little');
    return Buffer.from(bytes);
  }
}

/** A UDP datagram from port 4000 to port 53. */
export function udp(payload: string | Uint8Array, length = payload.length): Buffer {
  return Buffer.concat([be16(4000), be16(53), be16(8 + length), be16(0), Buffer.from(payload)]);
}

/** An IPv4 packet from 10.0.0.1 to 10.0.0.2. */
export function ipv4(
  payload: Buffer,
  more: { protocol?: number; id?: number; fragment?: number; total?: number; options?: number } = {},
): Buffer {
  const { protocol = 17, id = 0, fragment = 0, options = 0 } = more;
  const total = more.total ?? 20 + options + payload.length;
  const head = [
    Buffer.of(0x45 + options / 4, 0),
    be16(total),
    be16(id),
    be16(fragment),
    Buffer.of(64, protocol),
    be16(0),
  ];
  return Buffer.concat([...head, Buffer.of(10, 0, 0, 1, 10, 0, 0, 2), Buffer.alloc(options, 1), payload]);
}

/** An IPv6 packet from 2001:db8::1 to ::1. */
export function ipv6(payload: Buffer, next = 17): Buffer {
  const source = Buffer.from('20010db8000000000000000000000001', 'hex');
  const target = Buffer.from('00000000000000000000000000000001', 'hex');
  return Buffer.concat([Buffer.of(0x60, 0, 0, 0), be16(payload.length), Buffer.of(next, 64), source, target, payload]);
}

export function ethernet(packet: Buffer, type = packet[0]! >> 4 === 4 ? 0x0800 : 0x86dd): Buffer {
  return Buffer.concat([Buffer.alloc(12), be16(type), packet]);
}

export function be16(value: number): Buffer {
  return Buffer.of(value >>> 8, value & 0xff);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
