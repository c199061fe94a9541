/** Framings through HTTP, against the real process: what is cut on the way in, framed on the way out, and refused. */
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { startProcess } from '../support/process.ts';

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
});
