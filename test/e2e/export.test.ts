import { gzipSync } from 'node:zlib';
import t from 'tap';
import { type Answer, type Service, startProcess } from '../support/process.ts';
import { CaptureWriter, ipv4, udp } from '../unit/sends/import/captures.ts';

t.setTimeout(120_000);

const TEXTS = ['USER bob', 'PASS x', 'two\nlines', 'QUIT'];

for (const format of ['pcapng', 'ndjson']) {
  t.test(`an export as ${format}, replayed, brings the same payloads in the same order`, async (t) => {
    const service = await startProcess(t);
    await service.post('/v1/listeners', { protocol: 'udp', name: 'recorded', responder: { type: 'upper' } });
    await service.post('/v1/listeners', { protocol: 'udp', name: 'replayed' });
    for (const text of TEXTS) await service.post('/v1/sends', { protocol: 'udp', to: { listener: 'recorded' }, text });

    const file = await exported(service, format);
    const answer = await replay(service, 'to=replayed&direction=in', file);
    t.ok([201, 202].includes(answer.status));
    const page = await service.get(`/v1/listeners/replayed/messages?wait=10s&count=${TEXTS.length}`);
    t.same(
      page.body.items.map(({ text }: { text: string }) => text),
      TEXTS,
    );
    t.match(await service.get('/v1/listeners/recorded'), { body: { stats: { received: TEXTS.length } } });
  });
}

t.test('files', async (t) => {
  const service = await startProcess(t, ['--threads', '1', '--max-threads', '1']);
  await service.post('/v1/listeners', { protocol: 'udp', name: 'a' });
  const sent = { snapped: 0, foreign: 0, fragments: 0, oversized: 0, otherDirection: 0, unknownLinkTypes: [] };

  await t.test('that are none, and one with nothing to send', async (t) => {
    t.match(await replay(service, 'to=a', Buffer.from('garbage')), { status: 400, detail: /at byte 0/ });
    const empty = await exported(service, 'pcapng', 'a');
    t.match(await replay(service, 'to=a', empty), { status: 422, detail: /no message/ });
    t.match(await replay(service, 'to=nobody', Buffer.from('{}')), { status: 400 });
    t.match(await service.post('/v1/sends/import?to=a', {}), { status: 415 });
  });

  await t.test('come with their own media types, and packed', async (t) => {
    const { url } = service;
    const own = await fetch(`${url}/v1/listeners/a/messages.pcapng`);
    await own.arrayBuffer();
    const capture = new CaptureWriter()
      .interface(101)
      .packet({ frame: ipv4(udp('hi')) })
      .bytes();
    const types = [
      own.headers.get('content-type')!,
      'application/vnd.tcpdump.pcap',
      'application/x-ndjson; charset=utf-8',
    ];
    for (const type of types) {
      t.match(await replay(service, 'to=a', capture, { 'content-type': type }), {
        status: 201,
        import: { messages: 1 },
      });
    }
    const packed = gzipSync(capture);
    for (const headers of [{}, { 'content-type': 'application/gzip' }, { 'content-encoding': 'gzip' }]) {
      const answer = await replay(service, 'to=a', packed, headers);
      t.match(answer, { status: 201, sent: 1, import: { ...sent, messages: 1, cutAt: null } });
    }
  });

  await t.test('that are packed wrongly, in part, or too well', async (t) => {
    const lines = Buffer.from(Array.from({ length: 200 }, (_, i) => `{"text":"${Math.sin(i)}"}\n`).join(''));
    const packed = gzipSync(lines);
    const half = await replay(service, 'to=a&scale=0', packed.subarray(0, packed.length >> 1));
    t.equal(half.status, 201);
    t.ok(half.import.messages > 10 && half.import.messages < 190 && half.import.cutAt > 0, JSON.stringify(half.import));
    const broken = Buffer.from(packed);
    broken[40]! ^= 0xff;
    t.match(await replay(service, 'to=a', broken), { status: 400, detail: /not proper gzip/ });
    const bomb = gzipSync(Buffer.alloc(65 * 1024 ** 2));
    t.match(await replay(service, 'to=a', bomb), { status: 413, detail: /64 MiB at most, unpacked/ });
  });

  await t.test('that break off, or hold what is not sent, are accounted for', async (t) => {
    const writer = new CaptureWriter().interface(101).interface(105);
    writer.packet({ frame: ipv4(udp('whole')) });
    writer.packet({ frame: ipv4(udp('snap', 400), { total: 428 }), original: 428 });
    writer.packet({ frame: ipv4(udp('x'), { protocol: 6 }) }).packet({ frame: ipv4(udp('x')), on: 1 });
    writer.packet({ frame: ipv4(udp('out')), flags: 2 });
    const file = writer.packet({ frame: ipv4(udp('the last')) }).bytes();
    const answer = await replay(service, 'to=a&scale=0&direction=in', file.subarray(0, -7));
    t.match(answer, { status: 201, sent: 1 });
    t.match(answer.import, {
      ...sent,
      messages: 1,
      snapped: 1,
      foreign: 2,
      otherDirection: 1,
      unknownLinkTypes: [{ name: 'IEEE802_11', packets: 1 }],
    });
    t.type(answer.import.cutAt, 'number');
    t.same((await service.get(`/v1/sends/${answer.id}`)).body.import, answer.import, 'it stays in the send');
    const large = JSON.stringify({ text: 'x'.repeat(65_508) });
    const both = await replay(service, 'to=a', Buffer.from(`{"text":"a"}\n${large}\n`));
    t.match(both, { status: 201, sent: 1, import: { messages: 1, oversized: 1 } });
    const none = await replay(service, 'to=a', Buffer.from(large));
    t.match(none, { status: 422, detail: /passed over: 1 larger than a datagram/, import: { oversized: 1 } });
  });
});

async function exported(service: Service, format: string, name = 'recorded'): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(`${service.url}/v1/listeners/${name}/messages.${format}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function replay(
  service: Service,
  query: string,
  body: Uint8Array,
  more: Record<string, string> = {},
): Promise<Answer['body'] & { status: number }> {
  const headers = { 'content-type': 'application/octet-stream', ...more };
  const init = { method: 'POST', headers, body: new Uint8Array(body) };
  const response = await fetch(`${service.url}/v1/sends/import?${query}`, init);
  return { ...((await response.json()) as object), status: response.status };
}
