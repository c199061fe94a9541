import t from 'tap';
import { defaultConfig } from '../../src/config/config.ts';
import type { Journal } from '../../src/journal/ports.ts';
import type { JournalStats } from '../../src/schemas/reads.ts';
import { policyOf, Status } from '../../src/status.ts';
import type { ThreadAllocator } from '../../src/workers/thread-allocator.ts';

const healthy = { fault: null } as JournalStats;
const view = (state: string) => ({ pools: [{ threads: [{ name: 'shared-1', state }] }] });

function setup({
  stats = async () => healthy,
  thread = 'running',
}: {
  stats?: () => Promise<JournalStats>;
  thread?: string;
}) {
  const journal = { stats } as unknown as Journal;
  const allocator = { view: async () => view(thread) } as unknown as ThreadAllocator;
  return new Status({ config: { ...defaultConfig(), token: 'secret', data: '/d' }, allocator, journal });
}

t.test('ready from the start to the stop', async (t) => {
  const status = setup({});
  t.match(await status.readiness(), { ready: false, checks: [{ name: 'process', detail: 'it is starting' }] });
  status.starting('it is restoring listeners');
  t.match(await status.readiness(), { ready: false, checks: [{ detail: 'it is restoring listeners' }] });
  t.notOk(status.isStarted);
  status.begin();
  await status.started;
  t.ok(status.isStarted);
  t.match(await status.readiness(), { ready: true, checks: [{ ok: true }, { ok: true }, { ok: true }] });
  status.stop();
  t.ok(status.stopping.aborted);
  t.match(await status.readiness(), { ready: false, checks: [{ detail: 'it is shutting down' }] });
});

t.test('what stands in the way is named', async (t) => {
  const fault = { code: 'storage_full', detail: 'the disk is full' };
  const cases: [Parameters<typeof setup>[0], object][] = [
    [{ stats: async () => ({ ...healthy, fault }) }, { name: 'journal', detail: 'the disk is full' }],
    [{ stats: () => Promise.reject(new Error('it is dead')) }, { name: 'journal', detail: 'it is dead' }],
    [{ stats: () => new Promise(() => {}) }, { name: 'journal', detail: 'it does not answer' }],
    [{ thread: 'dead' }, { name: 'workers', detail: 'given up: shared-1' }],
  ];
  const keepAlive = setInterval(() => {}, 100);
  for (const [parts, check] of cases) {
    const status = setup(parts);
    status.begin();
    const { ready, checks } = await status.readiness();
    t.notOk(ready);
    t.match(
      checks.filter(({ ok }) => !ok),
      [check],
    );
  }
  clearInterval(keepAlive);
});

t.test('the policy has no secrets', async (t) => {
  const config = { ...defaultConfig(), token: 'secret', allowBind: ['10.0.0.0/8'] };
  t.notMatch(JSON.stringify(policyOf(config)), /secret/);
  t.match(policyOf(config), { token: true, bind: ['127.0.0.0/8', '::1', '10.0.0.0/8'] });
  t.match(setup({}).info(), { journal: 'file', limits: { listeners: 10_000 }, policy: { token: true } });
});
