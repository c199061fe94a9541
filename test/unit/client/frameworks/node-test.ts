/** A test file of a user of node:test: its second test is meant to fail. */
import assert from 'node:assert/strict';
import * as hooks from 'node:test';
import { useListenpost } from '../../../../src/client/testing.ts';

const lp = useListenpost(hooks);

hooks.test('a message comes', async () => {
  const listener = await lp.listen({ protocol: 'udp' });
  await lp.send({ to: listener, text: 'hello' });
  assert.equal((await listener.waitFor()).text, 'hello');
});

hooks.test('a message does not come', async () => {
  const listener = await lp.listen({ protocol: 'udp' });
  await lp.send({ to: listener, text: 'other' });
  await listener.waitFor({ text: 'nope', timeout: 20 });
});

hooks.test('nothing is left of the tests before', async () => {
  assert.deepEqual(await lp.service.listeners(), []);
});
