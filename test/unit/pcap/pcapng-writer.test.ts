/** The capture as bytes, without Wireshark's help. */
import t from 'tap';
import { readPcapng } from '../../../src/pcap/pcapng-reader.ts';
import { PcapngWriter } from '../../../src/pcap/pcapng-writer.ts';
import { KIND_DROP, KIND_GAP, KIND_PROBLEM, NO_PAYLOAD } from '../../../src/records/chunk.ts';
import { addAll, chunks, connection, message, pcapng, TCP, UDP } from './records.ts';

const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const STATISTICS = 5;
const PACKET = 6;

t.test('one section, one interface a listener, one packet a message, statistics at the end', async (t) => {
  const file = pcapng(UDP, [message('a'), message('b', { out: true })]);
  t.same(
    blocks(file).map(({ type }) => type),
    [SECTION, INTERFACE, PACKET, PACKET, STATISTICS],
  );
});

t.test('an interface appears with its first record', async (t) => {
  const writer = new PcapngWriter();
  t.same(
    blocks(writer.take()).map(({ type }) => type),
    [SECTION],
  );
  for (const number of [1, 2, 1]) {
    for (const chunk of chunks([message('a')])) addAll(writer, chunk, { ...UDP, number });
  }
  t.same(
    blocks(writer.take()).map(({ type, body }) => [type, type === PACKET ? body.readUInt32LE(0) : null]),
    [
      [INTERFACE, null],
      [PACKET, 0],
      [INTERFACE, null],
      [PACKET, 1],
      [PACKET, 0],
    ],
  );
});

t.test('what was dropped is counted on the next packet and in the statistics', async (t) => {
  const gap = { ...message(NO_PAYLOAD), kind: KIND_GAP, reason: 'kernel', reference: 5 } as const;
  const writer = new PcapngWriter();
  writer.missed({ reason: 'evicted', dropped: 2 }, UDP);
  for (const chunk of chunks([gap, message('a'), message('b'), { ...gap, reason: 'overload', reference: 1 }])) {
    addAll(writer, chunk, UDP);
  }
  writer.finish();
  const [, , first, second, statistics] = blocks(writer.take());
  t.equal(dropCount(first!.body), 7n);
  t.match(first!.body.toString('latin1'), /gap: 2 dropped \(evicted\).*gap: 5 dropped \(kernel\)/s);
  t.equal(dropCount(second!.body), 0n);
  t.equal(option(statistics!.body, 12, 5)?.readBigUInt64LE(), 8n);
});

t.test('a connection that was reset ends with its RST, and says who closed it', async (t) => {
  const closing = { reason: 'peerRst', reset: true } as const;
  const file = pcapng(TCP, [connection('opened', 1), connection('closed', 1, { closing })]);
  const packets = blocks(file).filter(({ type }) => type === PACKET);
  t.equal(packets.length, 4, 'three of the handshake and one');
  t.match(packets.at(-1)!.body.toString('latin1'), /connection=c_1 \(closed: peerRst\)/);
  const idle = { reason: 'idle', reset: false } as const;
  const inOrder = pcapng(TCP, [connection('opened', 1), connection('closed', 1, { closing: idle })]);
  t.equal(blocks(inOrder).filter(({ type }) => type === PACKET).length, 6);
  const failed = { ...connection('closed', 2), direction: 2 };
  t.equal(
    blocks(pcapng(TCP, [failed])).filter(({ type }) => type === PACKET).length,
    0,
    'a failed handshake is no FIN',
  );
});

t.test('a flood of gaps without a packet stays small', async (t) => {
  const gap = { ...message(NO_PAYLOAD), kind: KIND_GAP, reason: 'kernel', reference: 1 } as const;
  const file = pcapng(UDP, [...Array.from({ length: 1000 }, () => gap), message('a')]);
  t.equal(dropCount(blocks(file)[2]!.body), 1000n);
  t.ok(file.length < 2000);
});

t.test('a wildcard listener met a loopback peer on loopback, another one at the unknown', async (t) => {
  const any = { ...UDP, local: { address: '0.0.0.0', port: 9 } };
  const both = { ...UDP, local: { address: '::', port: 9 } };
  const met = (listener: typeof UDP, from: string) =>
    readPcapng(pcapng(listener, [message('a', { from })])).items[0]!.to!.host;
  t.equal(met(any, '127.0.0.2'), '127.0.0.2');
  t.equal(met(any, '192.0.2.1'), '0.0.0.0');
  t.equal(met(both, '127.0.0.2'), '127.0.0.2');
  t.equal(met(both, '::1'), '::1');
  t.equal(met(both, '2001:db8::1'), '::');
});

t.test('the local address of a message goes before the listener’s', async (t) => {
  const any = { ...UDP, local: { address: '0.0.0.0', port: 9 } };
  const local = (text: string) => readPcapng(pcapng(any, [message('a', { extras: { local: text } })])).items[0]!.to;
  t.same(local('192.0.2.9'), { host: '192.0.2.9', port: 9 });
  t.same(local('192.0.2.9:10'), { host: '192.0.2.9', port: 10 });
  t.same(local('[2001:db8::1]:10'), { host: '2001:db8::1', port: 10 });
  t.same(local('2001:db8::1'), { host: '2001:db8::1', port: 9 });
  t.same(local('nonsense'), { host: '127.0.0.2', port: 9 }, 'what is no address is passed over');
});

t.test('a message without a peer, and records that are no traffic', async (t) => {
  const file = pcapng(UDP, [
    message('a', { remote: undefined }),
    { ...message('trouble'), kind: KIND_PROBLEM },
    { ...message('lost'), kind: KIND_DROP, extras: { fault: 'loss' } },
  ]);
  t.equal(readPcapng(file).items[0]!.from!.host, '0.0.0.0');
  t.same(
    readPcapng(file).items.map(({ payload }) => `${Buffer.from(payload)}`),
    ['a', 'lost'],
  );
  t.match(file.toString('latin1'), /fault=loss \(dropped by a fault\)/);
  t.equal(blocks(pcapng(TCP, [{ ...message('lost', { connection: 1 }), kind: KIND_DROP }])).length, 3);
});

t.test('comments say what a message belongs to', async (t) => {
  const file = pcapng({ ...TCP, name: null }, [
    connection('opened', 37),
    message('a', { connection: 37, reference: 1, extras: { sendId: 's_1', rule: 'a "b"' } }),
  ]);
  t.match(file.toString('latin1'), 'listener=l_tcp thread=shared-1 connection=c_11 (opened)');
  t.match(file.toString('latin1'), 'seq=1 inReplyTo=0 rule="a \\"b\\"" send=s_1');
});

t.test('a comment of any length and script', async (t) => {
  const file = pcapng(UDP, [message('a', { extras: { rule: 'länger 漢字 🙂', fault: '\u0001'.repeat(12_000) } })]);
  t.match(file.toString(), 'rule="länger 漢字 🙂" fault="\\u0001\\u0001');
  t.equal(readPcapng(file).items.length, 1);
  t.equal(blocks(file).at(-1)?.type, STATISTICS);
});

type Block = { type: number; body: Buffer };

function blocks(bytes: Uint8Array): Block[] {
  const file = Buffer.from(bytes);
  const found: Block[] = [];
  for (let at = 0; at < file.length; ) {
    const length = file.readUInt32LE(at + 4);
    found.push({ type: file.readUInt32LE(at), body: file.subarray(at + 8, at + length - 4) });
    at += length;
  }
  return found;
}

function dropCount(packet: Buffer): bigint {
  const captured = packet.readUInt32LE(12);
  return option(packet, 20 + captured + (-captured & 3), 4)?.readBigUInt64LE() ?? 0n;
}

function option(body: Buffer, from: number, wanted: number): Buffer | undefined {
  for (let at = from; at + 4 <= body.length; ) {
    const [code, length] = [body.readUInt16LE(at), body.readUInt16LE(at + 2)];
    if (code === wanted) return body.subarray(at + 4, at + 4 + length);
    at += 4 + length + (-length & 3);
  }
  return undefined;
}
