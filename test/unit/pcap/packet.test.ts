/** From frames of every link type to the datagram in them. */
import fc from 'fast-check';
import t from 'tap';
import { Fragments } from '../../../src/pcap/fragments.ts';
import { datagramOf, type NoDatagram } from '../../../src/pcap/packet.ts';
import { be16, ethernet, ipv4, ipv6, udp } from '../sends/import/captures.ts';

const V4 = ipv4(udp('hello'));
const V6 = ipv6(udp('hello'));
const FOUND = { from: { port: 4000 }, to: { port: 53 }, payload: Buffer.from('hello'), truncated: false };

const read = (linkType: number, frame: Buffer) => datagramOf(linkType, frame, new Fragments());

t.test('every link type', async (t) => {
  const vlan = (packet: Buffer) => ethernet(Buffer.concat([be16(5), be16(0x86dd), packet]), 0x8100);
  const frames: [string, number, Buffer][] = [
    ['Ethernet', 1, ethernet(V4)],
    ['Ethernet, IPv6', 1, ethernet(V6)],
    ['VLAN', 1, vlan(V6)],
    ['two VLAN tags', 1, ethernet(Buffer.concat([be16(5), be16(0x8100), be16(6), be16(0x0800), V4]), 0x88a8)],
    ['BSD loopback, little-endian', 0, Buffer.concat([Buffer.of(2, 0, 0, 0), V4])],
    ['BSD loopback, big-endian', 0, Buffer.concat([Buffer.of(0, 0, 0, 30), V6])],
    ['OpenBSD loopback', 108, Buffer.concat([Buffer.of(0, 0, 0, 2), V4])],
    ['raw', 101, V4],
    ['raw, another number', 12, V6],
    ['IPv4', 228, V4],
    ['IPv6', 229, V6],
    ['Linux cooked', 113, Buffer.concat([Buffer.alloc(14), be16(0x0800), V4])],
    ['Linux cooked, version 2', 276, Buffer.concat([be16(0x86dd), Buffer.alloc(18), V6])],
  ];
  for (const [name, linkType, frame] of frames) t.match(read(linkType, frame), FOUND, name);
});

t.test('addresses', async (t) => {
  t.match(read(101, V4), { from: { host: '10.0.0.1' }, to: { host: '10.0.0.2' } });
  t.match(read(101, V6), { from: { host: '2001:db8::1' }, to: { host: '::1' } });
});

t.test('padding, options and extension headers', async (t) => {
  t.match(read(1, Buffer.concat([ethernet(V4), Buffer.alloc(20)])), FOUND, 'Ethernet padding is not payload');
  t.match(read(101, ipv4(udp('hello'), { options: 8 })), FOUND);
  t.match(read(101, ipv4(udp('hello'), { total: 0 })), FOUND, 'segmentation offload leaves no length');
  const extended = Buffer.concat([Buffer.of(60, 1), Buffer.alloc(14), Buffer.of(17, 0), Buffer.alloc(6), udp('hello')]);
  t.match(read(101, ipv6(extended, 0)), FOUND, 'hop-by-hop and destination options');
});

t.test('a datagram of which the capture has the beginning', async (t) => {
  const cut = ipv4(udp('hel', 500), { total: 528 });
  t.match(read(101, cut), { payload: Buffer.from('hel'), truncated: true });
  t.match(read(101, ipv4(udp(''))), { payload: new Uint8Array(0), truncated: false });
});

t.test('what is no UDP datagram', async (t) => {
  const nothing: [NoDatagram, string, number, Buffer][] = [
    ['foreign', 'TCP', 101, ipv4(udp('x'), { protocol: 6 })],
    ['foreign', 'ARP', 1, ethernet(V4, 0x0806)],
    ['unknownLink', 'an unknown link type', 105, V4],
    ['short', 'nothing', 101, Buffer.alloc(0)],
    ['foreign', 'a version 5', 101, Buffer.alloc(40, 0x50)],
    ['short', 'half an IPv4 header', 101, V4.subarray(0, 12)],
    ['short', 'half an IPv6 header', 101, V6.subarray(0, 39)],
    ['foreign', 'half a UDP header', 101, ipv4(udp('').subarray(0, 7))],
    ['short', 'a UDP header that was cut', 101, ipv4(udp('x')).subarray(0, 25)],
    ['short', 'IPv4 options that were cut', 101, ipv4(udp('x'), { options: 8 }).subarray(0, 22)],
    ['foreign', 'TCP whose options were cut', 101, ipv4(udp('x'), { options: 8, protocol: 6 }).subarray(0, 22)],
    ['foreign', 'an IPv4 header longer than the packet', 101, ipv4(udp(''), { total: 10 })],
    ['foreign', 'a UDP length beyond the packet', 101, ipv4(udp('x', 9))],
    ['foreign', 'a UDP length below its header', 101, ipv4(Buffer.concat([be16(1), be16(2), be16(7), be16(0)]))],
    ['foreign', 'extension headers without end', 101, ipv6(Buffer.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0)],
    [
      'foreign',
      'an extension header beyond the packet',
      101,
      ipv6(Buffer.concat([Buffer.of(17, 200), Buffer.alloc(6)]), 0),
    ],
    ['short', 'an IPv4 fragment that was cut', 101, ipv4(udp('hel', 500), { total: 528, fragment: 0x2000 })],
  ];
  for (const [why, name, linkType, frame] of nothing) t.equal(read(linkType, frame), why, name);
});

t.test('fragments come together in any order, over IPv4 and IPv6', async (t) => {
  const payload = Buffer.from(Array.from({ length: 4000 }, (_, i) => i & 0xff));
  const whole = udp(payload);
  const cut = [0, 1480, 2960].map((start) => ({ start, piece: whole.subarray(start, start + 1480) }));
  const v4 = cut.map(({ start, piece }) => ipv4(piece, { id: 7, fragment: (start < 2960 ? 0x2000 : 0) | (start / 8) }));
  const v6 = cut.map(({ start, piece }) =>
    ipv6(Buffer.concat([Buffer.of(17, 0), be16(start | (start < 2960 ? 1 : 0)), be16(1), be16(2), piece]), 44),
  );
  for (const [a, b, c] of [v4, v6, [v4[2], v4[0], v4[1]], [v6[1], v6[2], v6[0]]]) {
    const fragments = new Fragments();
    t.equal(datagramOf(101, a!, fragments), 'piece');
    t.equal(datagramOf(101, a!, fragments), 'piece', 'a repetition changes nothing');
    t.equal(datagramOf(101, b!, fragments), 'piece');
    t.match(datagramOf(101, c!, fragments), { payload, truncated: false });
    t.equal(fragments.lost, 1, 'the repetition');
  }
});

t.test('fragments that overlap or leave the datagram, and more than are remembered', async (t) => {
  const fragments = new Fragments();
  const piece = (offset: number, size: number, more: boolean) => ({ offset, payload: new Uint8Array(size), more });
  t.equal(fragments.add('far', piece(65_528, 8, false)), undefined);
  fragments.add('overlap', piece(0, 16, true));
  fragments.add('overlap', piece(8, 8, true));
  t.equal(fragments.add('overlap', piece(24, 8, false)), undefined, 'as many bytes, but a hole');
  fragments.add('first', piece(0, 8, true));
  for (let i = 0; i < 64; i++) fragments.add(`${i}`, piece(0, 8, true));
  t.equal(fragments.add('first', piece(8, 8, false)), undefined, 'the first was forgotten');
  t.equal(fragments.add('63', piece(8, 8, false))?.length, 16);
});

t.test('no frame does any harm', async () => {
  const linkType = fc.constantFrom(0, 1, 101, 108, 113, 276);
  const headers = fc.constantFrom(Buffer.alloc(0), ethernet(V4), ethernet(V6), V4, V6);
  fc.assert(
    fc.property(linkType, headers, fc.uint8Array({ maxLength: 120 }), fc.nat(60), (linkType, header, noise, keep) => {
      const found = read(linkType, Buffer.concat([header.subarray(0, keep), noise]));
      return typeof found === 'string' || found.payload.length <= 180;
    }),
    { numRuns: 2000 },
  );
});
