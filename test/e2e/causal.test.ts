/** Whoever has seen an effect of a message finds it in the next answer, without a retry. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { startProcess } from '../support/process.ts';

t.setTimeout(120_000);

const ROUNDS = 2000;
const service = await startProcess(t, ['--threads', '2']);

t.test(`an echo over UDP, then a page, ${ROUNDS} times over`, async (t) => {
  const spec = {
    protocol: 'udp',
    name: 'echo',
    threads: 2,
    responder: { type: 'echo' },
    capture: { maxMessages: 1e6 },
  };
  const { body: listener } = await service.post('/v1/listeners', spec);
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  let after = '0';
  let missed = 0;
  for (let n = 1; n <= ROUNDS; n++) {
    socket.send(String(n), listener.address.port, '127.0.0.1');
    await once(socket, 'message');
    const { body } = await service.get(`/v1/listeners/echo/messages?direction=in&payload=text&after=${after}`);
    if (body.items.length !== 1 || body.items[0].text !== String(n)) missed++;
    after = body.next;
  }
  t.equal(missed, 0);
  const { body } = await service.get('/v1/listeners/echo');
  t.match(body.stats, { received: ROUNDS, captured: ROUNDS, sent: ROUNDS, lastSeq: 2 * ROUNDS });
});

t.test('an echo over TCP, then the numbers, 300 times over', async (t) => {
  const { body } = await service.post('/v1/listeners', { protocol: 'tcp', name: 'tcp', responder: { type: 'echo' } });
  const socket = connect(body.address.port, '127.0.0.1').setNoDelay(true);
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  let missed = 0;
  for (let n = 1; n <= 300; n++) {
    socket.write('x');
    await once(socket, 'data');
    const { body } = await service.get('/v1/listeners/tcp');
    if (body.stats.captured !== n) missed++;
  }
  t.equal(missed, 0);
});
