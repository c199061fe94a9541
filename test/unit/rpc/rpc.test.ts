/** One typed request between two threads: replies, errors, cancelling and death. Over a real port. */
import { setImmediate } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import t, { type Test } from 'tap';
import type { ClientMessage, Handlers, ReplyMessage } from '../../../src/rpc/protocol.ts';
import { RpcClient } from '../../../src/rpc/rpc-client.ts';
import { RpcServer } from '../../../src/rpc/rpc-server.ts';
import { WorkerError } from '../../../src/rpc/wire-error.ts';

type TestProtocol = {
  double: { request: number; reply: number };
  fail: { request: { code?: string; message: string }; reply: null };
  /** Throws what no message can hold. */
  baffle: { request: null; reply: null };
  /** Replies with the bytes, handed over. */
  bytes: { request: Uint8Array; reply: Uint8Array };
  /** Replies when cancelled, and never otherwise. */
  hang: { request: null; reply: string };
};

function rig(t: Test) {
  const { port1, port2 } = new MessageChannel();
  const cancelled: AbortSignal[] = [];
  const replies: ReplyMessage[] = [];
  const handlers: Handlers<TestProtocol> = {
    double: (n) => n * 2,
    fail: ({ code, message }) => {
      throw Object.assign(new Error(message), code === undefined ? {} : { code });
    },
    baffle: () => {
      throw { message: () => {} };
    },
    bytes: (bytes) => bytes,
    hang: (_, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          cancelled.push(signal);
          resolve('too late');
        });
      }),
  };
  const server = new RpcServer<TestProtocol>({
    handlers,
    post: (message, transfer) => port2.postMessage(message, transfer),
    transferOf: (reply) => (reply instanceof Uint8Array ? [reply.buffer as ArrayBuffer] : []),
  });
  port2.on('message', (message: ClientMessage<TestProtocol>) => void server.receive(message));
  const client = new RpcClient<TestProtocol>({
    post: (message, transfer) => port1.postMessage(message, transfer),
    revive: ({ code, message }) => new WorkerError(code, message),
    cancelled: () => new WorkerError('aborted', 'cancelled'),
  });
  port1.on('message', (message: ReplyMessage) => {
    replies.push(message);
    client.receive(message);
  });
  t.teardown(() => port1.close());
  return { client, cancelled, replies };
}

const gone = () => new WorkerError('gone', 'it has ended');

t.test('each call gets its own reply, or its own error', async (t) => {
  const { client } = rig(t);
  const calls = [1, 2, 3].map((n) => client.call('double', n));
  t.same(await Promise.all(calls), [2, 4, 6]);
  await t.rejects(client.call('fail', { code: 'EADDRINUSE', message: 'taken' }), {
    name: 'Error',
    code: 'EADDRINUSE',
    message: 'taken',
  });
  await t.rejects(client.call('fail', { message: 'unforeseen' }), { code: 'internal', message: 'unforeseen' });
});

t.test(
  'what is gathered in one turn crosses as one message, in order; what can not be posted fails alone',
  async (t) => {
    const posted: ClientMessage<TestProtocol>[] = [];
    const client = new RpcClient<TestProtocol>({
      post: (message) => void posted.push(structuredClone(message)),
      revive: ({ code, message }) => new WorkerError(code, message),
      cancelled: () => new WorkerError('aborted', 'cancelled'),
      gathered: new Set(['double'] as const),
    });
    const controller = new AbortController();
    const { signal } = controller;
    const first = client.call('double', 1, { signal });
    await Promise.resolve();
    void client.call('double', 2);
    controller.abort();
    await t.rejects(first, { code: 'aborted' });
    await setImmediate();
    t.same(posted, [[{ id: 1, name: 'double', request: 1 }, { id: 2, name: 'double', request: 2 }, { cancel: 1 }]]);
    void client.call('double', 3);
    await t.rejects(client.call('double', (() => {}) as unknown as number), { name: 'DataCloneError' });
    await setImmediate();
    t.same(posted.slice(1), [{ id: 3, name: 'double', request: 3 }]);
  },
);

t.test('bytes are handed over, both ways', async (t) => {
  const { client } = rig(t);
  const bytes = new Uint8Array([1, 2, 3]);
  const reply = await client.call('bytes', bytes, { transfer: [bytes.buffer] });
  t.same([...reply], [1, 2, 3]);
  t.equal(bytes.length, 0);
});

t.test('a cancelled call is rejected at once, and the other side hears of it', async (t) => {
  const { client, cancelled, replies } = rig(t);
  const controller = new AbortController();
  const call = client.call('hang', null, { signal: controller.signal });
  const caught = t.rejects(call, { code: 'aborted' });
  await client.call('double', 1);
  controller.abort();
  await caught;
  t.equal(cancelled.length, 0, 'nobody waited for the other side');
  await client.call('double', 1);
  await client.call('double', 1);
  t.equal(cancelled.length, 1);
  t.equal(replies.length, 4, 'its late reply is dropped');
});

t.test('a call that is cancelled before it is made is not made', async (t) => {
  const { client, replies } = rig(t);
  await t.rejects(client.call('double', 1, { signal: AbortSignal.abort() }), { code: 'aborted' });
  await client.call('double', 1);
  t.equal(replies.length, 1);
});

t.test('a signal outlives its calls: cancelling later tells nobody, and leaves no listener behind', async (t) => {
  const { client, cancelled, replies } = rig(t);
  const controller = new AbortController();
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  for (let i = 0; i < 50; i++) await client.call('double', i, { signal: controller.signal });
  controller.abort();
  await client.call('double', 1);
  process.off('warning', onWarning);
  t.same([warnings.length, cancelled.length, replies.length], [0, 0, 51]);
});

t.test('closed: calls under way are replied to, later ones are refused', async (t) => {
  const { client } = rig(t);
  const call = client.call('double', 1);
  client.close(gone);
  await t.rejects(client.call('double', 2), { code: 'gone' });
  t.equal(await call, 2);
});

t.test('no call outlives the other side', async (t) => {
  const { client } = rig(t);
  const controller = new AbortController();
  const calls = [client.call('hang', null), client.call('hang', null, { signal: controller.signal })];
  const caught = Promise.all(calls.map((call) => t.rejects(call, { code: 'gone' })));
  client.end(gone);
  await caught;
  controller.abort();
  await t.rejects(client.call('double', 1), { code: 'gone' });
});

t.test('what cannot be posted fails this call alone', async (t) => {
  const { client } = rig(t);
  await t.rejects(client.call('double', (() => 1) as never), { name: 'DataCloneError' });
  t.equal(await client.call('double', 2), 4);
});

t.test('a reply that cannot be posted is an error', async (t) => {
  const posted: ReplyMessage[] = [];
  const server = new RpcServer<Pick<TestProtocol, 'double'>>({
    handlers: { double: () => (() => 1) as never },
    post: (message) => posted.push(structuredClone(message)),
  });
  await server.receive({ id: 1, name: 'double', request: 1 });
  t.match(posted, [{ id: 1, error: { code: 'internal' } }]);
});

t.test('an error that can not be posted is replied to all the same', async (t) => {
  const { client } = rig(t);
  await t.rejects(client.call('baffle', null), { message: /could not be cloned/ });
  t.equal(await client.call('double', 2), 4);
});
