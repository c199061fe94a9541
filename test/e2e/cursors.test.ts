/** Cursors of an earlier life: told, and answered with everything there is, by whatever reads. */
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type EventReader, openEvents } from '../support/fake/events.ts';
import { type Service, startProcess } from '../support/process.ts';

t.setTimeout(120_000);

const FLAGS = ['--threads', '1', '--max-threads', '2'];
const PATH = '/v1/listeners/box';

/** A listener of that name which got these texts. */
async function boxWith(service: Service, ...texts: string[]): Promise<void> {
  const { body } = await service.put(PATH, { protocol: 'udp' });
  const socket = createSocket('udp4');
  for (const text of texts) {
    await new Promise((resolve) => socket.send(text, body.address.port, '127.0.0.1', resolve));
  }
  socket.close();
  const before = body.stats.lastSeq;
  await service.until(PATH, (answer) => answer.body.stats.lastSeq === before + texts.length);
}

type Places = { one: string; all: string; event: string };

/** The cursors that everything gives out at the end of what there is. */
async function placesOf(service: Service): Promise<Places> {
  const reader = await openEvents(`${service.url}${PATH}/stream?after=0&limit=1`);
  const last = await reader.end();
  return {
    one: (await service.get(`${PATH}/messages`)).body.next,
    all: (await service.get('/v1/messages')).body.next,
    event: last!.id!,
  };
}

async function streamed(service: Service, path: string, resume?: string): Promise<EventReader> {
  const headers = resume === undefined ? {} : { 'last-event-id': resume };
  const reader = await openEvents(`${service.url}${path}`, headers);
  await reader.end();
  return reader;
}

const RESTART = { reason: 'restart', dropped: 0 };
const textsOf = (items: { text: string }[]) => items.map(({ text }) => text);
const linesOf = (body: string) =>
  body
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Everything that reads, with a cursor of another life, over a box that holds `new` alone. */
async function readStale(t: Test, service: Service, { one, event }: Places): Promise<void> {
  const page = await service.get(`${PATH}/messages?after=${one}`);
  t.match(page, { status: 200, body: { gap: RESTART } });
  t.same(textsOf(page.body.items), ['new'], 'a page');
  const down = await service.get(`${PATH}/messages?order=desc&before=${one}`);
  t.match(down, { status: 200, body: { items: [{ text: 'new' }], gap: RESTART } }, 'a page downward');
  const wait = await service.get(`${PATH}/messages?after=${one}&wait=5s`);
  t.match(wait, { status: 200, body: { satisfied: true, items: [{ text: 'new' }], gap: RESTART } }, 'a wait');
  const failed = await service.get(`${PATH}/messages?after=${one}&wait=50ms&text=no&orFail=true`);
  t.match(failed, { status: 409, body: { gap: RESTART, nearMisses: [{ seq: 1 }] } });
  const stream = await streamed(service, `${PATH}/stream?limit=1&for=5s`, event);
  t.same(stream.events.map(({ event }) => event).slice(-3), ['gap', 'message', 'end'], 'a stream');
  t.match(stream.of('gap'), [{ ...RESTART, kind: 'gap', afterSeq: 0 }]);
  t.match(stream.of('message'), [{ text: 'new' }]);
  const again = await streamed(service, `${PATH}/stream?for=50ms`, stream.events.at(-2)!.id);
  t.same(again.of('gap'), [], 'told once');
  const lines = await (await fetch(`${service.url}${PATH}/messages.ndjson?after=${one}`)).text();
  t.match(linesOf(lines), [{ kind: 'gap', ...RESTART }, { text: 'new' }], 'an export');
  t.equal((await service.get(`${PATH}/messages.pcapng?after=${one}`)).status, 200, 'a capture');
  const verification = { after: one, match: { text: { equals: 'new' } }, within: '5s' };
  t.match((await service.post(`${PATH}/verifications`, verification)).body, { passed: true }, 'a verification');
}

/** The cursors are of this life: what came since, and no gap. `event` is that of the first message. */
async function readOn(t: Test, service: Service, { one, all, event }: Places, since: string[]): Promise<void> {
  for (const path of [`${PATH}/messages?after=${one}`, `/v1/messages?after=${all}`]) {
    const { body } = await service.get(path);
    t.same(textsOf(body.items), since, path);
    t.equal(body.gap, undefined);
  }
  const stream = await streamed(service, `${PATH}/stream?limit=${since.length + 1}&for=5s`, event);
  t.same(textsOf(stream.of('message') as { text: string }[]), ['b', ...since]);
  t.same(stream.of('gap'), []);
}

const service = await startProcess(t, FLAGS);

t.test('a namesake of a listener that is gone', async (t) => {
  await boxWith(service, 'a', 'b', 'c');
  const places = await placesOf(service);
  await service.delete(PATH);
  await boxWith(service, 'new');
  await readStale(t, service, places);
  const all = await service.get(`/v1/messages?after=${places.all}`);
  t.same(textsOf(all.body.items), ['new']);
  t.equal(all.body.gap, undefined, 'the journal of all listeners goes on');
  t.equal((await service.get(`${PATH}/messages?after=2`)).status, 400, 'a bare seq means this life');
  const { next } = (await service.get(`${PATH}/messages`)).body;
  const here = await service.get(`${PATH}/messages?after=${next}`);
  t.match(here, { status: 200, body: { items: [], hasMore: false } });
  t.equal(here.body.gap, undefined);
});

t.test('a reconnect to a completed listener at its end is a 204', async (t) => {
  await service.put('/v1/listeners/once', { protocol: 'udp', maxRequests: 1 });
  const { body } = await service.post('/v1/sends', { protocol: 'udp', to: { listener: 'once' }, text: 'last' });
  t.equal(body.state, 'done');
  await service.until('/v1/listeners/once', (answer) => answer.body.state === 'completed');
  const path = '/v1/listeners/once/stream';
  const whole = await streamed(service, `${path}?after=0`);
  const last = whole.events.at(-1)!;
  t.match(last.data, { reason: 'completed' });
  const reconnect = (id: string) => service.request('GET', path, undefined, { 'last-event-id': id });
  t.equal((await reconnect(last.id!)).status, 204);
  t.equal((await reconnect('1')).status, 204, 'a bare seq as well');
  t.equal((await reconnect('0')).status, 200, 'there is something left');
  t.match((await reconnect('1~zzzzzz')).body, /event: gap/, 'a cursor of an earlier life gets all there is');
  t.equal((await service.get(`${path}?after=1`)).status, 200, 'who comes for the first time is told the end');
  t.equal((await reconnect('9')).status, 400);
});

t.test('a restart in memory', async (t) => {
  await service.delete(PATH);
  await boxWith(service, 'a', 'b', 'c');
  const places = await placesOf(service);
  await service.stop();
  const second = await startProcess(t, FLAGS);
  await boxWith(second, 'new');
  await readStale(t, second, places);
  const all = await second.get(`/v1/messages?after=${places.all}`);
  t.match(all, { status: 200, body: { items: [{ text: 'new' }], gap: RESTART } }, 'all listeners');
  const stream = await streamed(second, '/v1/stream?limit=1&for=5s', places.all);
  t.match(stream.of('gap'), [{ kind: 'gap', ...RESTART }], 'a stream of all');
  t.match(stream.of('message'), [{ text: 'new' }]);
});

t.test('with --data cursors stay good over an orderly end, and over a kill', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'listenpost-'));
  t.teardown(() => rmSync(data, { recursive: true, force: true }));
  const first = await startProcess(t, [...FLAGS, '--data', data]);
  await boxWith(first, 'a', 'b');
  const places = await placesOf(first);
  await first.stop('SIGTERM');
  const second = await startProcess(t, [...FLAGS, '--data', data]);
  await boxWith(second, 'c');
  await readOn(t, second, places, ['c']);
  await second.stop('SIGKILL');
  const third = await startProcess(t, [...FLAGS, '--data', data]);
  await boxWith(third, 'd');
  await readOn(t, third, places, ['c', 'd']);
});
