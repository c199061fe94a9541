/** Framings through HTTP, against the real process: what is cut on the way in, framed on the way out, and refused. */
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { startProcess } from '../support/process.ts';
import { isA } from '../support/schema.ts';

t.setTimeout(120_000);

const service = await startProcess(t);

async function listener(spec: object): Promise<number> {
  const { status, body } = await service.post('/v1/listeners', { protocol: 'tcp', ...spec });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body.address.port;
}

/** A client that gathers what comes back. */
function client(t: Test, port: number) {
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  let received = '';
  socket.on('data', (bytes) => {
    received += bytes;
  });
  const got = async (wanted: string) => {
    while (received.length < wanted.length) await new Promise((resolve) => socket.once('data', resolve));
    return received;
  };
  return { socket, got };
}

t.test('delimiter: messages end where it stands, echoes give it back, replies get it', async (t) => {
  const framing = { type: 'delimiter', text: '\r\n.\r\n' };
  const port = await listener({ name: 'mail', responder: { type: 'echo' }, tcp: { framing } });
  const { socket, got } = client(t, port);
  socket.write('Hola\r\nserver\r\n');
  socket.write('.\r\nagain\r\n.\r\n');
  const echoed = 'Hola\r\nserver\r\n.\r\nagain\r\n.\r\n';
  t.equal(await got(echoed), echoed);
  const { body } = await service.get('/v1/listeners/mail/messages?direction=in&wait=5s&count=2');
  t.same(
    body.items.map(({ text }: { text: string }) => text),
    ['Hola\r\nserver', 'again'],
  );
  t.match((await service.get('/v1/listeners/mail')).body, { tcp: { framing: { ...framing, maxFrame: 65_536 } } });
  await service.patch('/v1/listeners/mail', { responder: { type: 'reply', text: 'ok' } });
  socket.write('third\r\n.\r\n');
  t.equal(await got(`${echoed}ok\r\n.\r\n`), `${echoed}ok\r\n.\r\n`);
  const { body: open } = await service.get('/v1/listeners/mail/connections');
  await service.post(`/v1/listeners/mail/connections/${open.items[0].id}/send`, { text: 'unasked' });
  t.equal(await got(`${echoed}ok\r\n.\r\nunasked\r\n.\r\n`), `${echoed}ok\r\n.\r\nunasked\r\n.\r\n`);
});

t.test('sends frame what leaves and cut what comes back', async (t) => {
  const framing = { type: 'delimiter', hex: '00 ff' };
  await listener({ name: 'binary', responder: { type: 'echo' }, tcp: { framing } });
  const { body } = await service.post('/v1/sends', {
    protocol: 'tcp',
    to: { listener: 'binary' },
    sequence: [{ text: 'one' }, { text: 'two' }],
    expectReply: { count: 2 },
    tcp: { framing },
  });
  t.match(body, { state: 'done', replies: [{ text: 'one' }, { text: 'two' }] });
});

t.test('what is no delimiter is a 400 that names the field', async (t) => {
  const refused = async (framing: object, pointer: string) => {
    for (const [path, body] of [
      ['/v1/listeners', { protocol: 'tcp', tcp: { framing } }],
      ['/v1/sends', { protocol: 'tcp', to: { host: '127.0.0.1', port: 9 }, text: 'x', tcp: { framing } }],
    ] as const) {
      const answer = await service.post(path, body);
      t.equal(answer.status, 400, `${path} ${JSON.stringify(framing)}`);
      t.equal(answer.body.errors[0].pointer, pointer);
    }
  };
  await refused({ type: 'delimiter' }, '/tcp/framing/text');
  await refused({ type: 'delimiter', text: 'a', hex: '61' }, '/tcp/framing/text');
  await refused({ type: 'delimiter', hex: '6' }, '/tcp/framing/hex');
  await refused({ type: 'delimiter', hex: '0x, :' }, '/tcp/framing/hex');
  await refused({ type: 'delimiter', text: '\n', keep: 1 }, '/tcp/framing/keep');
  await refused({ type: 'delimiter', text: '\n', eol: 'x' }, '/tcp/framing/eol');
  await refused({ type: 'dots' }, '/tcp/framing/type');
  await refused({ type: 'fixed' }, '/tcp/framing/size');
  await refused({ type: 'length', size: 5 }, '/tcp/framing/size');
  await refused({ type: 'length', offset: 1, strip: true }, '/tcp/framing/strip');
  await refused({ type: 'line', body: { regex: '(' } }, '/tcp/framing/body/regex');
  await refused({ type: 'stxEtx', start: '2' }, '/tcp/framing/start');
  await refused({ type: 'stxEtx', escape: '03' }, '/tcp/framing/escape');
  await refused({ type: 'idle', gap: 'soon' }, '/tcp/framing/gap');
  await refused({ type: 'cobs', onError: 'no' }, '/tcp/framing/onError');
});

const hexOf = (text: string) => Buffer.from(text, 'base64').toString('hex');
const raw = async (name: string, seq: number) => {
  const response = await fetch(new URL(`/v1/listeners/${name}/messages/${seq}/payload?raw=true`, service.url));
  return { status: response.status, hex: Buffer.from(await response.arrayBuffer()).toString('hex') };
};

/** Each framing with a stream of two messages, what they are, and a reply in its frame. */
const EACH: [framing: object, stream: string, messages: string[], reply: string, framed: string][] = [
  [{ type: 'line', eol: '\r\n' }, '610d0a620a', ['61', '62'], '6f6b', '6f6b0d0a'],
  [
    { type: 'line', body: { regex: '^set (\\d+)', adjust: 2 } },
    '73657420310d0a0a0d0a620d0a',
    ['73657420310d0a0a0d0a', '62'],
    '6f6b',
    '6f6b0a',
  ],
  [{ type: 'fixed', size: 2, pad: '00' }, '61626364', ['6162', '6364'], '6f', '6f00'],
  [{ type: 'length', size: 2 }, '00026162000163', ['6162', '63'], '6f6b', '00026f6b'],
  [{ type: 'length', offset: 1, size: 'varint' }, 'c000300161', ['c000', '300161'], 'd000', 'd000'],
  [{ type: 'octetCounting' }, '3220616231 2062'.replace(' ', ''), ['6162', '62'], '6f6b', '32206f6b'],
  [{ type: 'netstring' }, '323a61622c303a2c', ['6162', ''], '6f6b', '323a6f6b2c'],
  [
    { type: 'contentLength' },
    Buffer.from('Content-Length: 2\r\n\r\nabContent-Length: 1\r\n\r\nc').toString('hex'),
    ['6162', '63'],
    '6f6b',
    Buffer.from('Content-Length: 2\r\n\r\nok').toString('hex'),
  ],
  [{ type: 'stxEtx', escape: '10' }, '026103021003 03'.replace(' ', ''), ['61', '03'], '6f6b', '026f6b03'],
  [{ type: 'mllp' }, '0b611c0d0b621c0d', ['61', '62'], '6f6b', '0b6f6b1c0d'],
  [{ type: 'slip' }, 'c061dbdcc062c0', ['61c0', '62'], '6fdb', 'c06fdbddc0'],
  [{ type: 'cobs' }, '0361620001 01 00'.replaceAll(' ', ''), ['6162', '00'], '6f00', '026f0100'],
  [
    { type: 'resp' },
    Buffer.from('*1\r\n$4\r\nPING\r\n:1\r\n').toString('hex'),
    [Buffer.from('*1\r\n$4\r\nPING\r\n').toString('hex'), Buffer.from(':1\r\n').toString('hex')],
    Buffer.from('+PONG\r\n').toString('hex'),
    Buffer.from('+PONG\r\n').toString('hex'),
  ],
];

t.test('each framing cuts what comes, frames what goes, and shows both as they were on the wire', async (t) => {
  for (const [i, [framing, stream, messages, reply, framed]] of EACH.entries()) {
    const name = `framing-${i}`;
    const port = await listener({ name, responder: { type: 'reply', hex: reply }, tcp: { framing } });
    const { socket, got } = client(t, port);
    socket.setEncoding('latin1');
    socket.write(Buffer.from(stream, 'hex'));
    const wanted = Buffer.from(framed.repeat(messages.length), 'hex').toString('latin1');
    t.equal(await got(wanted), wanted, JSON.stringify(framing));
    const { body } = await service.get(`/v1/listeners/${name}/messages?order=asc&payload=base64`);
    const inbound = body.items.filter(({ direction }: { direction: string }) => direction === 'in');
    t.same(
      inbound.map(({ base64 }: { base64: string }) => hexOf(base64)),
      messages,
      JSON.stringify(framing),
    );
    let wire = '';
    for (const { seq } of inbound) wire += (await raw(name, seq)).hex;
    t.equal(wire, stream, `${JSON.stringify(framing)}: the stream again`);
    const out = body.items.find(({ direction }: { direction: string }) => direction === 'out');
    t.equal(hexOf(out.base64), reply);
    t.equal((await raw(name, out.seq)).hex, framed);
    const { body: view } = await service.get(`/v1/listeners/${name}`);
    t.match(view.tcp.framing, { ...framing, maxFrame: 65_536, onError: 'fin' });
    t.equal((await service.put(`/v1/listeners/${name}`, view)).status, 200, 'what was read back is the same');
    isA(t, 'Listener', view);
  }
});

t.test('a frame may be as long as maxFrame says, in bytes or as a size', async (t) => {
  const framing = { type: 'netstring', maxFrame: '1MiB' };
  const port = await listener({ name: 'long', responder: { type: 'echo' }, tcp: { framing } });
  t.match((await service.get('/v1/listeners/long')).body, { tcp: { framing: { maxFrame: 1_048_576 } } });
  t.equal((await service.put('/v1/listeners/long', (await service.get('/v1/listeners/long')).body)).status, 200);
  const { socket, got } = client(t, port);
  const long = `100000:${'x'.repeat(100_000)},`;
  socket.write(long);
  t.equal((await got(long)).length, long.length);
  for (const maxFrame of ['17MiB', '0B', 0, 16_777_217, 'long']) {
    const refused = await service.post('/v1/listeners', {
      protocol: 'tcp',
      tcp: { framing: { ...framing, maxFrame } },
    });
    t.match(refused, { status: 400, body: { errors: [{ pointer: '/tcp/framing/maxFrame' }] } }, `${maxFrame}`);
  }
});

t.test('idle and untilClose: silence and the end make messages', async (t) => {
  const idle = client(
    t,
    await listener({ name: 'idle', responder: { type: 'echo' }, tcp: { framing: { type: 'idle', gap: '50ms' } } }),
  );
  idle.socket.write('a');
  idle.socket.write('b');
  t.equal(await idle.got('ab'), 'ab');
  const port = await listener({ name: 'all', responder: { type: 'upper' }, tcp: { framing: { type: 'untilClose' } } });
  const all = client(t, port);
  all.socket.write('whole ');
  all.socket.end('message');
  t.equal(await all.got('WHOLE MESSAGE'), 'WHOLE MESSAGE');
});

t.test('bytes that are no frame: recorded as partial, told, and then as onError says', async (t) => {
  const faulty = async (onError: string) => {
    const name = `faulty-${onError}`;
    const framing = { type: 'netstring', onError };
    const port = await listener({ name, responder: { type: 'echo' }, tcp: { framing } });
    const { socket, got } = client(t, port);
    const ended = new Promise<string>((resolve) => {
      socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? ''));
      socket.on('close', () => resolve('closed'));
    });
    socket.write('1:a,x');
    t.equal(await got('1:a,'), '1:a,');
    if (onError === 'raw') {
      socket.write('rest');
      t.equal(await got('1:a,rest'), '1:a,rest', 'what follows is read as it comes');
      socket.end();
    }
    t.match(await ended, onError === 'rst' ? /ECONNRESET|closed/ : 'closed');
    const { body } = await service.until(`/v1/listeners/${name}/messages?kind=message,problem,connection`, ({ body }) =>
      body.items.some(({ phase }: { phase?: string }) => phase === 'closed'),
    );
    const shown = body.items.filter(
      ({ partial, kind }: { partial?: boolean; kind: string }) => partial || kind === 'problem',
    );
    t.match(shown, [
      { kind: 'message', direction: 'in', partial: true, text: 'x' },
      { kind: 'problem', code: 'framing_error', expected: 'a digit', offset: 0 },
    ]);
    for (const item of body.items) isA(t, 'Message', item);
  };
  for (const onError of ['fin', 'rst', 'raw']) await faulty(onError);
});

t.test('half a frame at the end of a stream is partial and not answered', async (t) => {
  const port = await listener({
    name: 'half',
    responder: { type: 'echo' },
    tcp: { framing: { type: 'length', size: 1 } },
  });
  const { socket } = client(t, port);
  socket.end(Buffer.from('0161 0561'.replace(' ', ''), 'hex'));
  const { body } = await service.get('/v1/listeners/half/messages?kind=message,problem&direction=in&wait=5s&count=2');
  t.match(body.items, [{ text: 'a' }, { partial: true }]);
  const { body: view } = await service.until('/v1/listeners/half', ({ body }) => body.stats.connectionsOpen === 0);
  t.equal(view.stats.sent, 1);
});

t.test('raw payloads leave without framing', async (t) => {
  const framing = { type: 'length', size: 1 };
  const port = await listener({ name: 'raw', responder: { type: 'reply', hex: 'ff', raw: true }, tcp: { framing } });
  const { socket, got } = client(t, port);
  socket.setEncoding('latin1');
  socket.write(Buffer.from('0161', 'hex'));
  t.equal(await got('\xff'), '\xff');
  const { body: open } = await service.get('/v1/listeners/raw/connections');
  await service.post(`/v1/listeners/raw/connections/${open.items[0].id}/send`, { hex: '00', raw: true });
  await service.post(`/v1/listeners/raw/messages/1/reply`, { text: 'b' });
  t.equal(await got('\xff\x00\x01b'), '\xff\x00\x01b');
  const { body } = await service.post('/v1/sends', {
    protocol: 'tcp',
    to: { listener: 'raw' },
    sequence: [{ text: 'ab' }, { hex: '02', raw: true }, { text: 'cd', raw: true }],
    tcp: { framing, halfClose: true },
  });
  t.equal(body.state, 'done');
  const { body: page } = await service.get('/v1/listeners/raw/messages?direction=in&wait=5s&count=3');
  t.same(
    page.items.map(({ text }: { text: string }) => text),
    ['a', 'ab', 'cd'],
  );
});

t.test('what no frame can hold', async (t) => {
  const framing = { type: 'fixed', size: 2 };
  const port = await listener({ name: 'fixed', responder: { type: 'reply', text: 'long' }, tcp: { framing } });
  const send = { protocol: 'tcp', to: { host: '127.0.0.1', port }, text: 'abc', tcp: { framing } };
  t.match(await service.post('/v1/sends', send), { status: 422, body: { code: 'unprocessable' } });
  const { socket } = client(t, port);
  socket.write('ab');
  const { body } = await service.get('/v1/listeners/fixed/messages?kind=problem&wait=5s');
  t.match(body.items, [{ code: 'framing_error', detail: /4 bytes/ }]);
  const { body: open } = await service.get('/v1/listeners/fixed/connections');
  t.match(await service.post(`/v1/listeners/fixed/connections/${open.items[0].id}/send`, { text: 'abc' }), {
    status: 422,
  });
});
