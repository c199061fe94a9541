/** The contract of streams, through HTTP, against the real process. */
import t from 'tap';
import { type EventReader, openEvents } from '../support/fake/events.ts';
import { startProcess } from '../support/process.ts';
import { isA } from '../support/schema.ts';

t.setTimeout(120_000);

const service = await startProcess(t);
const MANY = 50_000;

const seqsOf = (reader: EventReader) => reader.of('message').map(({ seq }) => seq as number);
const oneTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

/** A TCP listener that got so many lines: TCP loses none. */
async function filled(name: string, count: number): Promise<void> {
  await service.post('/v1/listeners', {
    protocol: 'tcp',
    name,
    tcp: { framing: { type: 'line' } },
    capture: { maxMessages: 1_000_000 },
  });
  await lines(name, count);
  await service.until(`/v1/listeners/${name}`, ({ body }) => body.stats.lastSeq === count);
}

async function lines(name: string, count: number): Promise<void> {
  const { body } = await service.post('/v1/sends', { protocol: 'tcp', to: { listener: name }, text: 'line\n', count });
  await service.until(`/v1/sends/${body.id}`, (answer) => answer.body.state === 'done');
}

t.test('replays many and goes on live: each id once, in order', async (t) => {
  await filled('many', MANY);
  const reader = await openEvents(`${service.url}/v1/listeners/many/stream?after=0&limit=${MANY + 500}&payload=text`);
  await reader.until(({ events }) => events.length > 1000);
  await lines('many', 500);
  t.match((await reader.end())?.data, { reason: 'limit', cursor: `${MANY + 500}` });
  t.ok(seqsOf(reader).every((seq, i) => seq === i + 1));
  t.equal(seqsOf(reader).length, MANY + 500);
  isA(t, 'Message', reader.of('message')[0]);
});

t.test('a client that is cut again and again and resumes by Last-Event-ID misses nothing', async (t) => {
  await filled('cut', 5000);
  const seqs: number[] = [];
  for (let lastId = '0'; seqs.length < 5000; ) {
    const reader = await openEvents(`${service.url}/v1/listeners/cut/stream`, { 'last-event-id': lastId });
    await reader.until(({ events }) => events.length > 0);
    reader.close();
    seqs.push(...seqsOf(reader));
    lastId = reader.lastId;
  }
  t.same(seqs, oneTo(5000));
});

t.test('over all listeners, with their coming and going, resumed from the cursor', async (t) => {
  const reader = await openEvents(`${service.url}/v1/stream?label=k:v`);
  await reader.until(({ raw }) => raw !== '');
  await service.post('/v1/listeners', { protocol: 'udp', name: 'a', labels: { k: 'v' }, responder: { type: 'echo' } });
  await service.post('/v1/sends', { protocol: 'udp', to: { listener: 'a' }, text: 'x', expectReply: {} });
  await reader.until((all) => all.of('message').length === 2 && all.of('send').some(({ state }) => state === 'done'));
  t.match(reader.of('message'), [
    { seq: 1, text: 'x' },
    { seq: 2, inReplyTo: 1 },
  ]);
  const middle = reader.events.find(({ event }) => event === 'message')!.id!;
  const resumed = await openEvents(`${service.url}/v1/stream?label=k:v&limit=1`, { 'last-event-id': middle });
  await resumed.end();
  t.same(seqsOf(resumed), [2]);
  await service.delete('/v1/listeners/a');
  await reader.until((all) => all.of('listener').some(({ state }) => state === 'deleted'));
  reader.close();
});

t.test('it opens while listeners come and go', async (t) => {
  let opening = true;
  const coming = (async () => {
    for (let i = 0; opening; i++) {
      await service.post('/v1/listeners', { protocol: 'udp', name: `fleeting${i}` });
      await service.delete(`/v1/listeners/fleeting${i}`);
    }
  })();
  for (let i = 0; i < 40; i++) {
    const reader = await openEvents(`${service.url}/v1/stream`);
    await reader.until(({ raw }) => raw !== '');
    t.match(reader.raw, /^retry: 2000\n/);
    reader.close();
  }
  opening = false;
  await coming;
});

t.test('it ends with its listener: completed after the last message, or deleted', async (t) => {
  await service.post('/v1/listeners', { protocol: 'udp', name: 'once', maxRequests: 1, responder: { type: 'echo' } });
  const reader = await openEvents(`${service.url}/v1/listeners/once/stream`);
  await reader.until(({ raw }) => raw !== '');
  await service.post('/v1/sends', { protocol: 'udp', to: { listener: 'once' }, text: 'x', expectReply: {} });
  t.match((await reader.end())?.data, { reason: 'completed', cursor: '2' });
  t.same(seqsOf(reader), [1, 2]);
  await service.post('/v1/listeners', { protocol: 'udp', name: 'short' });
  const other = await openEvents(`${service.url}/v1/listeners/short/stream`);
  await other.until(({ raw }) => raw !== '');
  await service.delete('/v1/listeners/short');
  t.match((await other.end())?.data, { reason: 'deleted' });
});

t.test('hold=1 takes the listener along when the stream ends', async () => {
  await service.post('/v1/listeners', { protocol: 'udp', name: 'held' });
  const reader = await openEvents(`${service.url}/v1/listeners/held/stream?hold=1`);
  await reader.until(({ raw }) => raw !== '');
  reader.close();
  await service.until('/v1/listeners?limit=1000', ({ body }) => !JSON.stringify(body).includes('"held"'));
});

t.test('clearing shows as a gap to a reader that was behind', async (t) => {
  await filled('cleared', 10);
  await service.delete('/v1/listeners/cleared/messages?before=6');
  const reader = await openEvents(`${service.url}/v1/listeners/cleared/stream?after=0&limit=5`);
  await reader.end();
  t.equal(reader.of('gap').length, 1, 'once');
  t.match(reader.of('gap')[0], { dropped: 5, fromSeq: 1, toSeq: 5 });
  isA(t, 'Message', { ...reader.of('gap')[0], at: '' });
  t.same(seqsOf(reader), [6, 7, 8, 9, 10]);
});
