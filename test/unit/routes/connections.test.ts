import t from 'tap';
import { fakeApp } from '../../support/fake/app.ts';

t.test('connections: list, write, stall, close', async (t) => {
  const { app, registry } = await fakeApp(t);
  await registry.create({ protocol: 'tcp', name: 'shop' });
  const url = '/v1/listeners/shop/connections';
  t.same((await app.inject(url)).json(), { items: [registry.connection] });
  t.same((await app.inject({ method: 'POST', url: `${url}/c_1/send`, payload: { text: 'höla' } })).json(), {
    bytes: 5,
  });
  t.match((await app.inject({ method: 'PATCH', url: `${url}/c_1`, payload: { reading: false } })).json(), {
    reading: false,
  });
  t.equal((await app.inject({ method: 'DELETE', url: `${url}/c_1` })).statusCode, 204);
  t.same(registry.calls.at(-1), ['close', 'c_1', 'fin']);
  await app.inject({ method: 'DELETE', url: `${url}/c_1?mode=rst` });
  t.same(registry.calls.at(-1), ['close', 'c_1', 'rst']);
  t.equal((await app.inject({ method: 'DELETE', url: `${url}/c_9` })).statusCode, 404);
  t.match((await app.inject({ method: 'POST', url: `${url}/c_1/send`, payload: {} })).json(), { status: 400 });
});
