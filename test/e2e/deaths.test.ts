/** Threads of the real process that die: a signal ends one, by a preloaded module that knows their names. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t from 'tap';
import { startProcess } from '../support/process.ts';

t.setTimeout(120_000);

const DEADLY = `
import threads from 'node:worker_threads';
import { syncBuiltinESMExports } from 'node:module';

const signals = { journal: 'SIGUSR2', 'shared-1': 'SIGALRM' };
threads.Worker = class extends threads.Worker {
  constructor(file, options) {
    super(file, options);
    const end = () => this.terminate();
    const signal = signals[options?.name];
    if (signal === undefined) return;
    process.on(signal, end);
    this.once('exit', () => process.off(signal, end));
  }
};
syncBuiltinESMExports();
`;
const preload = `--import data:text/javascript,${encodeURIComponent(DEADLY)}`;
const env = { NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} ${preload}` };

t.test('without its journal the process ends at once with code 70 and says why', async (t) => {
  const service = await startProcess(t, [], env);
  await service.post('/v1/listeners', { protocol: 'udp', name: 'u' });
  const waiting = service.get('/v1/listeners/u/messages?wait=60s').catch(() => 'cut off');
  const { code, stdout } = await service.stop('SIGUSR2');
  t.equal(code, 70);
  const last = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.match(
    last.filter(({ level }) => level === 60),
    [{ msg: /journal thread died/ }],
  );
  await waiting;
});

t.test(
  'a worker thread dies under traffic: no request hangs, its listener goes on, others notice nothing',
  async (t) => {
    const service = await startProcess(t, ['--threads', '2'], env);
    const spec = { protocol: 'udp', responder: { type: 'echo' }, capture: { maxMessages: 1_000_000 } };
    const views = await Promise.all(['a', 'b'].map((name) => service.post('/v1/listeners', { ...spec, name })));
    const [hit, other] = views
      .map(({ body }) => body)
      .toSorted((x, y) => (x.bindings[0].thread < y.bindings[0].thread ? -1 : 1));
    t.match([hit.bindings, other.bindings], [[{ thread: 'shared-1' }], [{ thread: 'shared-2' }]]);

    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    t.teardown(() => socket.close());
    await once(socket, 'listening');
    let sent = 0;
    const traffic = setInterval(() => {
      for (const { address } of [hit, other])
        for (let n = 0; n < 20; n++) socket.send(String(++sent), address.port, '127.0.0.1');
    }, 1);
    t.teardown(() => clearInterval(traffic));
    const statuses: number[] = [];
    for (let death = 1; death <= 2; death++) {
      service.child.process.kill('SIGALRM');
      for (let n = 0; n < 20; n++) {
        const answers = await Promise.all([
          service.get(`/v1/listeners/${hit.name}`),
          service.get(`/v1/listeners/${hit.name}/messages?limit=1`),
          service.get('/v1/listeners'),
        ]);
        statuses.push(...answers.map(({ status }) => status));
      }
      await service.until('/v1/workers', ({ body }) => body.pools[0].threads[0].restarts === death);
      await service.until(`/v1/listeners/${hit.name}`, ({ body }) => body.state === 'listening');
    }
    clearInterval(traffic);
    t.same([...new Set(statuses)], [200]);
    for (const before of [hit, other]) {
      const { body } = await service.until(`/v1/listeners/${before.name}`, ({ body }) => isAccountedFor(body.stats));
      t.equal(body.address.port, before.address.port);
      if (before === other) t.equal(body.stats.dropped.lost, 0);
    }
    const { body: states } = await service.get(`/v1/listeners/${hit.name}/messages?kind=listener`);
    t.match(JSON.stringify(states.items), /degraded.*listening.*degraded.*listening/);
  },
);

/** The law, once nothing is on its way any more. */
function isAccountedFor({ received, captured, dropped }: { received: number; captured: number; dropped: object }) {
  const { kernel: _, ...counted } = dropped as Record<string, number>;
  return received === captured + Object.values(counted).reduce((total, count) => total + count, 0);
}

t.test('what rules have counted, and the state of a listener, outlive the thread', async (t) => {
  const service = await startProcess(t, ['--threads', '1'], env);
  const then = (text: string, ...more: object[]) => [{ reply: { text } }, ...more];
  const { body } = await service.post('/v1/listeners', {
    protocol: 'udp',
    name: 'counting',
    responder: {
      type: 'rules',
      state: { scope: 'listener' },
      rules: [
        { times: 2, then: then('t') },
        { when: { state: 'start' }, then: then('s', { setState: 'z' }) },
        { cycle: { steps: ['0', '1', '2'].map((text) => ({ then: then(text) })) } },
      ],
    },
  });
  const ask = async () => {
    const to = { host: '127.0.0.1', port: body.address.port };
    const sent = await service.post('/v1/sends', { protocol: 'udp', to, text: 'x', expectReply: { timeout: '10s' } });
    return sent.body.replies[0]?.text;
  };
  t.same([await ask(), await ask(), await ask(), await ask()], ['t', 't', 's', '0']);
  service.child.process.kill('SIGALRM');
  await service.until('/v1/workers', ({ body: { pools } }) => {
    const [thread] = pools[0].threads;
    return thread.restarts === 1 && thread.state === 'running' && thread.bindings === 1;
  });
  t.same([await ask(), await ask(), await ask()], ['1', '2', '0']);
  t.match((await service.get('/v1/listeners/counting/rules')).body.items, [
    { hits: 2, remaining: 0 },
    { hits: 1 },
    { hits: 4 },
  ]);
});
