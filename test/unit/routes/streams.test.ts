import t from 'tap';
import { listeningApp } from '../../support/fake/app.ts';
import { openEvents } from '../../support/fake/events.ts';
import { MovedClock } from '../../support/moved-clock.ts';

/** The app with listener `x` and what opens its stream. */
async function streaming(t: Parameters<typeof listeningApp>[0], options: Parameters<typeof listeningApp>[1] = {}) {
  const made = await listeningApp(t, options);
  await made.registry.create({ protocol: 'udp', name: 'x' });
  const open = (query = '', headers = {}) => openEvents(`${made.url}/v1/listeners/x/stream${query}`, headers);
  const openAll = (query = '') => openEvents(`${made.url}/v1/stream${query}`);
  return { ...made, open, openAll };
}
const texts = (data: Record<string, unknown>[]) => data.map(({ text }) => text);

t.test('retry, a comment and the starting id come at once; it starts now', async (t) => {
  const { open, journal } = await streaming(t);
  journal.arrive(1, 'old');
  const reader = await open();
  t.equal(reader.response.statusCode, 200);
  t.match(reader.response.headers, { 'content-type': /^text\/event-stream/, 'cache-control': 'no-store' });
  await reader.until(({ lastId }) => lastId === '1');
  t.match(reader.raw, /^retry: 2000\n: .*\nid: 1\n\n$/);
  journal.arrive(1, 'new');
  await reader.until(({ events }) => events.length > 0);
  t.same(reader.events, [
    { event: 'message', id: '2', data: { listener: 1, seq: 2, kind: 'message', direction: 'in', text: 'new' } },
  ]);
  reader.close();
});

t.test('replays and goes on live: nothing lost, nothing twice', async (t) => {
  const { open, journal } = await streaming(t);
  for (let i = 1; i <= 2500; i++) journal.arrive(1, `${i}`);
  const reader = await open('?after=0');
  for (let i = 2501; i <= 3000; i++) {
    journal.arrive(1, `${i}`);
    if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await reader.until(({ lastId }) => lastId === '3000');
  t.same(
    texts(reader.of('message')),
    Array.from({ length: 3000 }, (_, i) => `${i + 1}`),
  );
  reader.close();
});

t.test('Last-Event-ID wins over after; an empty one counts as none', async (t) => {
  const { open, journal } = await streaming(t);
  for (const text of ['a', 'b', 'c']) journal.arrive(1, text);
  const reader = await open('?after=0&limit=1', { 'last-event-id': '2' });
  t.match((await reader.end())?.data, { reason: 'limit', cursor: '3' });
  t.same(texts(reader.of('message')), ['c']);
  const again = await open('?after=1&limit=1', { 'last-event-id': '' });
  await again.end();
  t.same(texts(again.of('message')), ['b']);
});

t.test('limit counts messages only; the end says where', async (t) => {
  const { open, journal } = await streaming(t);
  journal.arrive(1, 'gap', 'in', 'gap');
  for (const text of ['a', 'b', 'c']) journal.arrive(1, text);
  const reader = await open('?after=0&limit=2&kind=message,gap');
  const last = await reader.end();
  t.same(last, { event: 'end', id: '2', data: { reason: 'limit', cursor: '2' } });
  t.same(texts(reader.of('message')), ['a', 'b']);
});

t.test('default kinds are message and gap; filters apply', async (t) => {
  const { open, journal } = await streaming(t);
  const reader = await open('?text=yes');
  await reader.until(({ raw }) => raw !== '');
  t.match(journal.pulls.at(-1), { filter: { kinds: 0b101, text: 'yes' }, format: 'sse' });
  journal.arrive(1, 'no');
  journal.arrive(1, 'yes');
  await reader.until(({ events }) => events.length > 0);
  t.same(texts(reader.of('message')), ['yes']);
  reader.close();
});

t.test('for ends it after a while, also when nothing comes', async (t) => {
  const { open, journal } = await streaming(t);
  const reader = await open('?for=20ms');
  t.match((await reader.end())?.data, { reason: 'for', cursor: '0' });
  t.equal(journal.followers, 0, 'nobody follows any more');
});

t.test('wrong queries are answered as errors, before the stream', async (t) => {
  const { url, journal } = await streaming(t);
  journal.arrive(1, 'a');
  const status = async (path: string) => (await fetch(url + path)).status;
  t.equal(await status('/v1/listeners/none/stream'), 404);
  t.equal(await status('/v1/listeners/x/stream?after=9'), 400);
  t.equal(await status('/v1/listeners/x/stream?for=soon'), 400);
  t.equal(await status('/v1/listeners/x/stream?kind=send'), 400);
  t.equal(await status('/v1/stream?kind=nonsense'), 400);
  t.equal(await status('/v1/stream?listener=none'), 404);
  t.equal(journal.followers, 0);
});

t.test('it ends when its listener goes or completes, after what there was', async (t) => {
  const { open, registry, journal } = await streaming(t);
  await registry.create({ protocol: 'udp', name: 'y' });
  const reader = await open();
  await reader.until(({ raw }) => raw !== '');
  await registry.remove('y', {});
  journal.arrive(1, 'last');
  registry.tell(1, 'completed');
  t.match((await reader.end())?.data, { reason: 'completed', cursor: '1' });
  t.same(texts(reader.of('message')), ['last']);
  const late = await open('?after=0');
  t.match((await late.end())?.data, { reason: 'completed', cursor: '1' }, 'a completed one is replayed and ends');
  t.same(texts(late.of('message')), ['last']);
  registry.tell(1, 'listening');
  const again = await open();
  await again.until(({ raw }) => raw !== '');
  await registry.remove('x', {});
  t.match((await again.end())?.data, { reason: 'deleted' });
});

t.test('hold ties the listener to the stream; every stream holds its ttl', async (t) => {
  const { open, registry } = await streaming(t);
  const reader = await open('?hold=1');
  await reader.until(({ raw }) => raw !== '');
  t.same(registry.calls.at(-1), ['hold', 'x', { tie: true }]);
  t.equal(registry.holds, 1);
  reader.close();
  while (registry.holds > 0) await new Promise((resolve) => setImmediate(resolve));
  const plain = await open('?for=1ms');
  await plain.end();
  t.same(registry.calls.at(-1), ['hold', 'x', { tie: false }]);
  t.equal(registry.holds, 0);
});

t.test('a shutdown hands over what is left and ends every stream', async (t) => {
  const { app, open, openAll, journal } = await streaming(t);
  const readers = await Promise.all([open(), openAll()]);
  for (const reader of readers) await reader.until(({ raw }) => raw !== '');
  journal.items.push({ place: 1, listener: 1, seq: 1, kind: 'message', direction: 'in', text: 'unannounced' });
  const closed = app.close();
  for (const reader of readers) {
    t.match((await reader.end())?.data, { reason: 'shutdown', cursor: '1' });
    t.same(texts(reader.of('message')), ['unannounced']);
  }
  await closed;
});

t.test('clients at the same place share one pull', async (t) => {
  const { open, journal } = await streaming(t);
  const readers = await Promise.all(Array.from({ length: 10 }, () => open()));
  for (const reader of readers) await reader.until(({ raw }) => raw !== '');
  const before = journal.pulls.length;
  journal.arrive(1, 'a');
  for (const reader of readers) await reader.until(({ events }) => events.length === 1);
  t.equal(journal.pulls.length - before, 1);
  for (const reader of readers) reader.close();
});

t.test('a heartbeat carries the cursor when the scan moved on without a match', async (t) => {
  const { open, journal } = await streaming(t, { streams: { cap: 1024 ** 2, timeoutMs: 1000, heartbeat: 10 } });
  const reader = await open('?text=never');
  await reader.until(({ raw }) => raw.includes(': beat\n\n'));
  journal.arrive(1, 'other');
  await reader.until(({ lastId }) => lastId === '1');
  t.match(reader.raw, /: beat\nid: 1\n\n/);
  reader.close();
});

t.test('a client that does not read is cut with the cursor to resume from', async (t) => {
  const clock = new MovedClock();
  const streams = { cap: 65_536, timeoutMs: 500, heartbeat: 10, clock };
  const { app, open, journal } = await streaming(t, { streams });
  const reader = await open();
  await reader.until(({ raw }) => raw !== '');
  reader.response.pause();
  const text = 'x'.repeat(10_000);
  for (let i = 0; app.streams.totals().lagged === 0; i++) {
    if (i < 2000) journal.arrive(1, text);
    else clock.move(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.same(app.streams.totals(), { clients: 0, lagged: 1 });
  reader.response.resume();
  const last = await reader.end();
  t.equal(last?.event, 'lag');
  const seqs = reader.of('message').map(({ seq }) => seq);
  t.same(
    seqs,
    Array.from({ length: seqs.length }, (_, i) => i + 1),
    'whole until there',
  );
  t.match(last, { id: `${seqs.length}`, data: { cursor: `${seqs.length}` } });
});

t.test('over all listeners: journal order, listeners and sends', async (t) => {
  const { openAll, journal, registry, sends } = await streaming(t);
  await registry.create({ protocol: 'tcp', name: 'y' });
  const reader = await openAll();
  await reader.until(({ raw }) => raw !== '');
  t.match(journal.pulls.at(-1), { filter: { kinds: 0b10101 }, scope: { listeners: null } });
  journal.arrive(2, 'a');
  journal.arrive(1, 'b');
  journal.arrive(2, 'up', 'in', 'listener');
  await sends.create({ protocol: 'udp', to: { port: 9 }, text: 'x' }, {});
  await registry.remove('y', {});
  await reader.until(({ events }) => events.length === 5);
  t.same(texts(reader.of('message')), ['a', 'b']);
  t.match(
    reader.of('listener').find(({ state }) => state === 'deleted'),
    { name: 'y', listenerId: 'l_0000000002' },
  );
  t.ok(reader.of('listener').some(({ text }) => text === 'up'));
  t.match(reader.of('send'), [{ id: 's_0000000001', state: 'done', replyCount: 0 }]);
  reader.close();
});

t.test('over a label, judged live', async (t) => {
  const { openAll, journal, registry } = await streaming(t);
  const reader = await openAll('?label=k:v&kind=message');
  await reader.until(({ raw }) => raw !== '');
  journal.arrive(1, 'not ours');
  await registry.create({ protocol: 'udp', labels: { k: 'v' } });
  journal.arrive(2, 'ours');
  await reader.until(({ events }) => events.length > 0);
  t.same(texts(reader.of('message')), ['ours']);
  reader.close();
  while (registry.events.listenerCount('change') > 0) await new Promise((resolve) => setImmediate(resolve));
});

t.test('one of several named listeners goes: the others stay', async (t) => {
  const { openAll, journal, registry } = await streaming(t);
  await registry.create({ protocol: 'udp', name: 'y' });
  const reader = await openAll('?listener=x,y');
  await reader.until(({ raw }) => raw !== '');
  await registry.remove('x', {});
  journal.arrive(2, 'still');
  await reader.until((all) => all.of('message').length > 0 && all.of('listener').length > 0);
  t.match(reader.of('listener'), [{ name: 'x', state: 'deleted' }]);
  reader.close();
});

t.test('only sends, when only they are asked for', async (t) => {
  const { openAll, journal, sends } = await streaming(t);
  const reader = await openAll('?kind=send');
  await reader.until(({ raw }) => raw !== '');
  journal.arrive(1, 'a');
  await sends.create({ protocol: 'udp', to: { port: 9 }, text: 'x' }, {});
  await reader.until(({ events }) => events.length > 0);
  t.same(
    reader.events.map(({ event }) => event),
    ['send'],
  );
  reader.close();
});

t.test('a journal that has forgotten the listener ends the stream as deleted', async (t) => {
  const { open, journal } = await streaming(t);
  const reader = await open();
  await reader.until(({ raw }) => raw !== '');
  journal.failure = Object.assign(new Error('unknown'), { code: 'unknown_listener' });
  journal.arrive(1, 'a');
  t.match((await reader.end())?.data, { reason: 'deleted' });
});

t.test('a journal that fails ends the stream and is logged', async (t) => {
  const { open, journal, lines } = await streaming(t);
  const reader = await open();
  await reader.until(({ raw }) => raw !== '');
  journal.failure = new Error('broken');
  journal.arrive(1, 'a');
  await reader.end();
  t.match(lines.join(''), /a stream failed/);
});

t.test('what is told while it opens comes after the head', async (t) => {
  const { openAll, journal, registry, sends } = await streaming(t);
  journal.meanwhile = async () => {
    await sends.create({ protocol: 'udp', to: { port: 9 }, text: 'x' }, {});
    await registry.remove('x', {});
  };
  const reader = await openAll();
  await reader.until(({ events }) => events.length === 2);
  t.match(reader.response.headers, { 'content-type': /^text\/event-stream/ });
  t.match(reader.raw, /^retry: 2000\n: .*\nid: 0\n\nevent: send\n/);
  t.match(reader.events, [{ event: 'send' }, { event: 'listener', data: { name: 'x', state: 'deleted' } }]);
  reader.close();
});

t.test('more than it may hold while it opens is a lag', async (t) => {
  const { openAll, journal, sends } = await streaming(t, { streams: { cap: 1000, timeoutMs: 1000, heartbeat: 1000 } });
  journal.meanwhile = async () => {
    for (let i = 0; i < 20; i++) await sends.create({ protocol: 'udp', to: { port: 9 }, text: 'x' }, {});
  };
  const reader = await openAll();
  t.match(await reader.end(), { event: 'lag', data: { cursor: '0' } });
  t.ok(reader.of('send').length > 0 && reader.of('send').length < 20, 'those that found room');
});

t.test('events of a client that does not read do not pile up', async (t) => {
  const { app, openAll, sends } = await streaming(t, { streams: { cap: 65_536, timeoutMs: 60_000, heartbeat: 1000 } });
  const reader = await openAll('?kind=send');
  await reader.until(({ raw }) => raw !== '');
  reader.response.pause();
  for (let i = 0; app.streams.totals().lagged === 0 && i < 100_000; i++) {
    await sends.create({ protocol: 'udp', to: { port: 9 }, text: 'x' }, {});
    if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(app.streams.totals().lagged, 1, 'long before the time is up');
  reader.response.resume();
  t.equal((await reader.end())?.event, 'lag');
});

t.test('what fails once it has begun ends the response', async (t) => {
  const { app, open, lines } = await streaming(t);
  app.streams.add = () => {
    throw new Error('no room for it');
  };
  await t.rejects(open(), { code: 'ECONNRESET' });
  t.match(lines.join(''), /a stream failed/);
});

t.test('a wrong duration leaves nobody listening', async (t) => {
  const { openAll, registry } = await streaming(t);
  const { response } = await openAll('?label=k:v&for=soon');
  t.equal(response.statusCode, 400);
  t.equal(registry.events.listenerCount('change'), 0);
  response.destroy();
});
