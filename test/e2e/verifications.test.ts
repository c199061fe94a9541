import t from 'tap';
import { startProcess } from '../support/process.ts';

t.setTimeout(120_000);

t.test('verifications against the running service', async (t) => {
  const service = await startProcess(t);
  await service.request('POST', '/v1/listeners', { protocol: 'udp', name: 'door' });
  const knock = (text: string) =>
    service.request('POST', '/v1/sends', { protocol: 'udp', to: { listener: 'door' }, text });
  const verify = async (body: object) => (await service.request('POST', '/v1/listeners/door/verifications', body)).body;
  for (const text of ['USER bob', 'PASS x', 'QUIT']) await knock(text);

  t.match(await verify({ match: { text: { startsWith: 'USER' } } }), { passed: true, matched: 1, seqs: [1] });
  t.match(await verify({ count: { exactly: 3 }, quietFor: '50ms' }), { passed: true, matched: 3, seqs: [1, 2, 3] });
  t.match(await verify({ count: { atMost: 2 } }), {
    passed: false,
    explanation: /at most 2 messages, but more came: 3/,
  });
  t.match(await verify({ after: 2, count: { exactly: 1 } }), { passed: true, seqs: [3] }, 'from a cursor on');
  t.match(await verify({ direction: 'out', count: { exactly: 0 } }), { passed: true }, 'nothing was answered');

  const missed = await verify({ match: { text: { startsWith: 'USED' } }, within: '50ms' });
  t.match(missed, { passed: false, matched: 0, explanation: /seq 1: byte 3: expected 44, was 52/ });
  t.match(
    missed.nearMisses[0],
    { seq: 1, diff: { offset: 0, expected: '55 53 45 44', actual: '55 53 45 52' } },
    'the nearest first',
  );

  const steps = (...texts: string[]) => texts.map((text) => ({ text: { startsWith: text } }));
  t.match(await verify({ inOrder: steps('USER', 'QUIT') }), { passed: true, seqs: [1, 3] });
  t.match(await verify({ inOrder: steps('QUIT', 'USER'), within: '20ms' }), {
    passed: false,
    explanation: /step 2 of 2/,
  });
  t.match(await verify({ inOrder: steps('USER', 'QUIT'), maxInterval: '1h' }), { passed: true });

  t.test('what is still to come is waited for, and what must not come is not overlooked', async (t) => {
    const coming = verify({ match: { text: { contains: 'late' } }, after: 3, within: '20s' });
    await knock('a late one');
    t.match(await coming, { passed: true, seqs: [4] });
    const quiet = verify({ match: { text: { contains: 'stray' } }, count: { exactly: 0 }, quietFor: '20s' });
    await knock('a stray one');
    t.match(await quiet, { passed: false, seqs: [5], explanation: /seq 5/ }, 'at once, not after 20 s');
    const wait = verify({ match: { text: { contains: 'never' } }, within: '20s' });
    await service.until('/metrics', ({ body }) => /^listenpost_journal_waits 1$/m.test(body));
    await service.request('DELETE', '/v1/listeners/door');
    t.match(await wait, { code: 'gone' });
  });
});

t.test('orFail, and what is refused', async (t) => {
  const service = await startProcess(t);
  await service.request('POST', '/v1/listeners', { protocol: 'udp', name: 'door' });
  const verify = (body: object) => service.request('POST', '/v1/listeners/door/verifications', body);
  t.match(await verify({ orFail: true }), { status: 409, body: { code: 'not_satisfied', passed: false, matched: 0 } });
  t.match(await verify({ orFail: true, count: { exactly: 0 } }), { status: 200, body: { passed: true } });
  const refused: [body: object, named: RegExp][] = [
    [{ match: { txt: 1 } }, /match\/txt/],
    [{ match: { hex: { equals: '0g' } } }, /hex\/equals/],
    [{ match: { any: [{ text: { regex: '(' } }] } }, /any\/0\/text\/regex/],
    [{ within: '50s', quietFor: '11s' }, /^\/quietFor/],
    [{ within: '61s' }, /^\/within/],
    [{ maxInterval: '1s' }, /maxInterval/],
    [{ inOrder: [{}], count: { exactly: 1 } }, /count/],
    [{ after: 9 }, /after/],
  ];
  for (const [body, named] of refused) t.match(await verify(body), { status: 400, body: { detail: named } });
});
