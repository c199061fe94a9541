import t from 'tap';
import { IdempotencyKeys } from '../../../src/sends/idempotency.ts';

t.setTimeout(120_000);

t.test('the same key and body get the first answer', async (t) => {
  const keys = new IdempotencyKeys<number>();
  let times = 0;
  const once = (key: string | undefined, body: unknown) => keys.once(key, body, async () => ++times);
  t.same(await once('k', { a: 1 }), { outcome: 1, replayed: false });
  t.same(await once('k', { a: 1 }), { outcome: 1, replayed: true });
  await t.rejects(once('k', { a: 2 }), { code: 'idempotency_mismatch' });
  t.same(await once(undefined, { a: 1 }), { outcome: 2, replayed: false });
});

t.test('a repeat while the first is under way is told so', async (t) => {
  const keys = new IdempotencyKeys<number>();
  const { promise, resolve } = Promise.withResolvers<number>();
  const first = keys.once('k', {}, () => promise);
  await t.rejects(
    keys.once('k', {}, () => promise),
    { code: 'idempotency_in_progress' },
  );
  resolve(1);
  t.same(await first, { outcome: 1, replayed: false });
});

t.test('a refused request may be repeated', async (t) => {
  const keys = new IdempotencyKeys<number>();
  await t.rejects(keys.once('k', {}, () => Promise.reject(new Error('no'))));
  t.same(await keys.once('k', {}, async () => 1), { outcome: 1, replayed: false });
});
