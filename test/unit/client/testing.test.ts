/** The glue for test frameworks: node:test and tap run for real, the hooks of vitest and jest are played. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { LeakError } from '../../../src/client/index.ts';
import { type Hooks, useListenpost } from '../../../src/client/testing.ts';
import { startProcess } from '../../support/process.ts';
import { datagrams, failure } from './rig.ts';

t.setTimeout(120_000);

const run = promisify(execFile);
const script = (name: string) => fileURLToPath(new URL(`./frameworks/${name}.js`, import.meta.url));
const { NODE_TEST_CONTEXT: _, ...environment } = process.env;

const { url } = await startProcess(t, ['--threads', '1']);

t.test('node:test: passes, and fails with the story', async (t) => {
  const env = { ...environment, LISTENPOST_URL: url };
  const ended = await run(process.execPath, ['--test', '--test-reporter=tap', script('node-test')], { env }).catch(
    (e) => e,
  );
  const report: string = ended.stdout;
  t.match(report, /ok 1 - a message comes/);
  t.match(report, /not ok 2 - a message does not come/);
  t.match(report, /0 of 1 messages within 20 ms on .*\n\s+wanted {3}1 in message with text "nope"/);
  t.match(report, /text "other"/);
  t.match(report, /ok 3 - nothing is left of the tests before/);
});

t.test('tap: its hooks are those of a test', async (t) => {
  const lp = useListenpost(t, { start: { threads: 1 } });
  let first: string | undefined;
  await t.test('one', async (t) => {
    const listener = await lp.listen({ protocol: 'udp' });
    first = listener.id;
    await datagrams(listener, 'a');
    t.equal((await listener.waitFor()).text, 'a');
  });
  await t.test('two', async (t) => {
    t.same(await lp.service.listeners(), []);
    const listener = await lp.listen({ protocol: 'udp' });
    t.not(listener.id, first);
    await lp.send({ to: listener, text: 'b' });
    t.equal((await listener.waitFor()).text, 'b');
  });
});

t.test('the hooks of vitest and jest', async (t) => {
  const hooks = new Played();
  const lp = useListenpost(hooks, { url, scope: { forbidLeaks: true } });
  t.throws(() => lp.service, { message: 'the service is there once the tests run, not before' });
  await hooks.run('beforeAll');
  await hooks.run('beforeEach');
  const listener = await lp.listen({ protocol: 'udp' });
  await datagrams(listener, 'unread');
  await listener.refresh();
  await failure(LeakError, hooks.run('afterEach'));
  await hooks.run('afterAll');
  await t.rejects(lp.service.info());
});

t.test('hooks around the file alone', async (t) => {
  const { beforeAll, afterAll } = new Played();
  const around = { beforeAll, afterAll, done: {} as Record<string, () => Promise<void>> };
  const lp = useListenpost(around, { url });
  await around.done.beforeAll!();
  await lp.listen({ protocol: 'udp' });
  t.equal((await lp.service.listeners()).length, 1);
  await around.done.afterAll!();
  t.equal(lp.scope.leaks?.deleted, 1);
  t.throws(() => useListenpost({}), { name: 'TypeError', message: /needs before and after hooks/ });
});

/** Hooks as a framework has them, run by hand. */
class Played implements Hooks {
  readonly done: Record<string, () => Promise<void>> = {};

  run(name: keyof Hooks): Promise<void> {
    return this.done[name]!();
  }
  beforeAll(run: () => Promise<void>): void {
    this.done.beforeAll = run;
  }
  afterAll(run: () => Promise<void>): void {
    this.done.afterAll = run;
  }
  beforeEach(run: () => Promise<void>): void {
    this.done.beforeEach = run;
  }
  afterEach(run: () => Promise<void>): void {
    this.done.afterEach = run;
  }
}
