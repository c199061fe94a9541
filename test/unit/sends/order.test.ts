import t from 'tap';
import { ProblemError } from '../../../src/errors.ts';
import { AddressPolicy } from '../../../src/net/access-policy.ts';
import type { SendRequest } from '../../../src/schemas/send.ts';
import { prepareSend } from '../../../src/sends/order.ts';

t.setTimeout(120_000);

const context = {
  use: (ref: string) => {
    throw new ProblemError('not_found', `there is no listener ${ref}`);
  },
  sendPolicy: new AddressPolicy([], { code: 'destination_not_allowed', flag: '--allow-send' }),
  bindPolicy: new AddressPolicy([], { code: 'bind_not_allowed', flag: '--allow-bind' }),
};
const to = { host: '127.0.0.1', port: 2323 };
const prepare = (request: Partial<SendRequest>) => prepareSend({ protocol: 'udp', to, text: 'a', ...request }, context);
const withoutText = (request: Partial<SendRequest>) => prepareSend({ protocol: 'udp', to, ...request }, context);

t.test('a plain send is one payload, at once', async (t) => {
  const { order, from, isLong } = await prepare({});
  t.match(order, { protocol: 'udp', to, local: null, count: 1, interval: 0, duration: null, expectReply: null });
  t.match(order.id, /^s_[0-9a-z]{10}$/);
  t.equal(from, null);
  t.equal(isLong, false);
});

t.test('what takes long is answered with 202', async (t) => {
  t.ok((await prepare({ rate: 10, count: 2 })).isLong);
  t.ok((await prepare({ interval: '1s', count: 2 })).isLong);
  t.ok((await prepare({ duration: '1s' })).isLong);
  t.ok((await withoutText({ sequence: [{ text: 'a' }, { delay: '10ms' }] })).isLong);
  t.notOk((await prepare({ count: 1000, expectReply: { timeout: '5s' } })).isLong);
  t.equal((await prepare({ rate: 50 })).order.interval, 20);
});

t.test('each breach is a 400 that names the field', async (t) => {
  const bad: [Promise<unknown>, string][] = [
    [withoutText({}), '/text'],
    [prepare({ hex: '00' }), '/hex'],
    [prepare({ sequence: [{ text: 'a' }] }), '/sequence'],
    [withoutText({ sequence: [{ text: 'a' }, { text: 'b', delay: '1s' }] }), '/sequence/1'],
    [withoutText({ sequence: [{ hex: 'x' }] }), '/sequence/0/hex'],
    [withoutText({ sequence: [{ delay: 'soon' }] }), '/sequence/0/delay'],
    [withoutText({ sequence: [{ text: '{{nobody}}' }], template: true }), '/sequence/0/text'],
    [prepare({ duration: 'soon' }), '/duration'],
    [prepare({ expectReply: { timeout: 'soon' } }), '/expectReply/timeout'],
    [withoutText({ base64: 'AA==', template: true }), '/template'],
    [withoutText({ hex: '0{{n}}', template: true }), '/hex'],
    [prepare({ text: '{{nobody}}', template: true }), '/text'],
    [prepare({ text: '{{upper text}}', template: true }), '/text'],
    [withoutText({ json: '{{json /id}}', template: true }), '/json'],
    [prepare({ rate: 1, interval: '1s' }), '/interval'],
    [prepare({ to: { host: '127.0.0.1' } }), '/to'],
    [prepare({ tcp: {} }), '/tcp'],
  ];
  for (const [preparing, pointer] of bad) {
    await t.rejects(preparing, { code: 'validation_failed', errors: [{ pointer }] }, pointer);
  }
});

t.test('an address in the place of a listener is told how to be written', async (t) => {
  const example = { errors: [{ detail: /e\.g\. \{"host": "127\.0\.0\.1", "port": 9000\}/ }] };
  await t.rejects(prepare({ to: { port: 9 } }), example);
  const asListener = prepare({ to: { listener: '127.0.0.1' } });
  await t.rejects(asListener, { message: /is an address, not a listener: write \{"host": "127\.0\.0\.1", "port"/ });
  await t.rejects(prepare({ to: { listener: 'nobody' } }), { message: 'there is no listener nobody' });
});

t.test('what is impossible here is a 422', async (t) => {
  await t.rejects(prepare({ text: 'x'.repeat(65_508) }), { code: 'unprocessable', message: /EMSGSIZE/ });
  await t.resolves(prepare({ text: 'x'.repeat(65_508), protocol: 'tcp' }));
  await t.resolves(prepare({ text: 'x'.repeat(65_507) }));
  await t.rejects(prepare({ to: { host: 'no-such-host.invalid', port: 1 } }), { code: 'unprocessable' });
  await t.rejects(prepare({ to: { listener: 'nobody' } }), { code: 'unprocessable', message: /nobody/ });
  await t.rejects(prepare({ from: 'nobody' }), { code: 'unprocessable', message: /nobody/ });
});

t.test('only loopback is reached unless allowed', async (t) => {
  await t.rejects(prepare({ to: { host: '192.0.2.1', port: 1 } }), { code: 'destination_not_allowed' });
  const sendPolicy = new AddressPolicy(['192.0.2.0/24'], { code: 'destination_not_allowed', flag: '--allow-send' });
  const request: SendRequest = { protocol: 'udp', to: { host: '192.0.2.1', port: 1 }, text: 'a' };
  await t.resolves(prepareSend(request, { ...context, sendPolicy }));
});
