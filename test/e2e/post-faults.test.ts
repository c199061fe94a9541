/**
 * Failures at the n-th post of a worker thread, to main and to the journal, and of main to its threads, n swept over a
 * life of listeners: create, capture, answer, change, page, send, remove. Whatever could not be posted: no request hangs,
 * no thread dies, and what peers sent is captured or counted as dropped. `npm run faults` sweeps every n.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { failPostToThreads, faultOptions } from '../support/faults.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { betweenLooks } from '../support/waiting.ts';
import { page, type Setup, setup, UdpClient, until } from '../unit/listeners/service.ts';

const STEP = process.env.LISTENPOST_FAULTS === 'all' ? 1 : 7;
/** More than there are in the scenario. */
const MOST = 500;
/** Milliseconds a step may take; one that takes longer hangs. */
const STEP_TIMEOUT_MS = 60_000;

t.setTimeout(1_800_000);

t.test('a failure at any post of a worker thread', async (t) => {
  await sweep(t, async (n, mark) => {
    const { NODE_OPTIONS } = process.env;
    process.env.NODE_OPTIONS = faultOptions('shared-1', 'post', n, mark);
    const service = await attempt(setup(t, { threads: 1, maxThreads: 1 }));
    if (NODE_OPTIONS === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = NODE_OPTIONS;
    if (service !== null) await live(t, `post ${n} of a worker`, service);
    return existsSync(mark);
  });
});

t.test('a failure at any post of the main thread', async (t) => {
  await sweep(t, async (n) => {
    const service = await setup(t, { threads: 1, maxThreads: 1 });
    const end = failPostToThreads(n);
    try {
      await live(t, `post ${n} of main`, service, end);
    } finally {
      end();
    }
    return end();
  });
});

async function sweep(t: Test, survives: (n: number, mark: string) => Promise<boolean>): Promise<void> {
  const directory = temporaryDirectory(t);
  let n = 1;
  while (n < MOST && (await survives(n, join(directory, `${n}`)))) n += STEP;
  t.ok(n > 1 && n < MOST, `up to the ${n}th`);
}

/** Null when it fails; what neither fails nor ends is no way to go on. */
async function attempt<T>(step: Promise<T>): Promise<T | null> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new RangeError('a step hangs')), STEP_TIMEOUT_MS);
  try {
    return await Promise.race([step, late]);
  } catch (error) {
    if (error instanceof RangeError) throw error;
    return null;
  } finally {
    clearTimeout(timer);
  }
}

async function live(t: Test, name: string, service: Setup, end: () => void = () => {}): Promise<void> {
  const { registry, allocator } = service;
  const client = new UdpClient(t);
  const spec = { protocol: 'udp', responder: { type: 'echo' } } as const;
  const made = await attempt(registry.create({ ...spec, name: 'a' }));
  await attempt(registry.create({ protocol: 'tcp', name: 'b' }));
  const port = made?.address?.port;
  let sent = 0;
  const say = async () => {
    if (port === undefined) return;
    await client.send(port, `${++sent}`);
    await betweenLooks(5);
  };
  for (let i = 0; i < 5; i++) await say();
  await attempt(page(service, 'a'));
  await attempt(registry.patch('a', { paused: true }));
  await say();
  await attempt(registry.patch('a', { paused: false }));
  await say();
  await attempt(registry.put('a', { ...spec, capture: { maxMessages: 50 } }, { replace: true }));
  for (let i = 0; i < 5; i++) await say();
  await attempt(page(service, 'a'));
  await attempt(registry.remove('b', { mode: 'fin', drain: 0 }));
  end();
  // It may be this one that fails; then the next does not.
  const other =
    (await attempt(registry.create({ ...spec, name: 'c' }))) ?? (await registry.create({ ...spec, name: 'c' }));
  // One of them may be what could not be posted.
  for (const text of ['x', 'y']) t.equal(await client.ask(other.address!.port, text), text, `${name}: goes on`);
  await until(async () => lawful((await registry.get('c')).stats, 2), `${name}: 2 captured or dropped`);
  t.ok((await page(service, 'c', { direction: 'in' })).length > 0, `${name}: something is shown`);
  t.match(allocator.choose(1)[0], { state: 'running', restarts: 0 }, `${name}: no thread died`);
  if (port !== undefined) {
    await until(async () => lawful((await registry.get('a')).stats, sent), `${name}: ${sent} captured or dropped`);
  }
  await attempt(registry.close());
  const messages = service.errors.splice(0).map((error) => (error as Error).message);
  t.same(
    messages.filter((message) => !/could not be posted/.test(message)),
    [],
    `${name}: nothing else went wrong`,
  );
}

type Stats = { captured: number; dropped: Record<string, number | null> };

function lawful({ captured, dropped }: Stats, sent: number): boolean {
  return Object.values(dropped).reduce<number>((sum, some) => sum + (some ?? 0), captured) === sent;
}
