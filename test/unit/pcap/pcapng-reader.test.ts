import fc from 'fast-check';
import t from 'tap';
import { ImportError } from '../../../src/pcap/import-item.ts';
import { readPcapng } from '../../../src/pcap/pcapng-reader.ts';
import { DIRECTION_IN } from '../../../src/records/chunk.ts';
import { CaptureWriter, ethernet, ipv4, type Order, udp } from '../sends/import/captures.ts';
import { message, pcapng, START, TCP, UDP } from './records.ts';

const FRAME = ethernet(ipv4(udp('hello')));
const STARTED = BigInt(START.seconds) * 1_000_000_000n + BigInt(START.nanos);

t.test('what was exported comes back: payloads, order, time, direction, peers', async () => {
  const messages = fc.array(
    fc.record({
      size: fc.oneof(fc.nat({ max: 2000 }), fc.integer({ min: 65_000, max: 65_507 })),
      out: fc.boolean(),
      after: fc.nat({ max: 2 ** 40 }),
      from: fc.oneof(fc.ipV4(), fc.constantFrom('::1', '2001:db8::7')),
    }),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(messages, (messages) => {
      const file = pcapng(
        UDP,
        messages.map(({ size, ...more }) => message(filled(size), more)),
      );
      const { items, passedOver } = readPcapng(file);
      const same = items.every(({ payload, at, direction, from, to }, i) => {
        const sent = messages[i]!;
        const remote = direction === 'in' ? from : to;
        return (
          filled(sent.size).equals(payload) &&
          at === STARTED + BigInt(sent.after) &&
          direction === (sent.out ? 'out' : 'in') &&
          remote?.host === sent.from &&
          remote.port === 40_000
        );
      });
      return same && items.length === messages.length && passedOver.foreign === 0;
    }),
    { numRuns: 60 },
  );
});

t.test('a truncated message says so; TCP is passed over', async (t) => {
  t.match(readPcapng(pcapng(UDP, [message('begin', { size: 900 })])).items, [
    { payload: Buffer.from('begin'), truncated: true },
  ]);
  t.match(readPcapng(pcapng(TCP, [message('x', { connection: 1, direction: DIRECTION_IN })])), {
    items: { length: 0 },
    passedOver: { foreign: 4, snapped: 0 },
  });
});

for (const order of ['little', 'big'] as const satisfies Order[]) {
  t.test(`${order}-endian captures in any unit of time`, async (t) => {
    const times = (options: (writer: CaptureWriter) => Buffer) => {
      const writer = new CaptureWriter(order);
      return readPcapng(writer.interface(1, options(writer)).packet({ frame: FRAME, high: 1, low: 8 }).bytes())
        .items[0]!.at;
    };
    const units = 2n ** 32n + 8n;
    t.equal(
      times(() => Buffer.alloc(0)),
      units * 1000n,
      'microseconds unless told otherwise',
    );
    t.equal(
      times((writer) => writer.option(9, Buffer.of(3))),
      units * 1_000_000n,
    );
    t.equal(
      times((writer) => writer.option(9, Buffer.of(12))),
      units / 1000n,
    );
    t.equal(
      times((writer) => writer.option(9, Buffer.of(0x80 | 10))),
      (units * 1_000_000_000n) / 1024n,
    );
    const offset = Buffer.concat([
      new CaptureWriter(order).u32(order === 'big' ? 0 : 5),
      new CaptureWriter(order).u32(order === 'big' ? 5 : 0),
    ]);
    t.equal(
      times((writer) => Buffer.concat([writer.option(14, offset), writer.option(0, Buffer.alloc(0))])),
      units * 1000n + 5_000_000_000n,
    );
  });
}

t.test('directions, packets without time, the packet block of old, unknown blocks, a second section', async (t) => {
  const writer = new CaptureWriter();
  writer.interface(1).interface(101).block(0x0bad, Buffer.alloc(5));
  writer.packet({ frame: FRAME, flags: 1, low: 5 }).packet({ frame: FRAME, flags: 2, low: 6 });
  writer.packet({ frame: FRAME, flags: 0, low: 7 }).packet({ frame: FRAME.subarray(14), on: 1, low: 8 });
  writer.block(3, Buffer.concat([writer.u32(FRAME.length), FRAME]));
  const old = [writer.u16(1), writer.u16(0), ...[0, 9, FRAME.length - 14, FRAME.length - 14].map((n) => writer.u32(n))];
  writer.block(2, Buffer.concat([...old, FRAME.subarray(14)]));
  const second = new CaptureWriter('big').interface(1).packet({ frame: FRAME, flags: 1, low: 10 });
  const { items } = readPcapng(Buffer.concat([writer.bytes(), second.bytes()]));
  t.same(
    items.map(({ at, direction }) => [Number(at) / 1000, direction]),
    [
      [5, 'in'],
      [6, 'out'],
      [7, null],
      [8, null],
      [8, null],
      [9, null],
      [10, 'in'],
    ],
  );
});

t.test('a file that is broken says where', async (t) => {
  const good = new CaptureWriter().interface(1).packet({ frame: FRAME }).bytes();
  const broken = (change: (file: Buffer) => Buffer | undefined) => {
    const file = Buffer.from(good);
    return change(file) ?? file;
  };
  const cases: [string, number, RegExp, Buffer][] = [
    ['another format', 0, /not a pcapng file/, Buffer.from('GIF89a and so on')],
    ['nothing', 0, /not a pcapng file/, Buffer.alloc(0)],
    ['no byte order', 8, /byte-order magic/, broken((file) => void file.fill(0, 8, 12))],
    ['a block far beyond the file', 28, /does not fit/, broken((file) => void file.writeUInt32LE(0x7000_0000, 32))],
    ['a block too short', 32, /can't be 8 bytes long/, broken((file) => void file.writeUInt32LE(8, 32))],
    ['lengths that differ', 44, /lengths of a block/, broken((file) => void file.writeUInt32LE(24, 44))],
    ['no interface', 56, /interface 9/, broken((file) => void file.writeUInt32LE(9, 56))],
    [
      'a packet that leaves its block',
      76,
      /a packet of 5000 bytes/,
      broken((file) => void file.writeUInt32LE(5000, 68)),
    ],
    ['a short description', 36, /an interface description/, new CaptureWriter().block(1, Buffer.alloc(4)).bytes()],
    ['a short packet', 56, /a packet header/, new CaptureWriter().interface(1).block(6, Buffer.alloc(16)).bytes()],
    [
      'a short simple packet',
      56,
      /a packet header/,
      new CaptureWriter().interface(1).block(3, Buffer.alloc(0)).bytes(),
    ],
    [
      'an option that leaves its block',
      48,
      /an option of 200 bytes/,
      new CaptureWriter().interface(1, Buffer.of(9, 0, 200, 0)).bytes(),
    ],
  ];
  for (const [name, offset, why, file] of cases) {
    const error = thrown(() => readPcapng(file));
    t.match(error, { offset, message: why }, name);
  }
});

t.test('a file that breaks off gives what is whole before it, and says where', async (t) => {
  const first = new CaptureWriter().interface(1).packet({ frame: FRAME }).bytes();
  const file = new CaptureWriter().interface(1).packet({ frame: FRAME }).packet({ frame: FRAME }).bytes();
  for (let length = first.length + 1; length < file.length; length++) {
    const { items, cutAt } = readPcapng(file.subarray(0, length));
    if (items.length !== 1 || cutAt !== first.length) t.fail(`${length} bytes: ${items.length} items, ${cutAt}`);
  }
  t.match(readPcapng(first), { items: { length: 1 }, cutAt: null });
  t.match(readPcapng(file), { items: { length: 2 }, cutAt: null });
});

t.test('what is no whole datagram is counted: snapped, foreign, unfinished, of an unknown link', async (t) => {
  const writer = new CaptureWriter().interface(1).interface(105);
  writer.packet({ frame: FRAME.subarray(0, 38), original: FRAME.length });
  writer.packet({ frame: ethernet(ipv4(udp('x'), { protocol: 6 })) });
  writer.packet({ frame: ethernet(ipv4(udp('x', 100), { fragment: 0x2000 })) });
  writer.packet({ frame: FRAME, on: 1 }).packet({ frame: FRAME, on: 1 });
  const { items, passedOver } = readPcapng(writer.bytes());
  t.equal(items.length, 0);
  t.same(passedOver, { snapped: 1, foreign: 3, fragments: 1, linkTypes: new Map([[105, 2]]) });
});

t.test('no bytes do any harm: an answer or an ImportError', async () => {
  const good = new CaptureWriter().interface(1).packet({ frame: FRAME, flags: 1 }).packet({ frame: FRAME }).bytes();
  const change = fc.record({ at: fc.nat(good.length - 1), byte: fc.nat(255) });
  const files = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.array(change, { minLength: 1, maxLength: 8 }).map((changes) => {
      const file = Buffer.from(good);
      for (const { at, byte } of changes) file[at] = byte;
      return file;
    }),
    fc.nat(good.length).map((length) => good.subarray(0, length)),
  );
  fc.assert(
    fc.property(files, (file) => {
      const error = thrown(() => readPcapng(file));
      return error === undefined || (error instanceof ImportError && error.offset >= 0 && error.offset <= file.length);
    }),
    { numRuns: 3000 },
  );
});

/** Bytes that differ from one size to the next. */
function filled(size: number): Buffer {
  return Buffer.alloc(size, `${size} `);
}

function thrown(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}
