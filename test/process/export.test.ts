import t from 'tap';
import { type Service, startProcess } from '../process.ts';

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

t.test('a file that is none, and one with nothing to send', async (t) => {
  const service = await startProcess(t);
  await service.post('/v1/listeners', { protocol: 'udp', name: 'a' });
  t.match(await replay(service, 'to=a', Buffer.from('garbage')), { status: 400, detail: /at byte 0/ });
  t.match(await replay(service, 'to=a', await exported(service, 'pcapng', 'a')), { status: 422, detail: /no message/ });
  t.match(await replay(service, 'to=nobody', Buffer.from('{}')), { status: 400 });
  t.match(await service.post('/v1/sends/import?to=a', {}), { status: 415 });
});

async function exported(service: Service, format: string, name = 'recorded'): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(`${service.url}/v1/listeners/${name}/messages.${format}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function replay(
  service: Service,
  query: string,
  body: Uint8Array<ArrayBuffer>,
): Promise<{ status: number; detail?: string }> {
  const headers = { 'content-type': 'application/octet-stream' };
  const response = await fetch(`${service.url}/v1/sends/import?${query}`, { method: 'POST', headers, body });
  return { ...((await response.json()) as object), status: response.status };
}
