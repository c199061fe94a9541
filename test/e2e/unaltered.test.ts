/** What goes in comes out: JSON as it is written, text that is text, and reading that is reading. */
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { type Service, startProcess } from '../support/process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

t.setTimeout(120_000);

/** What a value of JavaScript would not keep, and how it leaves. */
const PAYLOADS: [written: string, leaves?: string][] = [
  ['{"id":9007199254740993}'],
  ['[1.10,1e400,-0,1E+2,0.10000000000000000000000001]'],
  ['{"a":1,"a":2}'],
  ['{"b":1,"1":2,"__proto__":3}'],
  ['"\\u0041\\/\\ud800"'],
  ['null'],
  [' { "json" : [ 1.0 ,\n"a  b" ] } ', '{"json":[1.0,"a  b"]}'],
];

t.test('unaltered', { timeout: 120_000 }, async (t) => {
  const data = temporaryDirectory(t);
  const service = await startProcess(t, ['--threads', '1', '--data', data]);
  await service.post('/v1/listeners', { protocol: 'udp', name: 'sink' });

  await t.test('JSON payloads leave as they are written', async (t) => {
    const to = '"to":{"listener":"sink"}';
    const lines: string[] = [];
    const wanted: string[] = [];
    for (const [written, leaves = written] of PAYLOADS) {
      await accepted(t, service, '/v1/sends', `{"protocol":"udp",${to},"json":${written}}`);
      await accepted(t, service, '/v1/sends', `{"sequence":[{"json":${written}},{"json":7}],${to},"protocol":"udp"}`);
      wanted.push(leaves, leaves, '7');
      lines.push(`{"json":${written.replaceAll('\n', ' ')}}\n`);
    }
    await accepted(t, service, '/v1/sends/import?to=sink', lines.join(''), 'application/x-ndjson');
    wanted.push(...PAYLOADS.map(([written, leaves = written]) => leaves));
    t.same(await textsOf(service, 'sink'), wanted);
  });

  await t.test('so do those of responders, which are shown, kept and compared so', async (t) => {
    for (const [i, [written, leaves = written]] of PAYLOADS.entries()) {
      const spec = `{"protocol":"udp","responder":{"type":"reply","json":${written}}}`;
      t.equal((await send(service, 'PUT', `/v1/listeners/r${i}`, spec)).status, 201);
      const again = await send(service, 'PUT', `/v1/listeners/r${i}`, spec);
      t.equal(again.status, 200, 'it is the same');
      t.ok(again.text.includes(`"json":${leaves}}`), `${again.text} shows ${leaves}`);
      t.equal(await answerOf(service, `r${i}`), leaves);
    }
    const other = '{"protocol":"udp","responder":{"type":"reply","json":{"id":9007199254740992}}}';
    t.equal((await send(service, 'PUT', '/v1/listeners/r0', other)).status, 409, 'the last digit differs');
    const patch = '{"responder":{"type":"reply","template":true,"json":{"n":1.50,"size":"{{size}}"}}}';
    t.equal((await send(service, 'PATCH', '/v1/listeners/sink', patch)).status, 200);
    t.equal(await answerOf(service, 'sink'), '{"n":1.50,"size":"1"}');
  });

  await t.test('so do replies and writes on a connection', async (t) => {
    const { body } = await service.post('/v1/listeners', { protocol: 'tcp', name: 'tcp' });
    const socket = connect(body.address.port, '127.0.0.1');
    socket.write('x');
    await service.get('/v1/listeners/tcp/messages?wait=10s');
    await accepted(t, service, '/v1/listeners/tcp/messages/1/reply', '{"json":1.10}');
    await accepted(t, service, '/v1/listeners/tcp/connections/c_1/send', '{"json":{"a":1,"a":2}}');
    t.same((await textsOf(service, 'tcp')).slice(1), ['1.10', '{"a":1,"a":2}']);
    socket.destroy();
  });

  await t.test('numbers compare to the last digit, members in any order', async (t) => {
    const payloads = ['{"n":9007199254740993,"o":{"a":1,"b":[1.0]}}', '{"n":9007199254740992,"o":{"b":[1],"a":1.00}}'];
    await service.post('/v1/listeners', { protocol: 'udp', name: 'compared' });
    for (const text of payloads)
      await service.post('/v1/sends', { protocol: 'udp', to: { listener: 'compared' }, text });
    const cases: [pointer: string, value: string, matches: number[]][] = [
      ['/n', '9007199254740993', [1]],
      ['/n', '9007199254740992', [2]],
      ['/n', '9.007199254740993e15', [1]],
      ['/n', '"9007199254740993"', []],
      ['/o', '{"a":1,"b":[1]}', [1, 2]],
      ['/o', '{"b":[1],"a":1}', [1, 2]],
      ['/o', '{"b":[1]}', []],
      ['/o/b/0', '1', [1, 2]],
      ['/o/b/length', '1', []],
    ];
    for (const [pointer, value, matches] of cases) {
      const query = encodeURIComponent(`${pointer}=${value}`);
      const { body } = await service.get(`/v1/listeners/compared/messages?json=${query}`);
      t.same(seqs(body.items), matches, `${pointer} ${value}`);
      const match = `{"match":{"not":{"not":{"json":{"pointer":"${pointer}","equals":${value}}}}},"count":{"atLeast":9}}`;
      const verdict = JSON.parse((await send(service, 'POST', '/v1/listeners/compared/verifications', match)).text);
      t.same(verdict.seqs, matches, `${pointer} equals ${value}`);
    }
    const miss = '{"match":{"json":{"pointer":"/n","equals":9007199254740995}}}';
    const { text } = await send(service, 'POST', '/v1/listeners/compared/verifications', miss);
    t.match(text, /9007199254740992, expected 9007199254740995/);
    t.match(JSON.parse(text).explanation, /"equals":9007199254740995/);
  });

  await t.test('an Idempotency-Key knows bodies to the last digit', async (t) => {
    const body = (n: string) => `{"protocol":"udp","to":{"listener":"sink"},"json":${n}}`;
    const key = { 'idempotency-key': 'k' };
    const first = await send(service, 'POST', '/v1/sends', body('9007199254740993'), key);
    t.equal((await send(service, 'POST', '/v1/sends', body('9007199254740993 '), key)).text, first.text);
    t.equal((await send(service, 'POST', '/v1/sends', body('9007199254740992'), key)).status, 422);
  });

  await t.test('half a character is refused where it would be something else', async (t) => {
    const to = '"protocol":"udp","to":{"listener":"sink"}';
    const half = '"a\\ud800b"';
    const cases: [path: string, body: string, pointer: string][] = [
      ['/v1/sends', `{${to},"text":${half}}`, '/text'],
      ['/v1/sends', `{${to},"sequence":[{"text":"a"},{"text":"\\uDC00"}]}`, '/sequence/1/text'],
      ['/v1/listeners', `{"protocol":"udp","responder":{"type":"reply","text":${half}}}`, '/responder/text'],
      ['/v1/listeners', `{"protocol":"udp","labels":{"a":${half}}}`, '/labels/a'],
      [
        '/v1/listeners/sink/verifications',
        `{"match":{"any":[{"text":{"contains":${half}}}]}}`,
        '/match/any/0/text/contains',
      ],
      ['/v1/listeners/sink/verifications', `{"match":{"text":{"regex":${half}}}}`, '/match/text/regex'],
      ['/v1/listeners/tcp/messages/1/reply', `{"text":${half}}`, '/text'],
    ];
    for (const [path, body, pointer] of cases) {
      const { status, text } = await send(service, 'POST', path, body);
      t.match([status, JSON.parse(text).errors], [400, [{ pointer, detail: /half a character/ }]], body);
    }
    const line = await send(service, 'POST', '/v1/sends/import?to=sink', `{"text":${half}}\n`, {
      'content-type': 'application/x-ndjson',
    });
    t.match([line.status, line.text], [400, /line 1 text holds half a character/]);
    await accepted(t, service, '/v1/sends', `{${to},"text":"\\ud83d\\ude00"}`);
    t.equal((await textsOf(service, 'sink', '&direction=in')).at(-1), '\u{1f600}');
    for (const bytes of ['%ff', '%ED%A0%80', '%']) {
      const { status, body } = await service.get(`/v1/listeners/sink/messages?limit=1&text=a${bytes}`);
      t.match([status, body.errors], [400, [{ in: 'query', pointer: 'text' }]], bytes);
    }
  });

  await t.test('a HEAD reads nothing', async (t) => {
    await service.post('/v1/listeners', { protocol: 'udp', name: 'unread' });
    for (const text of ['a', 'b'])
      await service.post('/v1/sends', { protocol: 'udp', to: { listener: 'unread' }, text });
    const path = '/v1/listeners/unread/messages';
    const unread = async () => (await service.get('/v1/listeners/unread')).body.unread;
    const all = ['', '?limit=1', '?wait=1s&count=2', '/1', '/2/payload', '.ndjson', '.pcapng'].map((end) => path + end);
    for (const one of [...all, '/v1/messages?listener=unread', '/v1/messages?wait=1s']) {
      t.equal((await service.request('HEAD', one)).status, 200, one);
    }
    t.equal(await unread(), 2);
    await service.get(`${path}?limit=1`);
    t.equal(await unread(), 1, 'a GET does');
  });

  const stopped = await service.stop();
  t.equal(stopped.code, 0);
  const again = await startProcess(t, ['--threads', '1', '--data', data]);
  await t.test('after a restart, too', async (t) => {
    for (const [i, [written, leaves = written]] of PAYLOADS.entries()) {
      t.equal(await answerOf(again, `r${i}`), leaves);
      const spec = `{"protocol":"udp","responder":{"type":"reply","json":${written}}}`;
      t.equal((await send(again, 'PUT', `/v1/listeners/r${i}`, spec)).status, 200, 'it is the same');
    }
  });
});

async function send(
  service: Service,
  method: string,
  path: string,
  body: string,
  headers: Record<string, string> = {},
) {
  const response = await fetch(new URL(path, service.url), {
    method,
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
  return { status: response.status, text: await response.text() };
}

async function accepted(t: Test, service: Service, path: string, body: string, type = 'application/json') {
  const { status, text } = await send(service, 'POST', path, body, { 'content-type': type });
  t.ok(status < 300, `${path} ${body}: ${text}`);
}

/** What a listener received or sent, as text. */
async function textsOf(service: Service, name: string, filter = ''): Promise<string[]> {
  const { body } = await service.get(`/v1/listeners/${name}/messages?payload=base64&limit=1000${filter}`);
  return (body.items as { base64: string }[]).map(({ base64 }) => Buffer.from(base64, 'base64').toString());
}

/** What a responder answers to a byte. */
async function answerOf(service: Service, name: string): Promise<string> {
  const request = { protocol: 'udp', to: { listener: name }, text: '?', expectReply: { timeout: '10s' } };
  const { body } = await service.post('/v1/sends', request);
  return Buffer.from(body.replies[0].base64, 'base64').toString();
}

function seqs(items: { seq: number }[]): number[] {
  return items.map(({ seq }) => seq);
}
