/** Presets through HTTP, against the real process: each is spoken to as its clients do. */
import { execFile, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { startProcess } from '../support/process.ts';
import { isA } from '../support/schema.ts';
import { boundedAbsence } from '../support/waiting.ts';

t.setTimeout(120_000);

const service = await startProcess(t);
const run = promisify(execFile);
const withoutTool = (tool: string, flag: string) =>
  spawnSync(tool, [flag]).status === 0 ? false : `${tool} is not there`;

type Protocol = 'udp' | 'tcp';

async function listener(protocol: Protocol, name: string, parameters?: object): Promise<{ id: string; port: number }> {
  const responder = { type: 'preset', name, ...(parameters === undefined ? {} : { with: parameters }) };
  const { status, body } = await service.post('/v1/listeners', { protocol, responder });
  if (status !== 201) throw new Error(JSON.stringify(body));
  isA(t, 'Listener', body);
  return { id: body.id, port: body.address.port };
}

/** Sends bytes and takes what comes until the other side ends. */
async function talk(t: Test, port: number, text = ''): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.end(text);
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part);
  return Buffer.concat(parts);
}

/** A client of datagrams: sends one and returns the answer to it. */
async function datagrams(t: Test, port: number) {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  return async (bytes: string | Buffer): Promise<Buffer> => {
    socket.send(bytes, port, '127.0.0.1');
    const [answer] = (await once(socket, 'message')) as [Buffer];
    return answer;
  };
}

async function texts(id: string, count: number): Promise<string[]> {
  const { body } = await service.get(`/v1/listeners/${id}/messages?direction=in&wait=5s&count=${count}`);
  return body.items.map(({ text }: { text: string }) => text);
}

t.test('the list shows what each stands for, and a copy of that is the same listener', async (t) => {
  const { status, body } = await service.get('/v1/presets');
  t.equal(status, 200);
  isA(t, 'PresetList', body);
  t.equal(body.items.length, 13);
  for (const protocol of ['udp', 'tcp'] as const) {
    const { body: list } = await service.get(`/v1/presets?protocol=${protocol}`);
    isA(t, 'PresetList', list);
    for (const { name, framing, responder, with: parameters } of list.items) {
      for (const parameter of Object.values<object>(parameters))
        t.ok('description' in parameter && 'default' in parameter, `${name} says what its parameters do`);
      const { id } = await listener(protocol, name);
      const used = (await service.get(`/v1/listeners/${id}`)).body;
      const tcp = framing === undefined || protocol === 'udp' ? {} : { tcp: { framing } };
      const copied = (await service.post('/v1/listeners', { protocol, responder, ...tcp })).body;
      t.same([used.responder, used.tcp], [copied.responder, copied.tcp], `${name} on ${protocol}`);
      t.equal((await service.put(`/v1/listeners/${id}`, used)).status, 200);
    }
  }
});

t.test('the same preset twice is one listener, and framing of one’s own stays', async (t) => {
  const spec = {
    protocol: 'tcp',
    tcp: { framing: { type: 'line', maxFrame: 100 } },
    responder: { type: 'preset', name: 'smtpSink', with: { hostname: 'a.test' } },
  };
  t.equal((await service.put('/v1/listeners/twice', spec)).status, 201);
  const { status, body } = await service.put('/v1/listeners/twice', spec);
  t.equal(status, 200);
  t.match(body, { responder: { type: 'rules' }, tcp: { framing: { eol: '\n', maxFrame: 100 } } });
  t.match((await service.patch('/v1/listeners/twice', { responder: { type: 'preset', name: 'echo' } })).body, {
    responder: { type: 'echo' },
  });
});

t.test('what is no preset, or none of its parameters, is a 400 that says where', async (t) => {
  const refused = async (protocol: Protocol, responder: object, pointer: string, detail: RegExp) => {
    const answer = await service.post('/v1/listeners', { protocol, responder });
    t.match(answer, { status: 400, body: { errors: [{ pointer, detail }] } }, JSON.stringify(responder));
  };
  const preset = (name: string, parameters = {}) => ({ type: 'preset', name, with: parameters });
  const record = (type: string, value: string, name = 'a.test') =>
    preset('dnsStatic', { records: [{ name, type, value }] });
  await refused('tcp', { type: 'preset' }, '/responder/name', /required/);
  await refused('tcp', preset('smtp'), '/responder/name', /one of discard.*smtpSink/);
  await refused('tcp', preset('echo', { loud: true }), '/responder/with/loud', /there are none/);
  await refused('tcp', preset('smtpSink', { hostnam: 'a' }), '/responder/with/hostnam', /did you mean hostname/);
  await refused('tcp', preset('smtpSink', { hostname: 'a\r\nb' }), '/responder/with/hostname', /must match/);
  await refused('tcp', preset('ntp'), '/responder/name', /ntp is for udp/);
  await refused('udp', preset('smtpSink'), '/responder/name', /smtpSink is for tcp/);
  await refused('udp', record('A', '1.2.3'), '/responder/with/records/0/value', /not an IPv4 address/);
  await refused('udp', record('AAAA', '1.2.3.4'), '/responder/with/records/0/value', /not an IPv6 address/);
  await refused('udp', record('MX', 'mail.test'), '/responder/with/records/0/value', /10 mail.example.test/);
  await refused('udp', record('SRV', '0 5 70000 a.test'), '/responder/with/records/0/value', /70000/);
  await refused('udp', record('A', '1.2.3.4', 'ä.test'), '/responder/with/records/0/name', /xn--/);
  await refused('udp', record('A', '1.2.3.4', 'a..test'), '/responder/with/records/0/name', /no name/);
  await refused('udp', record('A', '1.2.3.4', `${'a'.repeat(64)}.test`), '/responder/with/records/0/name', /longer/);
  const names = Array.from({ length: 150 }, (_, i) => ({ name: `n${i}.test`, type: 'CNAME', value: 'end.test' }));
  const ends = ['A', 'AAAA', 'MX', 'NS', 'PTR', 'SRV', 'TXT'].map((type) => ({
    name: 'end.test',
    type,
    value: { A: '1.2.3.4', AAAA: '::1', MX: '1 a', SRV: '1 1 1 a' }[type] ?? 'a',
  }));
  await refused('udp', preset('dnsStatic', { records: [...names, ...ends] }), '/responder/with/records', /rules/);
});

t.test('parameters at their bounds are taken', async (t) => {
  const taken = async (protocol: Protocol, name: string, parameters: object) =>
    t.ok((await listener(protocol, name, parameters)).port > 0, `${name} ${JSON.stringify(parameters).slice(0, 60)}`);
  for (const offset of [4e12, -4e12]) await taken('udp', 'ntp', { offset, stratum: 15, reference: '~' });
  for (const maxSize of [1024, 2 ** 24]) await taken('tcp', 'smtpSink', { maxSize, hostname: 'a'.repeat(253) });
  await taken('tcp', 'smtpSink', { reject: Array.from({ length: 100 }, (_, i) => `${i}`.padStart(254, '(')) });
  await taken('udp', 'qotd', { quotes: Array.from({ length: 256 }, () => 'q'.repeat(512)) });
  await taken('tcp', 'chargen', { lines: 1 });
  const records = Array.from({ length: 300 }, (_, i) => ({ name: `${i}.test`, type: 'TXT', value: 'v'.repeat(4096) }));
  await taken('udp', 'dnsStatic', { records, missing: 'ignore' });
  await taken('tcp', 'dnsStatic', { records: [], missing: 'servfail' });
});

t.test('discard, echo, upper and threadName', async (t) => {
  const silent = [await listener('udp', 'discard'), await listener('tcp', 'discard')] as const;
  createSocket('udp4').unref().send('nobody hears', silent[0].port, '127.0.0.1');
  t.equal(String(await talk(t, silent[1].port, 'nobody hears')), '');
  for (const { id } of silent) {
    t.same(await texts(id, 1), ['nobody hears']);
    t.match((await service.get(`/v1/listeners/${id}`)).body.stats, { sent: 0 });
  }
  for (const [name, answer] of [
    ['echo', / hola\n$/],
    ['upper', /^HOLA$/],
    ['threadName', /^shared-\d+: {2}hola\n$/],
  ] as const) {
    const datagram = await datagrams(t, (await listener('udp', name)).port);
    t.match(String(await datagram(' hola\n')), answer, name);
    t.match(String(await talk(t, (await listener('tcp', name)).port, ' hola\n')), answer, name);
  }
  const { port } = await listener('tcp', 'upper', { strip: false });
  t.equal(String(await talk(t, port, ' hola\n')), ' HOLA\n');
});

t.test('daytime, time and qotd speak at a connect or a datagram, then end', async (t) => {
  const ofBoth = async (name: string, parameters?: object) => {
    const datagram = await datagrams(t, (await listener('udp', name, parameters)).port);
    const { port } = await listener('tcp', name, parameters);
    return [await datagram(''), await talk(t, port), await talk(t, port)];
  };
  for (const answer of await ofBoth('daytime')) {
    const text = String(answer);
    t.match(text, /^\d{4}-\d\d-\d\dT[\d:.]+Z\r\n$/);
    t.ok(Math.abs(Date.parse(text.trim()) - Date.now()) < 60_000, 'the time of now');
  }
  for (const answer of await ofBoth('time')) {
    t.equal(answer.length, 4);
    t.ok(Math.abs(answer.readUInt32BE() - 2_208_988_800 - Date.now() / 1000) < 60, 'seconds since 1900');
  }
  t.same((await ofBoth('qotd', { quotes: ['one', '{{two}}'] })).map(String), ['one\r\n', 'one\r\n', '{{two}}\r\n']);
});

t.test('chargen: lines of a turning alphabet, datagrams of up to 512 bytes', async (t) => {
  const lines = String(await talk(t, (await listener('tcp', 'chargen')).port)).split('\r\n');
  t.equal(lines.length, 96);
  t.match(lines[0], /^ !"#\$%&'\(\).*fg$/);
  t.equal(lines[94]![0], '~');
  t.equal(lines[94]![1], ' ');
  t.ok(lines.slice(0, 95).every(({ length }) => length === 72));
  t.equal((await talk(t, (await listener('tcp', 'chargen', { lines: 1000 })).port)).length, 74_000);
  const { port } = await listener('udp', 'chargen');
  const datagram = await datagrams(t, port);
  const sizes = new Set<number>();
  for (let i = 0; i < 20; i++) sizes.add((await datagram('x')).length);
  t.ok(sizes.size > 3 && [...sizes].every((size) => size > 0 && size <= 512), `${[...sizes]}`);
});

t.test('echo and chargen that are set upon each other fall silent', async (t) => {
  const [echo, chargen] = [await listener('udp', 'echo'), await listener('udp', 'chargen')];
  const send = { protocol: 'udp', to: { listener: chargen.id }, from: echo.id, text: 'go' };
  t.equal((await service.post('/v1/sends', send)).status, 201);
  const suppressed = async () => {
    const views = await Promise.all([echo, chargen].map(({ id }) => service.get(`/v1/listeners/${id}`)));
    return views.reduce((sum, { body }) => sum + body.stats.repliesSuppressed, 0);
  };
  const sent = async () => (await service.get(`/v1/listeners/${chargen.id}`)).body.stats.sent;
  await service.until(`/v1/listeners/${chargen.id}`, ({ body }) => body.stats.sent > 0);
  let before = -1;
  while ((await suppressed()) === 0 || before !== (await sent())) {
    before = await sent();
    await boundedAbsence(100);
  }
  t.ok((await suppressed()) > 0, 'an answer was not given, so the chain has ended');
});

t.test('syslogSink and statsdSink take what comes, by datagram and by frame', async (t) => {
  for (const name of ['syslogSink', 'statsdSink']) {
    const { id, port } = await listener('udp', name);
    createSocket('udp4').unref().send('<34>1 a', port, '127.0.0.1');
    t.same(await texts(id, 1), ['<34>1 a']);
  }
  const syslog = await listener('tcp', 'syslogSink');
  t.equal(String(await talk(t, syslog.port, '7 <34>1 a<34>1 b\n8 <34>1\n c')), '');
  t.same(await texts(syslog.id, 3), ['<34>1 a', '<34>1 b', '<34>1\n c']);
  const statsd = await listener('tcp', 'statsdSink');
  t.equal(String(await talk(t, statsd.port, 'hits:1|c\nload:0.5|g\n')), '');
  t.same(await texts(statsd.id, 2), ['hits:1|c', 'load:0.5|g']);
});

/** As long as names get. */
const LONG = `${`${'l'.repeat(61)}.`.repeat(4)}test`;
const ZONE = [
  { name: 'api.test', type: 'A', value: '127.0.0.1' },
  { name: 'api.test', type: 'A', value: '127.0.0.2', ttl: 5 },
  { name: 'API.test.', type: 'AAAA', value: '::1' },
  { name: 'api.test', type: 'MX', value: '10 mail.test' },
  { name: 'api.test', type: 'TXT', value: 'x'.repeat(300) },
  { name: '_sip._tcp.api.test', type: 'SRV', value: '1 2 5060 sip.api.test' },
  { name: 'www.test', type: 'CNAME', value: 'api.test' },
  { name: 'far.test', type: 'CNAME', value: 'far.example' },
  { name: 'round.test', type: 'CNAME', value: 'round.test' },
  { name: '1.0.0.127.in-addr.arpa', type: 'PTR', value: 'api.test' },
  { name: 'test', type: 'NS', value: 'ns.test' },
  { name: LONG, type: 'A', value: '127.0.0.9' },
];

t.test('dnsStatic: the resolver of Node finds what is there, and that the rest is not', async (t) => {
  const { id, port } = await listener('udp', 'dnsStatic', { records: ZONE });
  const resolver = new Resolver({ timeout: 5000, tries: 2 });
  resolver.setServers([`127.0.0.1:${port}`]);
  t.same(await resolver.resolve4('api.test', { ttl: true }), [
    { address: '127.0.0.1', ttl: 60 },
    { address: '127.0.0.2', ttl: 5 },
  ]);
  t.same(await resolver.resolve6('Api.TEST'), ['::1']);
  t.match(await resolver.resolveMx('api.test'), [{ exchange: 'mail.test', priority: 10 }]);
  t.same(await resolver.resolveTxt('api.test'), [['x'.repeat(255), 'x'.repeat(45)]]);
  t.match(await resolver.resolveSrv('_sip._tcp.api.test'), [
    { priority: 1, weight: 2, port: 5060, name: 'sip.api.test' },
  ]);
  t.same(await resolver.resolve4('www.test'), ['127.0.0.1', '127.0.0.2']);
  t.same(await resolver.resolveCname('www.test'), ['api.test']);
  t.same(await resolver.resolvePtr('1.0.0.127.in-addr.arpa'), ['api.test']);
  t.same(await resolver.resolveNs('test'), ['ns.test']);
  t.same(await resolver.resolve4(LONG), ['127.0.0.9']);
  await t.rejects(resolver.resolve4('more.api.test'), { code: 'ENOTFOUND' }, 'what ends like it is another name');
  await t.rejects(resolver.resolve4('nope.test'), { code: 'ENOTFOUND' });
  await t.rejects(resolver.resolve4('xapi.test'), { code: 'ENOTFOUND' });
  await t.rejects(resolver.resolve6('_sip._tcp.api.test'), { code: 'ENODATA' });
  const { body } = await service.get(`/v1/listeners/${id}/messages?direction=in&rule=A.api.test`);
  t.equal(body.items.length, 1, 'the rule says what was asked');
  const refusing = (await listener('udp', 'dnsStatic', { missing: 'refused' })).port;
  resolver.setServers([`127.0.0.1:${refusing}`]);
  await t.rejects(resolver.resolve4('nope.test'), { code: 'EREFUSED' });
});

t.test('dnsStatic: what is no query is not answered', async (t) => {
  const { id, port } = await listener('udp', 'dnsStatic');
  const query = Buffer.from(
    'abcd 0100 0001 0000 0000 0000 076578616d706c65 0474657374 00 0001 0001'.replaceAll(' ', ''),
    'hex',
  );
  const datagram = await datagrams(t, port);
  const response = Buffer.from(query);
  response[2] = 0x81;
  for (const bytes of [response, query.subarray(0, 11)]) createSocket('udp4').unref().send(bytes, port, '127.0.0.1');
  await service.get(`/v1/listeners/${id}/messages?wait=5s&count=2`);
  const answer = await datagram(query);
  t.equal(answer.toString('hex', 0, 12), 'abcd85800001000100000000');
  t.equal(answer.subarray(-4).toString('hex'), '7f000001');
  t.match((await service.get(`/v1/listeners/${id}`)).body, { unmatched: 2, stats: { sent: 1 } });
});

t.test('dnsStatic: dig, over UDP and TCP', { skip: withoutTool('dig', '-v') }, async (t) => {
  for (const protocol of ['udp', 'tcp'] as const) {
    const { port } = await listener(protocol, 'dnsStatic', { records: ZONE });
    const dig = async (...question: string[]) => {
      const how = protocol === 'tcp' ? ['+tcp'] : [];
      return (await run('dig', ['@127.0.0.1', '-p', `${port}`, '+tries=1', '+time=5', ...how, ...question])).stdout;
    };
    const found = await dig('www.test', 'A');
    t.match(found, /status: NOERROR/);
    t.match(found, /flags: qr aa rd ra; QUERY: 1, ANSWER: 3/);
    t.notMatch(found, /WARNING|malformed/);
    t.match(await dig('nope.test'), /status: NXDOMAIN/);
    t.match(await dig('round.test', 'A'), /status: NOERROR/);
    t.match(await dig('far.test', 'A'), /far.test.\s+60\s+IN\s+CNAME\s+far.example./);
  }
});

const MAIL = `
import smtplib, sys
from email.message import EmailMessage

client = smtplib.SMTP('127.0.0.1', int(sys.argv[1]), timeout=10)
print(client.ehlo('test')[0], client.has_extn('pipelining'), client.esmtp_features['size'])
if sys.argv[2] == 'auth':
    for how in ('PLAIN', 'LOGIN'):
        client.esmtp_features['auth'] = how
        print(client.login('ada', 'secret'))
for subject in ('one', 'two'):
    mail = EmailMessage()
    mail['From'], mail['To'], mail['Subject'] = 'ada@example.test', 'bob@example.test, eve@example.test', subject
    mail.set_content('Hola\\n.\\n..server\\n')
    print(client.send_message(mail))
try:
    client.sendmail('ada@example.test', ['EVE@example.test'], 'x')
except smtplib.SMTPRecipientsRefused as error:
    print(error.recipients)
print(client.docmd('DATA')[0], client.docmd('XYZZY')[0], client.noop()[0], client.verify('bob')[0], client.rset()[0])
print(client.quit())
`;

t.test('smtpSink: smtplib of Python', { skip: withoutTool('python3', '--version') }, async (t) => {
  const { id, port } = await listener('tcp', 'smtpSink', {
    auth: true,
    reject: ['eve@example.test', '(*@example.test'],
  });
  const { stdout } = await run('python3', ['-c', MAIL, `${port}`, 'auth']);
  t.same(stdout.trim().split('\n'), [
    '250 True 10485760',
    "(235, b'2.7.0 welcome')",
    "(235, b'2.7.0 welcome')",
    "{'eve@example.test': (550, b'5.1.1 no such recipient')}",
    "{'eve@example.test': (550, b'5.1.1 no such recipient')}",
    "{'EVE@example.test': (550, b'5.1.1 no such recipient')}",
    '503 500 250 252 250',
    "(221, b'2.0.0 bye')",
  ]);
  const { body } = await service.get(`/v1/listeners/${id}/messages?rule=mail&direction=in`);
  t.equal(body.items.length, 2, 'each mail is one message');
  t.match(body.items[0].text, /Subject: one\r\n.*\r\n\r\nHola\r\n\.\.\r\n\.\.\.server$/s);
});

t.test('smtpSink: a client that does not wait, and one whose mail is too long', async (t) => {
  const { id, port } = await listener('tcp', 'smtpSink', { maxSize: 1024 });
  const envelope = 'helo x\r\nMail From:<a@x>\r\nrcpt to:<b@y>\r\nDATA\r\n';
  const answer = String(await talk(t, port, `${envelope}Hi\r\n.\r\nMAIL FROM:<>\r\nDATA\r\nAUTH PLAIN x\r\nQUIT\r\n`));
  t.same(
    answer.split('\r\n').map((line) => line.slice(0, 3)),
    ['220', '250', '250', '250', '354', '250', '250', '503', '500', '221', ''],
  );
  const { body } = await service.get(`/v1/listeners/${id}/messages?rule=mail&direction=in`);
  t.match(body.items, [{ text: 'Hi' }]);
  t.match(String(await talk(t, port, `${envelope}${'x'.repeat(3000)}\r\n.\r\n`)), /354 .*\r\n552 5\.3\.4 [^\n]*\r\n$/s);
});

t.test('ntp: the answer to a client, a clock that is wrong, and a kiss of death', async (t) => {
  const SINCE_1900 = 2_208_988_800;
  const request = Buffer.alloc(48);
  request[0] = 0b11_100_011;
  request[2] = 6;
  request.writeBigUInt64BE(0x0123_4567_89ab_cdefn, 40);
  const ask = async (parameters?: object) =>
    (await datagrams(t, (await listener('udp', 'ntp', parameters)).port))(request);
  const seconds = (packet: Buffer, at: number) => packet.readUInt32BE(at) + packet.readUInt32BE(at + 4) / 2 ** 32;
  const right = await ask();
  t.equal(right.length, 48);
  t.equal(right[0], 0b00_100_100, 'no alarm, the version asked for, mode server');
  t.same([right[1], right[2], right.toString('latin1', 12, 16)], [1, 6, 'LOCL']);
  t.equal(right.readBigUInt64BE(24), 0x0123_4567_89ab_cdefn, 'the time of the request comes back');
  t.ok(seconds(right, 32) <= seconds(right, 40), 'received before it was sent');
  t.ok(Math.abs(seconds(right, 40) - SINCE_1900 - Date.now() / 1000) < 60);
  const wrong = await ask({ offset: -3_600_000, stratum: 3, reference: 'GPS' });
  t.ok(Math.abs(seconds(wrong, 40) - SINCE_1900 - Date.now() / 1000 + 3600) < 60, 'an hour behind');
  t.same([wrong[1], wrong.toString('latin1', 12, 16)], [3, 'GPS\0']);
  const death = await ask({ stratum: 0, reference: 'RATE' });
  t.same([death[0], death[1], death.toString('latin1', 12, 16)], [0b11_100_100, 0, 'RATE']);
});

t.test('ntp: servers, and what is too short, are not answered', async (t) => {
  const { id, port } = await listener('udp', 'ntp');
  const socket = createSocket('udp4').unref();
  for (const first of [0b00_100_100, 0b00_100_001]) socket.send(Buffer.alloc(48, first), port, '127.0.0.1');
  socket.send(Buffer.alloc(47, 0b00_100_011), port, '127.0.0.1');
  await service.get(`/v1/listeners/${id}/messages?wait=5s&count=3`);
  t.match((await service.get(`/v1/listeners/${id}`)).body, { unmatched: 3, stats: { sent: 0 } });
});
