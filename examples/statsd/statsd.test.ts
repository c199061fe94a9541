/** Tests a statsd client with node:test: `node --test examples/statsd`. No sleep: each wait ends when the datagram is there. */
import assert from 'node:assert/strict';
import * as hooks from 'node:test';
import { useListenpost } from 'listenpost/client/test';
import { StatsD } from './statsd.ts';

const { test } = hooks;
const lp = useListenpost(hooks);

test('a counter and a timing go out together, on their own', async () => {
  await using server = await lp.listen({ protocol: 'udp' });
  const statsd = new StatsD(server);
  statsd.increment('logins');
  statsd.timing('login', 12);
  const { text } = await server.waitFor({ timeout: '2s' });
  assert.equal(text, 'logins:1|c\nlogin:12|ms');
});

test('metrics that do not fit into one packet go out in several, none lost', async () => {
  await using server = await lp.listen({ protocol: 'udp' });
  const statsd = new StatsD(server);
  for (let n = 0; n < 100; n++) statsd.increment(`a.rather.long.name.of.a.metric.${n}`);
  await statsd.close();
  await server.waitFor({ text: 'metric.99:' });
  const lines = (await server.all()).flatMap(({ text }) => text.split('\n'));
  assert.equal(lines.length, 100);
  await server.expectNone({ minSize: 513, after: 'start', within: 0 });
});

test('after close nothing more is sent', async () => {
  await using server = await lp.listen({ protocol: 'udp' });
  const statsd = new StatsD(server);
  statsd.increment('logins');
  await statsd.close();
  await server.waitFor({ text: 'logins' });
  await server.expectNone({ within: '200ms' });
});
