import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t from 'tap';
import { ProblemError, SendError } from '../../../src/client/index.ts';
import { client, failure } from './rig.ts';

t.setTimeout(120_000);

const service = await client(t);

t.test('sends to listeners and addresses, with replies', async (t) => {
  const upper = await service.listen({ protocol: 'udp', responder: { type: 'upper' } });
  const sent = await service.send({ to: upper, text: 'hola', expectReply: { count: 1 } });
  t.match(sent, { state: 'done', sent: 1, remote: { port: upper.port } });
  t.match(sent.replies, [{ text: 'HOLA', size: 4, remote: { port: upper.port } }]);
  t.equal((await service.findSend(sent.id)).local?.port, sent.local?.port);

  const from = await service.listen({ protocol: 'udp' });
  await service.send({ protocol: 'udp', from, to: { host: '127.0.0.1', port: upper.port }, bytes: Uint8Array.of(123) });
  t.same((await from.waitFor()).bytes, Uint8Array.of(123));

  const json = await service.send({ to: upper, json: { a: 1 }, expectReply: {} });
  t.same(json.replies[0]!.json(), { A: 1 });
});

t.test('a send that fails is an error', async (t) => {
  const silent = await service.listen({ protocol: 'udp' });
  const error = await failure(SendError, service.send({ to: silent, text: 'x', expectReply: { timeout: 30 } }));
  t.match(error.message, /^send s_\w+ failed: no_reply: .* \(sent 1, replies 0\)$/);
  t.match(error.send, { state: 'failed', sent: 1 });
  const unknown = service.send({ protocol: 'udp', to: { listener: 'nobody' }, text: 'x' });
  t.equal((await failure(ProblemError, unknown)).status, 422);
});

t.test('long sends: done, or cancelled', async (t) => {
  const sink = createSocket('udp4').bind(0, '127.0.0.1');
  await once(sink, 'listening');
  t.teardown(() => sink.close());
  const to = { host: '127.0.0.1', port: sink.address().port };
  const short = await service.startSend({ protocol: 'udp', to, text: 'x', count: 3, interval: 20 });
  t.equal(short.state, 'running');
  t.match(await short.done(), { state: 'done', sent: 3 });
  const long = await service.startSend({ protocol: 'udp', to, text: 'x', count: 1000, interval: '1s' });
  t.equal((await long.cancel()).state, 'cancelled');
  t.equal((await long.done()).state, 'cancelled');
});

t.test('the same idempotency key gets the first answer', async (t) => {
  const to = await service.listen({ protocol: 'udp' });
  const options = { to, text: 'once', idempotencyKey: 'k1' };
  t.equal((await service.send(options)).id, (await service.send(options)).id);
  await to.waitFor({ text: 'once' });
  await to.expectNone({ within: 30 });
});
