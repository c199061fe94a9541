/** The client against the real service: what a test does with a listener. */
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import t from 'tap';
import { positionOf } from '../../../src/client/cursor.ts';
import { ProblemError, VerifyError, WaitError } from '../../../src/client/index.ts';
import { client, datagrams, failure } from './rig.ts';

t.setTimeout(120_000);

const service = await client(t);

t.test('a listener says where it is, and goes when it is disposed of', async (t) => {
  let id: string;
  {
    await using listener = await service.listen({ protocol: 'udp', name: 'statsd', labels: { suite: 'smoke' } });
    id = listener.id;
    t.match(listener, { host: '127.0.0.1', name: 'statsd', protocol: 'udp' });
    t.equal(listener.url, `udp://127.0.0.1:${listener.port}`);
    t.match(listener.view, { state: 'listening', labels: { suite: 'smoke' } });
    t.equal((await service.listener('statsd')).id, id);
    t.same(
      (await service.listeners({ label: { suite: 'smoke' } })).map((one) => one.id),
      [id],
    );
    t.same(await service.listeners({ protocol: 'tcp', label: { suite: 'smoke' } }), []);
  }
  t.equal((await failure(ProblemError, service.listener(id))).code, 'not_found');
});

t.test('closing twice is fine, a wait on what is gone is not', async (t) => {
  const listener = await service.listen({ protocol: 'udp' });
  const waiting = failure(ProblemError, listener.waitFor({ timeout: '20s' }));
  await listener.page();
  await listener.close();
  t.equal((await waiting).code, 'gone');
  await listener.close({ mode: 'rst', drain: 10 });
});

t.test('waits: each goes on behind the one before', async (t) => {
  const listener = await service.listen({ protocol: 'udp' });
  const first = listener.waitFor({ text: 'a' });
  await datagrams(listener, 'a1', 'b1', 'a2', 'a3');
  t.equal((await first).text, 'a1');
  t.equal((await listener.waitFor({ regex: /^B/i })).seq, 2);
  t.same(
    (await listener.waitFor({ count: 2, hex: Uint8Array.of(0x61) })).map(({ text }) => text),
    ['a2', 'a3'],
  );
  t.equal(listener.cursor, '4');
  t.equal((await listener.waitFor({ after: 'start' })).text, 'a1');
  t.equal(listener.cursor, '4', 'an earlier place does not move the cursor back');
  await listener.seek(1);
  t.equal((await listener.waitFor()).text, 'b1');
  await listener.seek('now');
  await listener.expectNone({ within: 20 });
});

t.test('waits, iterations and pages together lose nothing, whichever way it went', async (t) => {
  const listener = await service.listen({ protocol: 'udp', responder: { type: 'echo' } });
  const exchange = (text: string) => service.send({ to: listener, text, expectReply: {} });
  for (const text of ['a', 'b']) await exchange(text);
  await listener.waitFor({ count: 2 });
  const { items } = await listener.page({ after: listener.cursor });
  t.same(
    items.map(({ seq }) => seq),
    [2, 3, 4],
    'a page goes on where something was not given out',
  );
  t.equal((await listener.waitFor({ direction: 'out' })).seq, 2);
  t.equal((await listener.waitFor({ direction: 'out' })).seq, 4);
  t.equal(listener.cursor, '4', 'all is given out');
  for (const text of ['c', 'd']) await exchange(text);
  t.equal((await listener.waitFor()).seq, 5);
  t.equal((await listener.waitFor()).seq, 7);
  const seqs: number[] = [];
  for await (const { seq } of listener.messages({ limit: 2 })) seqs.push(seq);
  t.same(seqs, [6, 8], 'what the waits passed over, and nothing twice');
  await exchange('e');
  t.same(
    (await listener.waitFor({ count: 2, kind: 'message' })).map(({ seq }) => seq),
    [9, 10],
  );
  t.equal(positionOf(listener.cursor), '10');
});

t.test('waits that run at once find messages in any order', async (t) => {
  const listener = await service.listen({ protocol: 'udp' });
  const both = Promise.all([listener.waitFor({ text: 'first' }), listener.waitFor({ text: 'second' })]);
  await datagrams(listener, 'second', 'first');
  t.same(
    (await both).map(({ seq }) => seq),
    [2, 1],
  );
  t.equal(listener.cursor, '2');
});

t.test('more messages than one wait may ask for', async (t) => {
  const listener = await service.listen({ protocol: 'udp' });
  await service.send({ to: listener, text: 'n{{n}}', template: true, count: 2300 });
  const messages = await listener.waitFor({ count: 2300, timeout: '10s', payload: 'text' });
  t.same(
    messages.map(({ text }) => text),
    Array.from({ length: 2300 }, (_, index) => `n${index + 1}`),
  );
  t.equal((await listener.all()).length, 2300);
});

t.test('a wait that fails tells the story', async (t) => {
  const listener = await service.listen({ protocol: 'udp', name: 'deploys', capture: { maxMessages: 2 } });
  await datagrams(listener, 'x', 'deploys:1|c', Uint8Array.of(0, 255));
  const wait = listener.waitFor({ count: 2, text: 'deploys', minSize: 5, timeout: 50 });
  const error = await failure(WaitError, wait);
  t.equal(error.messages.length, 1);
  t.ok(error.nearMisses.some(({ seq }) => seq === 3));
  for (const part of [
    `1 of 2 messages within 50 ms on deploys (${listener.url})\n`,
    '\n  wanted   2 in message with text "deploys", minSize 5, after #0\n',
    /\n {2}got {6}#2 in 127\.0\.0\.1:\d+ "deploys:1\|c"\n/,
    /\n {2}near {5}#3: .*text/,
    /#2 in \d\d:\d\d:\d\d\.\d\d\d from 127\.0\.0\.1:\d+, 11 bytes\n\s+text "deploys:1\|c"\n\s+hex {2}64 65 70/,
    '  hex  00 ff\n',
    /\n {2}state {4}listening, received 3, captured 3, sent 0\n/,
    /\n {2}drops {4}evicted 1$/,
  ]) {
    t.match(error.message, part);
  }
  t.equal(listener.cursor, '0', 'a wait that failed leaves the cursor');
});

t.test('absence: proven, or disproved at once', async (t) => {
  const listener = await service.listen({ protocol: 'udp' });
  await listener.expectNone({ within: '30ms' });
  await datagrams(listener, 'fine', 'stray');
  await listener.expectNone({ text: 'never', within: 20 });
  const began = performance.now();
  const error = await failure(WaitError, listener.expectNone({ text: 'stray', within: '30s' }));
  t.ok(performance.now() - began < 5000);
  t.match(
    error.message,
    /^an unexpected message within 30s on .*\n {2}wanted {3}no in message with text "stray", after #0\n/,
  );
  t.match(error.messages, [{ text: 'stray' }]);
});

t.test('verifications', async (t) => {
  const listener = await service.listen({ protocol: 'udp' });
  await datagrams(listener, 'a', 'b', 'a');
  const verdict = await listener.verify({ match: { text: { equals: 'a' } }, count: { exactly: 2 }, quietFor: 20 });
  t.match(verdict, { passed: true, matched: 2, seqs: [1, 3] });
  const later = listener.verify({ after: 3, match: { text: { equals: 'c' } }, within: '5s' });
  await datagrams(listener, 'c');
  t.match(await later, { passed: true, seqs: [4] });
  const wrong = listener.verify({ match: { text: { equals: 'aa' } }, within: 10 });
  const error = await failure(VerifyError, wrong);
  t.match(error.verdict, { passed: false, matched: 0 });
  t.match(
    error.message,
    /^not verified on l_.*\n {2}wanted {3}\{"match":\{"text":\{"equals":"aa"\}\},"within":10\}\n {2}verdict {2}Expected /,
  );
  t.match(error.message, /\n {11}.*seq 3: byte 1: expected 61, was nothing/);
  const tooMany = await failure(VerifyError, listener.verify({ count: { atMost: 1 } }));
  t.match(tooMany.message, /\n {2}verdict {2}Expected at most 1 message/);
});

t.test('pages, clearing and raw reads leave the cursor alone', async (t) => {
  const listener = await service.listen({ protocol: 'udp' });
  await datagrams(listener, 'a', 'b', 'c');
  const page = await listener.page({ limit: 2 });
  t.match(page, { hasMore: true, next: /^2~/ });
  t.same(
    page.items.map(({ text }) => text),
    ['a', 'b'],
  );
  const rest = await listener.page({ after: page.items[1]!, minSize: 1 });
  t.match(rest.items, [{ text: 'c' }]);
  t.equal(await listener.clear({ before: 3 }), 2);
  t.same(
    (await listener.all({ text: 'c' })).map(({ seq }) => seq),
    [3],
  );
  t.equal(await listener.clear(), 1);
  t.equal(listener.cursor, '0');
});

t.test('pause, resume, update', async (t) => {
  const listener = await service.listen({ protocol: 'udp' });
  await listener.pause();
  await datagrams(listener, 'lost');
  t.equal((await listener.refresh()).stats.dropped.paused, 1);
  await listener.resume();
  t.equal(listener.view.state, 'listening');
  await datagrams(listener, 'seen');
  t.equal((await listener.waitFor()).text, 'seen');
  await listener.update({ name: 'other', responder: { type: 'echo' } });
  t.equal(listener.name, 'other');
});

t.test('replies and connections over TCP', async (t) => {
  const listener = await service.listen({ protocol: 'tcp', tcp: { framing: { type: 'line' } } });
  const socket = connectTcp(listener.port, listener.host).setEncoding('utf8');
  t.teardown(() => socket.destroy());
  socket.write('ping\n');
  const ping = await listener.waitFor();
  const pong = once(socket, 'data');
  t.equal(await listener.reply(ping, 'pong\n'), 5);
  t.same(await pong, ['pong\n']);
  const [connection] = await listener.connections();
  t.equal(connection!.id, ping.connectionId);
  t.equal(connection!.remote.port, socket.localPort);
  const hi = once(socket, 'data');
  await connection!.send(Uint8Array.of(104, 105));
  t.same(await hi, ['hi\n'], 'in its frame');
  t.match(await connection!.update({ reading: false }), { reading: false });
  t.match(connection!.view, { reading: false });
  const closed = once(socket, 'close').catch(() => {});
  await connection!.close('rst');
  await closed;
  const sent = await listener.waitFor({ direction: 'out', count: 2 });
  t.same(
    sent.map(({ text }) => text),
    ['pong\n', 'hi'],
  );
});

t.test('PUT makes a listener once', async (t) => {
  const first = await service.put('fixed', { protocol: 'udp' });
  t.equal((await service.put('fixed', { protocol: 'udp' })).id, first.id);
  await failure(ProblemError, service.put('fixed', { protocol: 'udp', responder: { type: 'echo' } }));
  const replaced = await service.put('fixed', { protocol: 'udp', responder: { type: 'echo' } }, { replace: true });
  t.equal(replaced.id, first.id);
  await service.reset();
  t.same(await service.listeners(), []);
  t.ok((await service.workers()).pools.length > 0);
});

t.test('rules: counted, tried and changed', async (t) => {
  const listener = await service.listen({
    protocol: 'udp',
    responder: {
      type: 'rules',
      rules: [{ name: 'ping', when: { text: { equals: 'ping' } }, then: [{ reply: { text: 'pong' } }] }],
    },
  });
  t.match(await listener.rules.test(['ping', Uint8Array.of(1)]), [
    { rule: 'ping', actions: [{ do: 'send', text: 'pong' }] },
    { rule: null, others: [{ rule: 'ping' }], actions: [] },
  ]);
  t.match(await listener.rules.update('ping', { enabled: false }), {
    items: [{ name: 'ping', enabled: false, hits: 0 }],
  });
  t.match(await listener.rules.replace({ rules: [] }), { items: [] });
  t.match(await listener.rules.get(), { items: [], unmatched: 0 });
  await t.rejects(listener.rules.replace({ rules: [{}] }), { code: 'validation_failed' });
});

t.test('presets: what there is, and one in use', async (t) => {
  const names = (await service.presets()).map(({ name }) => name);
  t.ok(names.includes('smtpSink') && names.includes('ntp'));
  const [first] = await service.presets({ protocol: 'tcp' });
  t.match(first, { name: 'discard', protocol: 'tcp', responder: { type: 'none' } });
  const spec = { protocol: 'udp', responder: { type: 'preset', name: 'qotd', with: { quotes: ['one'] } } } as const;
  await using listener = await service.listen({ ...spec, responder: { ...spec.responder, with: { quotes: ['one'] } } });
  t.equal(listener.view.responder?.type, 'rules');
});
