/** The older pcap format, and telling formats apart. */
import fc from 'fast-check';
import t from 'tap';
import { ImportError } from '../../../../src/pcap/import-item.ts';
import { readPcap } from '../../../../src/pcap/pcap-reader.ts';
import { readImport } from '../../../../src/sends/import/read.ts';
import { message, pcapng, UDP } from '../../pcap/records.ts';
import { converted, withoutTools } from '../../pcap/wireshark.ts';
import { ethernet, ipv4, type Order, udp } from './captures.ts';

const FRAME = ethernet(ipv4(udp('hello')));

t.test('pcap in both byte orders, in micro- and nanoseconds', async (t) => {
  const at = (order: Order, magic: number) => readPcap(pcap(order, magic, [FRAME])).items[0]!;
  for (const order of ['little', 'big'] as const) {
    t.match(at(order, 0xa1b2c3d4), { at: 7_000_005_000n, direction: null, payload: Buffer.from('hello') });
    t.match(at(order, 0xa1b23c4d), { at: 7_000_000_005n, from: { host: '10.0.0.1', port: 4000 } });
  }
  t.match(readPcap(pcap('little', 0xa1b2c3d4, [FRAME, Buffer.from('noise'), FRAME])), {
    passedOver: { foreign: 1 },
    items: { length: 2 },
  });
});

t.test('a pcap file that is broken says where', async (t) => {
  const file = pcap('little', 0xa1b2c3d4, [FRAME]);
  t.throws(() => readPcap(file.subarray(0, 20)), { offset: 20, message: /header is cut short/ });
  const damaged = Buffer.from(file);
  damaged.writeUInt32LE(0x7fff_ffff, 32);
  t.throws(() => readPcap(damaged), { offset: 32, message: /can't have 2147483647 bytes/ });
  t.throws(() => readPcap(Buffer.alloc(40)), { offset: 0, message: /not a pcap file/ });
});

t.test('a pcap file that breaks off gives what is whole before it, and says where', async (t) => {
  const first = pcap('big', 0xa1b2c3d4, [FRAME]).length;
  const file = pcap('big', 0xa1b2c3d4, [FRAME, FRAME]);
  for (const length of [first + 1, first + 15, first + 16, file.length - 1]) {
    t.match(readPcap(file.subarray(0, length)), { items: { length: 1 }, cutAt: first }, `${length} bytes`);
  }
  t.match(readPcap(file), { items: { length: 2 }, cutAt: null });
});

t.test('a file is told by how it starts', async (t) => {
  const first = (file: Uint8Array) => Buffer.from(readImport(file).items[0]!.payload).toString();
  t.equal(first(pcapng(UDP, [message('pcapng')])), 'pcapng');
  t.equal(first(pcap('big', 0xa1b2c3d4, [FRAME])), 'hello');
  t.equal(first(Buffer.from('{"text":"line"}')), 'line');
  t.throws(() => readImport(Buffer.alloc(0)), { offset: 0, message: /empty/ });
  t.throws(() => readImport(Buffer.from('GIF89a')), { offset: 0, message: /line 1 is not JSON/ });
});

t.test('files as Wireshark writes them', { skip: withoutTools }, async (t) => {
  const drafts = [
    message('a', { after: 1 }),
    message('b', { out: true, after: 3_000_000_000, from: '::1' }),
    message(''),
  ];
  const capture = pcapng(UDP, drafts);
  const read = (format: string) => readImport(converted(capture, format)).items;
  const { items } = readImport(capture);
  t.same(read('pcapng'), items);
  t.same(
    read('nsecpcap'),
    items.map((item) => ({ ...item, direction: null })),
  );
  t.same(
    read('pcap'),
    items.map((item) => ({ ...item, at: (item.at / 1000n) * 1000n, direction: null })),
  );
});

t.test('no bytes do any harm', async () => {
  const good = pcap('little', 0xa1b23c4d, [FRAME, FRAME]);
  const noise = fc.uint8Array({ maxLength: 100 });
  fc.assert(
    fc.property(fc.nat(good.length), noise, (keep, noise) => {
      try {
        readImport(Buffer.concat([good.subarray(0, keep), noise]));
        return true;
      } catch (error) {
        return error instanceof ImportError;
      }
    }),
    { numRuns: 1000 },
  );
});

function pcap(order: Order, magic: number, frames: Buffer[]): Buffer {
  const u32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    if (order === 'little') bytes.writeUInt32LE(value);
    else bytes.writeUInt32BE(value);
    return bytes;
  };
  const header = [u32(magic), Buffer.alloc(12), u32(65_535), u32(1)];
  const packets = frames.flatMap((frame) => [u32(7), u32(5), u32(frame.length), u32(frame.length), frame]);
  return Buffer.concat([...header, ...packets]);
}
