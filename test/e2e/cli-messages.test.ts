/** `listenpost wait`, `verify`, `tail`, `ls` and `rm`: what came, and what is there. */
import t from 'tap';
import { cliFor, objects, refuses } from '../support/cli.ts';
import { type Service, startProcess } from '../support/process.ts';

t.setTimeout(120_000);

let service: Service;
t.before(async () => {
  service = await startProcess(t);
});
t.jobs = 4;

t.test('wait prints what matches as soon as enough is there', async (t) => {
  const { start, run } = cliFor(t, service);
  await listener('waited');
  const cli = start(['wait', 'waited', '--count', '2', '--timeout', '20s', '--regex', '^yes', '--json']);
  for (const text of ['yes 1', 'no', 'yes 2']) await send('waited', text);
  const { code, stdout, stderr } = await cli.ended;
  t.match({ code, stderr }, { code: 0, stderr: '' });
  t.match(objects(stdout), [
    { seq: 1, text: 'yes 1' },
    { seq: 3, text: 'yes 2' },
  ]);
  const bytes = await run(['wait', 'waited', '--bytes', '6e ??', '--min-size', '2', '--hex']);
  t.match(bytes, { code: 0, stdout: /^\S+ #2 in {2}\S+ 6e 6f\n$/ });
});

t.test('a wait in vain tells the whole story and ends with 1', async (t) => {
  await listener('vain');
  await send('vain', 'close');
  const args = ['wait', 'vain', '--count', '2', '--timeout', '50ms', '--text', 'close'];
  const { code, stdout, stderr } = await cliFor(t, service).run(args);
  t.equal(code, 1);
  t.match(stdout, /#1 in {2}\S+ close\n/, 'what did match');
  t.match(stderr, /^error: 1 of 2 messages within 50ms on vain.*\n.*wanted .*text "close".*received 1/s);
  const near = await cliFor(t, service).run(['wait', 'vain', '--timeout', '50ms', '--text', 'closed']);
  t.match(near, { code: 1, stdout: '', stderr: /near +#1: text does not contain/ });
});

t.test('Ctrl-C ends a wait with 130 and no word, and the wait with it', async (t) => {
  const own = await startProcess(t);
  await own.post('/v1/listeners', { protocol: 'udp', name: 'endless' });
  const cli = cliFor(t, own).start(['wait', 'endless', '--timeout', '1m']);
  await own.until('/metrics', ({ body }) => /^listenpost_journal_waits 1$/m.test(body));
  t.match(await cli.stop('SIGINT'), { code: 130, stdout: '', stderr: '' });
  await own.until('/metrics', ({ body }) => /^listenpost_journal_waits 0$/m.test(body));
});

t.test('verify says yes, or no and why', async (t) => {
  const { run } = cliFor(t, service);
  await listener('verified');
  for (const text of ['hits:1|c', 'hits:2|c']) await send('verified', text);
  const yes = ['--text-contains', 'hits', '--match', '{"size":8}', '--exactly', '2', '--within', '50ms'];
  t.match(await run(['verify', 'verified', ...yes]), { code: 0, stdout: '', stderr: /^passed: 2 messages/ });
  const order = ['--in-order', '[{"text":{"contains":":1"}},{"text":{"contains":":2"}}]', '--max-interval', '1m'];
  const verdict = await run(['verify', 'verified', ...order, '--json', '-q']);
  t.match({ ...verdict, stdout: objects(verdict.stdout) }, { code: 0, stdout: [{ passed: true, seqs: [1, 2] }] });
  const no = await run(['verify', 'verified', '--at-most', '1', '--quiet-for', '10ms', '--json']);
  t.match({ ...no, stdout: objects(no.stdout) }, { code: 1, stdout: [{ passed: false }], stderr: /at most 1.*2/s });
  const most = await run(['verify', 'verified', '--at-least', '3', '--direction', 'in', '--after', 'start']);
  t.match(most, { code: 1, stdout: '', stderr: /^error: not verified on verified.*at least 3/s });
});

t.test('tail follows one listener or all, from now or from a place', async (t) => {
  const { start, run } = cliFor(t, service);
  await listener('tailed', { responder: { type: 'echo' } });
  await send('tailed', 'before');
  const live = start(['tail', 'tailed', '--direction', 'in', '--limit', '1']);
  await live.until('stderr', /following tailed/);
  await send('tailed', 'after');
  t.match(await live.ended, { code: 0, stdout: /^\S+ #3 in {2}\S+ after\n$/ });
  const all = await run(['tail', '--after', 'start', '--kind', 'message', '--text', 'after', '--for', '200ms']);
  t.match(all, { code: 0, stdout: /^\S+ tailed#3 in .* after\n\S+ tailed#4 out .* after\n$/ });
  const json = await run(['tail', 'tailed', '--after', '2', '--limit', '2', '--json', '--hex', '-q']);
  t.match(objects(json.stdout), [{ seq: 3, hex: '6166746572' }, { seq: 4 }]);
});

t.test('connections and gaps are told too', async (t) => {
  const { run } = cliFor(t, service);
  await service.post('/v1/listeners', { protocol: 'tcp', name: 'kinds', capture: { maxMessages: 1 } });
  for (const text of ['one', 'two']) await send('kinds', text, 'tcp');
  await service.until(
    '/v1/listeners/kinds',
    ({ body }) => body.stats.received === 2 && body.stats.connectionsOpen === 0,
  );
  const { stdout } = await run(['tail', 'kinds', '--after', 'start', '--kind', 'connection,gap', '--for', '200ms']);
  t.match(stdout, /connection c_\d+ opened 127\.0\.0\.1:\d+/);
  t.match(stdout, /gap \d+ messages? missing: evicted/);
});

t.test('ls lists, rm removes', async (t) => {
  const own = await startProcess(t);
  const there = cliFor(t, own);
  t.match(await there.run(['ls']), { code: 0, stdout: '', stderr: 'no listeners\n' });
  for (const name of ['a', 'b', 'c', 'd']) {
    const labels = name < 'c' ? { suite: 'one' } : {};
    await own.post('/v1/listeners', { protocol: name === 'a' ? 'tcp' : 'udp', name, labels });
  }
  await own.post('/v1/sends', { protocol: 'udp', to: { listener: 'b' }, text: 'x' });
  await own.until('/v1/listeners/b', ({ body }) => body.stats.received === 1);
  const { stdout } = await there.run(['ls']);
  t.match(stdout, /^NAME +ADDRESS +STATE +ANSWERS +RECEIVED +UNREAD\na +tcp:\S+ +listening +none +0 +0\nb .* 1 +1\n/);
  t.equal((await there.run(['ls', '--label', 'suite:one', '--protocol', 'udp', '--names'])).stdout, 'b\n');
  t.match(objects((await there.run(['ls', '--state', 'listening', '--json'])).stdout), [{ name: 'a' }, {}, {}, {}]);
  const labelled = await there.run(['rm', '--label', 'suite:one']);
  t.match(labelled, { code: 0, stdout: '', stderr: /removed a\n.*removed b \(1 unread\)/s });
  t.match(await there.run(['rm', 'c', 'nobody']), { code: 1, stderr: /removed c\nerror: .*nobody/ });
  t.match(objects((await there.run(['rm', '--all', '--json'])).stdout), [{ name: 'd', unread: 0, openConnections: 0 }]);
  t.same((await own.get('/v1/listeners')).body.items, []);
});

t.test('what can not be', async (t) => {
  await listener('refusing');
  await refuses(t, service, [
    [['rm', '--label', 'none:such', 'and-one'], 2, /say which/],
    [['wait', 'nobody'], 1, /no listener nobody/],
    [['wait', 'refusing', '--regex', '('], 2, /regex/],
    [['verify', 'refusing', '--exactly', '1', '--at-most', '2'], 2, /cannot be used/],
    [['verify', 'refusing', '--exactly', '1', '--in-order', '[{}]'], 2, /says itself how many/],
    [['verify', 'refusing', '--match', '{"colour":1}'], 2, /colour/],
  ]);
});

async function listener(name: string, spec: object = {}): Promise<void> {
  await service.post('/v1/listeners', { protocol: 'udp', name, ...spec });
}

/** It has arrived when this answers. */
async function send(name: string, text: string, protocol = 'udp'): Promise<void> {
  const { lastSeq } = (await service.get(`/v1/listeners/${name}`)).body.stats;
  await service.post('/v1/sends', { protocol, to: { listener: name }, text });
  await service.until(`/v1/listeners/${name}`, ({ body }) => body.stats.lastSeq > lastSeq);
}
