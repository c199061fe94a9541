/** Live streams against the real service, over a wire that breaks. */
import t from 'tap';
import { connect, type FeedEvent, ProblemError, UnreachableError } from '../../../src/client/index.ts';
import { startProcess } from '../../support/process.ts';
import { betweenLooks } from '../../support/waiting.ts';
import { client, datagrams, failure, fakeService, Wire } from './rig.ts';

t.setTimeout(120_000);

const service = await client(t);

t.test('messages from the cursor on, then live; what is given out moves the cursor', async (t) => {
  const listener = await service.listen({ protocol: 'udp' });
  await datagrams(listener, 'a', 'b');
  await listener.waitFor();
  const seen: string[] = [];
  for await (const message of listener.messages()) {
    seen.push(message.text);
    if (message.text === 'b') await datagrams(listener, 'c', 'd');
    if (message.text === 'c') break;
  }
  t.same(seen, ['b', 'c']);
  t.equal((await listener.waitFor()).text, 'd');
});

t.test('a stream ends after so many messages, after so long, or with its listener', async (t) => {
  const listener = await service.listen({ protocol: 'udp' });
  await datagrams(listener, 'a', 'bb', 'c');
  t.same(await texts(listener.messages({ limit: 1, minSize: 2, after: 'start' })), ['bb']);
  t.same(await texts(listener.messages({ for: 30, after: 'start' })), ['a', 'bb', 'c']);
  const live = await listener.messages({ after: 'now' }).opened();
  const ended = texts(live);
  await listener.close();
  t.same(await ended, []);
  await failure(ProblemError, texts(listener.messages()));
});

t.test('closing ends the iteration: by close, by signal, by the service, by leaving it', async (t) => {
  const listener = await service.listen({ protocol: 'udp' });
  await using closed = await listener.messages().opened();
  const first = texts(closed);
  closed.close();
  t.same(await first, []);
  const leaving = new AbortController();
  const second = texts(listener.messages({ signal: leaving.signal }));
  leaving.abort();
  t.same(await second, []);
  t.same(await texts(listener.messages({ signal: leaving.signal })), []);
  const other = await connect(service.url);
  const third = texts(await other.messages().opened());
  await other.close();
  t.same(await third, []);
  {
    await using _unread = await listener.messages().opened();
    await using _unopened = listener.messages();
  }
});

t.test('a listener lives as long as the stream that holds it', async (t) => {
  const listener = await service.listen({ protocol: 'udp' });
  await datagrams(listener, 'a');
  for await (const _ of listener.messages({ hold: true })) break;
  await until(async () => (await service.listeners()).every(({ id }) => id !== listener.id));
  t.equal((await failure(ProblemError, listener.refresh())).code, 'not_found');
});

t.test('a wire that breaks: nothing lost, nothing twice', async (t) => {
  const wire = new Wire(service.url);
  const far = await connect(await wire.open(t));
  t.teardown(() => far.close());
  const listener = await service.listen({ protocol: 'udp' });
  const followed = await far.listener(listener.id);
  const seen: number[] = [];
  await datagrams(listener, ...numbered(0, 10));
  for await (const message of followed.messages({ limit: 40 })) {
    seen.push(Number(message.text));
    const next = seen.length;
    if (next % 10 !== 0) continue;
    wire.cut();
    await datagrams(listener, ...numbered(next, 10));
  }
  t.same(seen, numbered(0, 40).map(Number));
  t.ok(wire.connections > 3);
});

t.test('what can not be reached again is an error; what is gone meanwhile is the end', async (t) => {
  const wire = new Wire(service.url);
  const far = await connect(await wire.open(t));
  t.teardown(() => far.close());
  const listener = await far.listen({ protocol: 'udp' });
  const live = await listener.messages().opened();
  const ended = texts(live);
  wire.isDown = true;
  wire.cut();
  await (await service.listener(listener.id)).close();
  wire.isDown = false;
  t.same(await ended, []);
});

t.test('a service that is down for good is given up', async (t) => {
  let requests = 0;
  const url = await fakeService(t, (request, response) => {
    if (request.url === '/v1/info') return void response.end('{}');
    if (requests++ > 0) return void request.socket.destroy();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    return void response.end('retry: 5\nid: 3\n\nevent: lag\nid: 4\ndata: {"cursor":"4"}\n\n');
  });
  const service = await connect(url);
  await failure(UnreachableError, texts(service.messages({ after: '1' })));
  t.equal(requests, 1 + 2 * 8, 'eight attempts, each asked twice');
});

t.test('a shutdown is not the end: the reader goes on where it was', async (t) => {
  const asked: unknown[] = [];
  const url = await fakeService(t, (request, response) => {
    if (request.url === '/v1/info') return void response.end('{}');
    asked.push(request.headers['last-event-id']);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (asked.length === 1) response.write('event: message\nid: j1.1\ndata: {"kind":"message","text":"a"}\n\n');
    return void response.end(`event: end\ndata: {"reason":"${asked.length === 1 ? 'shutdown' : 'for'}"}\n\n`);
  });
  const service = await connect(url);
  t.same(await texts(service.messages()), ['a']);
  t.same(asked, [undefined, 'j1.1']);
});

t.test('a service that begins anew in memory: the reader is told, and gets all there is in the new one', async (t) => {
  const first = await startProcess(t, ['--threads', '1']);
  const second = await startProcess(t, ['--threads', '1']);
  const wire = new Wire(first.url);
  const far = await connect(await wire.open(t));
  t.teardown(() => far.close());
  const [before, after] = await Promise.all([connect(first.url), connect(second.url)]);
  t.teardown(() => Promise.all([before.close(), after.close()]));
  const gaps: unknown[] = [];
  const feed = await far.messages({ limit: 4, onGap: (gap) => gaps.push(gap) }).opened();
  await datagrams(await before.listen({ protocol: 'udp' }), 'a', 'b');
  await datagrams(await after.listen({ protocol: 'udp' }), 'c', 'd');
  const seen: string[] = [];
  for await (const { text } of feed) {
    seen.push(text);
    if (text !== 'b') continue;
    wire.lead(second.url);
    wire.cut();
  }
  t.same(seen, ['a', 'b', 'c', 'd']);
  t.match(gaps, [{ reason: 'restart' }]);
});

t.test('a listener that is completed meanwhile: the reader that comes again finds its end', async (t) => {
  const wire = new Wire(service.url);
  const far = await connect(await wire.open(t));
  t.teardown(() => far.close());
  const listener = await far.listen({ protocol: 'udp', maxRequests: 2 });
  await datagrams(listener, 'a');
  const seen: string[] = [];
  for await (const { text } of listener.messages()) {
    seen.push(text);
    wire.cut();
    if (text === 'a') await datagrams(listener, 'b');
    else await until(async () => (await (await service.listener(listener.id)).refresh()).state === 'completed');
  }
  t.same(seen, ['a', 'b']);
});

t.test('all kinds of events, gaps included', async (t) => {
  const listener = await service.listen({ protocol: 'udp', paused: true });
  await datagrams(listener, 'a', 'b');
  t.equal((await listener.refresh()).stats.dropped.paused, 2);
  await listener.resume();
  await datagrams(listener, 'c');
  await listener.waitFor();
  const gaps: unknown[] = [];
  const events: FeedEvent[] = [];
  const feed = listener.events({ after: 'start', for: 30, onGap: (gap) => gaps.push(gap) });
  for await (const event of feed) events.push(event);
  t.match(events.at(0), { type: 'gap', record: { reason: 'paused' } });
  t.match(events.at(-1), { type: 'message', cursor: /^1~/, message: { seq: 1 } });
  const dropped = (gaps as { dropped: number }[]).reduce((sum, gap) => sum + gap.dropped, 0);
  t.equal(dropped, 2);
});

t.test('over all listeners', async (t) => {
  const listener = await service.listen({ protocol: 'udp', labels: { a: 'b' } });
  const other = await service.listen({ protocol: 'udp' });
  const feed = await service.messages({ label: { a: 'b' }, limit: 2 }).opened();
  await datagrams(other, 'not this');
  await datagrams(listener, 'x', 'y');
  t.same(await texts(feed), ['x', 'y']);
});

/** Asks again and again until it is so. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await betweenLooks(5);
}

async function texts(feed: AsyncIterable<{ text: string }>): Promise<string[]> {
  const seen: string[] = [];
  for await (const { text } of feed) seen.push(text);
  return seen;
}

function numbered(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(from + index));
}
