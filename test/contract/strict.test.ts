/** Messages that no rule matched, through HTTP: the filter of each kind of read, and listeners on which they fail a test. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t from 'tap';
import { startProcess } from '../support/process.ts';
import { isA } from '../support/schema.ts';

t.setTimeout(120_000);

const service = await startProcess(t);
const socket = createSocket('udp4');
socket.bind(0, '127.0.0.1');
await once(socket, 'listening');
t.teardown(() => socket.close());

const RULES = {
  type: 'rules',
  rules: [{ name: 'ping', when: { text: { startsWith: 'PING' } }, then: [{ reply: { text: 'PONG' } }] }],
  otherwise: [{ reply: { text: '?' } }],
};

/** Sends each once the one before was answered. */
async function say(port: number, ...texts: string[]): Promise<void> {
  for (const text of texts) {
    socket.send(text, port, '127.0.0.1');
    await once(socket, 'message');
  }
}

async function listener(name: string, more: object = {}): Promise<number> {
  const { status, body } = await service.post('/v1/listeners', { protocol: 'udp', name, responder: RULES, ...more });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body.address.port;
}

const texts = ({ items }: { items: { text: string }[] }) => items.map(({ text }) => text);

t.test('a filter of pages, waits, verifications, streams and exports', async (t) => {
  const port = await listener('filter');
  await say(port, 'PING', 'HELO', 'PING 2', 'QUIT');
  const page = async (query: string) => (await service.get(`/v1/listeners/filter/messages?${query}`)).body;
  t.same(texts(await page('unmatched=true')), ['HELO', 'QUIT']);
  t.same(texts(await page('unmatched=false&direction=in')), ['PING', 'PING 2']);
  t.same(texts(await page('unmatched=true&wait=5s&count=2')), ['HELO', 'QUIT']);
  t.match(await page('unmatched=true&wait=1ms&count=3'), { satisfied: false, matched: 2 });
  t.same(texts((await service.get('/v1/messages?unmatched=true')).body), ['HELO', 'QUIT']);
  const lines = await fetch(`${service.url}/v1/listeners/filter/messages.ndjson?unmatched=true`);
  t.same(
    (await lines.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).text),
    ['HELO', 'QUIT'],
  );
  const stream = await fetch(`${service.url}/v1/listeners/filter/stream?after=0&unmatched=true&limit=2`);
  const events = (await stream.text()).split('\n').filter((line) => line.startsWith('data: {"seq"'));
  t.same(
    events.map((line) => JSON.parse(line.slice('data: '.length)).text),
    ['HELO', 'QUIT'],
  );
  const verify = async (body: object) => (await service.post('/v1/listeners/filter/verifications', body)).body;
  t.match(await verify({ unmatched: true, count: { exactly: 2 } }), { passed: true, seqs: [3, 7] });
  t.match(await verify({ unmatched: true, count: { exactly: 0 } }), { passed: false });
  const { passed, nearMisses } = await verify({ unmatched: false, match: { text: { equals: 'HELO' } } });
  t.equal(passed, false);
  t.match(
    nearMisses.find(({ seq }: { seq: number }) => seq === 3),
    { why: 'no rule matched it' },
  );
  const refused = await service.get('/v1/listeners/filter/messages?unmatched=perhaps');
  t.match(refused, { status: 400, body: { errors: [{ in: 'query', pointer: 'unmatched' }] } });
});

t.test('strict: a wait ends at once with what no rule matched, and a later cursor looks past it', async (t) => {
  const port = await listener('strict', { strict: true });
  const path = '/v1/listeners/strict/messages';
  await say(port, 'PING');
  t.match(await service.get(`${path}?wait=5s`), { status: 200, body: { satisfied: true } }, 'nothing is unmatched yet');
  const begun = performance.now();
  const [failed] = await Promise.all([service.get(`${path}?wait=50s&count=9`), say(port, 'PING 2', 'HELO')]);
  t.ok(performance.now() - begun < 25_000, 'it does not wait for its time');
  isA(t, 'Problem', failed.body);
  t.match(failed, {
    status: 409,
    body: {
      code: 'unmatched',
      detail: 'A message came that no rule matched: seq 5 "HELO".',
      unmatched: [{ seq: 5, text: 'HELO', unmatched: true }],
    },
  });
  t.equal(failed.body.unmatched.length, 1);
  t.match(await service.get(`${path}?wait=5s`), { status: 409, body: { code: 'unmatched' } }, 'though it is satisfied');
  t.match(await service.get(`${path}?wait=1ms&count=9&orFail=true`), { status: 409, body: { code: 'unmatched' } });
  await say(port, 'PING 3');
  t.match(await service.get(`${path}?wait=5s&after=5`), { status: 200, body: { satisfied: true } });
  t.match(await service.get(`${path}?wait=5s&unmatched=true`), { status: 200 }, 'who asks for them gets them');
  t.match(await service.get(path), { status: 200 }, 'pages go on');
  t.match(await service.get(`${path}?wait=5s&after=99`), { status: 400 });
});

t.test('strict: verifications, and waits over many listeners', async (t) => {
  const port = await listener('checked', { strict: true, labels: { suite: 'a' } });
  const open = await listener('open', { labels: { suite: 'b' } });
  const verify = (body: object) => service.post('/v1/listeners/checked/verifications', body);
  await say(port, 'PING');
  t.match(await verify({ match: { text: { equals: 'PING' } }, quietFor: '1ms' }), { body: { passed: true } });
  await say(open, 'HELO');
  t.match(await service.get('/v1/messages?label=suite:b&wait=5s'), { status: 200 }, 'those that are not strict');
  const quiet = verify({ count: { exactly: 0 }, match: { text: { equals: 'x' } }, quietFor: '40s' });
  const [failed, many] = await Promise.all([
    quiet,
    service.get('/v1/messages?label=suite:a&wait=40s&count=9'),
    say(port, 'HELO', 'QUIT'),
  ]);
  t.match(failed, { status: 409, body: { code: 'unmatched', unmatched: [{ text: 'HELO' }] } });
  t.match(many, { status: 409, body: { code: 'unmatched', unmatched: [{ text: 'HELO' }] } });
  t.match(await verify({ unmatched: true, count: { exactly: 2 } }), { status: 200, body: { passed: true } });
  const patched = await service.patch('/v1/listeners/checked', { strict: false });
  t.match(patched, { status: 200, body: { strict: false } });
  t.match(await verify({ count: { exactly: 3 } }), { status: 200, body: { passed: true } });
});
