/** Tests how a resolver (Node's) copes with slow, silent and lying servers: `node --test examples/dns`. */
import assert from 'node:assert/strict';
import { Resolver } from 'node:dns/promises';
import * as hooks from 'node:test';
import type { Listener, Message } from 'listenpost/client';
import { useListenpost } from 'listenpost/client/test';
import { answerOf, nameOf } from './answer.ts';

const { test } = hooks;
const lp = useListenpost(hooks);

test('asks for the name and believes the answer', async () => {
  await using server = await lp.listen({ protocol: 'udp' });
  const asked = resolverOf(server).resolve4('www.example.test');
  const query = await server.waitFor();
  assert.equal(nameOf(query.bytes), 'www.example.test');
  await server.reply(query, answerOf(query.bytes, '192.0.2.7'));
  assert.deepEqual(await asked, ['192.0.2.7']);
});

test('asks the second server when the first is silent', async () => {
  await using silent = await lp.listen({ protocol: 'udp', name: 'silent' });
  await using server = await lp.listen({ protocol: 'udp', name: 'answering' });
  const asked = hasty(silent, server).resolve4('www.example.test');
  await silent.waitFor();
  const query = await server.waitFor();
  await server.reply(query, answerOf(query.bytes, '192.0.2.8'));
  assert.deepEqual(await asked, ['192.0.2.8']);
});

test('asks again when the query is lost', async () => {
  await using server = await lp.listen({ protocol: 'udp' });
  const asked = hasty(server).resolve4('www.example.test');
  const [, second] = (await server.waitFor({ count: 2 })) as [Message, Message];
  await server.reply(second, answerOf(second.bytes, '192.0.2.9'));
  assert.deepEqual(await asked, ['192.0.2.9']);
});

test('does not believe an answer to another question', async () => {
  await using server = await lp.listen({ protocol: 'udp' });
  const asked = resolverOf(server).resolve4('www.example.test');
  const query = await server.waitFor();
  const forged = query.bytes.slice();
  forged[0]! ^= 0xff;
  await server.reply(query, answerOf(forged, '203.0.113.66'));
  await server.reply(query, answerOf(query.bytes, '192.0.2.10'));
  assert.deepEqual(await asked, ['192.0.2.10']);
});

/** A resolver that waits long enough for a slow machine. */
function resolverOf(...servers: Listener[]): Resolver {
  return asking(servers, new Resolver({ timeout: 20_000, tries: 1 }));
}

/** One that asks again, or the next server, after a second. */
function hasty(...servers: Listener[]): Resolver {
  return asking(servers, new Resolver({ timeout: 1000, tries: 4 }));
}

function asking(servers: Listener[], resolver: Resolver): Resolver {
  resolver.setServers(servers.map(({ host, port }) => `${host}:${port}`));
  return resolver;
}
