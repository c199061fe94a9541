/** Wireshark reads our captures: no warning, checksums right, dissectors and Follow Stream see what was said. */
import t from 'tap';
import { PcapngWriter } from '../../../src/pcap/pcapng-writer.ts';
import { KIND_GAP, NO_PAYLOAD } from '../../../src/records/chunk.ts';
import { addAll, chunks, connection, message, pcapng, TCP, UDP } from './records.ts';
import { fields, follow, inspect, warnings, withoutTools } from './wireshark.ts';

const DNS = { ...UDP, local: { address: '127.0.0.1', port: 53 } };
const SYSLOG = { ...UDP, name: 'logs', local: { address: '127.0.0.1', port: 514 } };
const SYSLOG_LINE = '<34>Oct 11 22:14:15 mymachine su: something failed';
const skip = { skip: withoutTools };

t.test('DNS in datagrams', skip, async (t) => {
  const capture = pcapng(DNS, [
    message(dnsQuery('example.org')),
    message(dnsAnswer('example.org'), { out: true, after: 1500 }),
    message(dnsQuery('example.com'), { from: '::1', after: 2_000_000_000 }),
  ]);
  t.same(warnings(capture), []);
  t.same(fields(capture, ['dns.qry.name', 'dns.a', 'udp.checksum.status', 'ip.checksum.status']), [
    ['example.org', '', '1', '1'],
    ['example.org', '192.0.2.7', '1', '1'],
    ['example.com', '', '1', ''],
  ]);
  t.same(fields(capture, ['frame.time_epoch', 'frame.interface_name', 'frame.packet_flags_direction']), [
    ['1751328000.123456789', 'dns', '0x00000001'],
    ['1751328000.123458289', 'dns', '0x00000002'],
    ['1751328002.123456789', 'dns', '0x00000001'],
  ]);
});

t.test('syslog in datagrams, and in a stream of lines', skip, async (t) => {
  const datagrams = pcapng(SYSLOG, [message(SYSLOG_LINE)]);
  t.same(warnings(datagrams), []);
  t.same(fields(datagrams, ['syslog.facility', 'syslog.level', 'syslog.msg']), [
    ['4', '2', 'Oct 11 22:14:15 mymachine su: something failed'],
  ]);
  const lines = pcapng({ ...TCP, terminator: '\n' }, [
    message(SYSLOG_LINE, { connection: 1 }),
    message(SYSLOG_LINE, { connection: 1 }),
    message('ok', { connection: 1, out: true }),
  ]);
  t.equal(
    `${follow(lines, 'tcp', 0).in}`,
    `${SYSLOG_LINE}\n${SYSLOG_LINE}\n`,
    'framing that was cut off is there again',
  );
  t.equal(`${follow(lines, 'tcp', 0).out}`, 'ok', 'but not on what we send, which is recorded as sent');
});

t.test('a TCP connection, made in many pulls', skip, async (t) => {
  const capture = pcapng(TCP, [
    connection('opened', 1),
    message('GET / HTTP/1.1\r\n\r\n', { connection: 1, after: 1e6 }),
    message('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', { connection: 1, out: true, after: 2e6 }),
    connection('closed', 1, { at: { seconds: 1_751_328_001, nanos: 0 } }),
  ]);
  t.same(warnings(capture), []);
  t.same(fields(capture, ['tcp.flags.str', 'tcp.seq', 'tcp.ack', 'tcp.checksum.status']), [
    ['··········S·', '0', '0', '1'],
    ['·······A··S·', '0', '1', '1'],
    ['·······A····', '1', '1', '1'],
    ['·······AP···', '1', '1', '1'],
    ['·······AP···', '1', '19', '1'],
    ['·······A···F', '19', '41', '1'],
    ['·······A···F', '41', '20', '1'],
    ['·······A····', '20', '42', '1'],
  ]);
  t.match(follow(capture, 'tcp', 0), { in: Buffer.from('GET / HTTP/1.1\r\n\r\n'), out: /ok$/ });
  t.equal(fields(capture, ['http.response.code'], ['-Y', 'http.response'])[0]?.[0], '200');
});

t.test('messages larger than a segment, IPv6, and no connection records', skip, async (t) => {
  const big = Buffer.alloc(3_000_000, 'Listenpost');
  const capture = pcapng({ ...TCP, local: { address: '::1', port: 8025 } }, [
    message(big, { connection: 1, from: '::1' }),
    message(big, { connection: 1, from: '::1', out: true }),
    message('end', { connection: 1, from: '::1' }),
  ]);
  t.same(warnings(capture), [], 'the window is never overrun');
  const stream = follow(capture, 'tcp', 0);
  t.ok(stream.in.equals(Buffer.concat([big, Buffer.from('end')])));
  t.ok(stream.out.equals(big));
  t.equal(fields(capture, ['tcp.checksum.status']).filter(([status]) => status !== '1').length, 0);
});

t.test('two connections from one port', skip, async (t) => {
  const capture = pcapng(TCP, [
    connection('opened', 1),
    message('first', { connection: 1 }),
    connection('closed', 1),
    connection('opened', 2),
    message('second', { connection: 2 }),
  ]);
  t.same(warnings(capture), []);
  t.equal(`${follow(capture, 'tcp', 0).in}`, 'first');
  t.equal(`${follow(capture, 'tcp', 1).in}`, 'second');
});

t.test('the largest datagrams, empty and cut ones', skip, async (t) => {
  const capture = pcapng(UDP, [
    message(new Uint8Array(65_507).fill(7), { remotePort: 9 }),
    message('', { remotePort: 9 }),
    message('beginn', { size: 9000, remotePort: 9 }),
    message('beginn', { size: 9000, remotePort: 9, from: '2001:db8::1' }),
  ]);
  t.same(warnings(capture, ['-d', 'udp.port==5353,data']), []);
  t.same(
    fields(capture, ['frame.len', 'frame.cap_len', 'udp.length', 'udp.checksum.status'], ['-d', 'udp.port==5353,data']),
    [
      ['65549', '65549', '65515', '1'],
      ['42', '42', '8', '1'],
      ['9042', '48', '9008', '2'],
      ['9062', '68', '9008', '2'],
    ],
  );
});

t.test('several listeners, comments, losses', skip, async (t) => {
  const writer = new PcapngWriter();
  const extras = { rule: 'log in', fault: 'delay' };
  const gap = { ...message(NO_PAYLOAD), kind: KIND_GAP, reason: 'kernel', reference: 12 } as const;
  for (const chunk of chunks([message('a', { extras }), gap, message('b')], 1)) addAll(writer, chunk, UDP);
  for (const chunk of chunks([message('c', { connection: 1 })], 2)) addAll(writer, chunk, { ...TCP, number: 2 });
  writer.finish();
  const capture = writer.take();
  const rows = fields(capture, ['frame.interface_name', 'frame.comment'], ['-Y', 'udp || tcp.len > 0']);
  t.same(rows, [
    ['dns', 'listener=dns thread=shared-1 seq=1 rule="log in" fault=delay'],
    ['dns', 'listener=dns thread=shared-1 seq=2,gap: 12 dropped (kernel)'],
    ['web', 'listener=web thread=shared-1 connection=c_1 seq=1'],
  ]);
  const infos = inspect('capinfos', capture, ['-M']);
  t.match(infos, /Number of packets:\s+6\b/);
  t.match(infos, /Name = dns\n/);
  t.match(infos, /Description = l_tcp tcp:\/\/127\.0\.0\.1:8025\n/);
  t.match(infos, /nanoseconds \(9\)/);
});

t.test('an export without messages is a capture without packets', skip, async (t) => {
  t.match(inspect('capinfos', pcapng(UDP, []), ['-M']), /Number of packets:\s+0\b/);
  t.same(fields(pcapng(UDP, []), ['frame.number']), []);
});

function dnsQuery(name: string): Buffer {
  return Buffer.concat([Buffer.from('abcd01000001000000000000', 'hex'), question(name)]);
}

/** One A record: 192.0.2.7. */
function dnsAnswer(name: string): Buffer {
  const answer = Buffer.from('c00c000100010000003c0004c0000207', 'hex');
  return Buffer.concat([Buffer.from('abcd81800001000100000000', 'hex'), question(name), answer]);
}

function question(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`));
  return Buffer.concat([...labels, Buffer.from('0000010001', 'hex')]);
}
