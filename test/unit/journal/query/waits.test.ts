/**
 * Many waits at once: what they ask is looked at in turns with everybody else, and none is answered wrongly for it. The
 * journal's host runs in this thread, so that what is measured is its work and not how busy the machine is.
 */
import t, { type Test } from 'tap';
import { type Clock, systemClock } from '../../../../src/clock/clock.ts';
import { Log } from '../../../../src/journal/log/log.ts';
import { WAITS_A_LISTENER, WAITS_IN_ALL } from '../../../../src/journal/query/wait-limits.ts';
import { SqliteStore } from '../../../../src/journal/store/sqlite/sqlite-store.ts';
import { DiskReserve } from '../../../../src/journal/thread/disk-reserve.ts';
import { JournalCommands } from '../../../../src/journal/thread/journal-commands.ts';
import type { Wait, WaitResult } from '../../../../src/schemas/reads.ts';
import { MovedClock } from '../../../support/moved-clock.ts';
import { A, B, chunk, cursorAt, listener, message, pullOf, seqsOf, textsOf, waitOf } from '../fixtures.ts';

/** Milliseconds of work between asking for a page of one listener and its answer, beside any waits on another. */
const FAIR = 100;
const ROUNDS = 3;
const TEN_MINUTES = 600_000;

t.setTimeout(120_000);

const kinds: [string, number, (n: number) => Wait['filter']][] = [
  ['500 regular expressions', 500, (n) => ({ regex: `^(user|order)=${n + 50};.*status=(done|failed)[0-9]*$` })],
  ['1,000 times JSON', 1000, (n) => ({ json: { pointer: '/order/id', text: `"${n}"` } })],
  ['500 times the same', 500, () => ({ regex: '^(user|order)=[0-9]+;.*status=(done|failed)$' })],
];
for (const [name, waits, filter] of kinds) {
  t.test(`${name} on one listener hold up no page of another`, { timeout: 120_000 }, async (t) => {
    const host = hostOf(t, A, B);
    host.append(chunk([message('here')], B));
    for (let i = 0; i < ROUNDS; i++) host.append(records());
    const pages = slowestPage(host);
    const answers = Array.from({ length: waits }, (_, n) =>
      host.wait(waitOf({ count: 1000, limit: 1000, timeout: 60_000, filter: filter(n) }), new AbortController().signal),
    );
    for (let i = 0; i < ROUNDS; i++) {
      host.append(records());
      await turn();
    }
    host.complete({ listener: A, completed: true });
    const all = await Promise.all(answers);
    const slowest = await pages();
    t.ok(slowest <= FAIR, `the slowest page took ${slowest} ms`);
    t.ok(all.every(({ satisfied, gone, next }) => !satisfied && !gone && next === cursorAt(2 * ROUNDS * 40)));
    t.equal(host.stats().waits, 0);
  });
}

t.test('a wait whose time is up has looked at all that had come by then', async (t) => {
  const host = hostOf(t, A);
  const lines = Array.from({ length: 5000 }, (_, i) => message(`line ${i + 1}`));
  while (lines.length > 0) host.append(chunk(lines.splice(0, 500)));
  const last = waitOf({ filter: { regex: '^line [0-9]*$' }, count: 6000, limit: 1, timeout: 0 });
  t.match(await host.wait(last, new AbortController().signal), { satisfied: false, matched: 5000 });
  const many = Array.from({ length: 20 }, (_, n) =>
    host.wait(waitOf({ filter: { regex: `^line (5000|x${n})$` }, timeout: 1 }), new AbortController().signal),
  );
  for (const answer of await Promise.all(many)) t.same(seqsOf(answer), [5000], { diagnostic: false });
});

t.test('a wait is as long as asked, and its time ends with it', async (t) => {
  const clock = new MovedClock();
  const host = hostAt(t, clock, A);
  const idle = clock.pending;
  const long = host.wait(waitOf({ timeout: TEN_MINUTES }), new AbortController().signal);
  const content = host.wait(waitOf({ timeout: TEN_MINUTES }), new AbortController().signal);
  t.equal(clock.pending, idle + 2);
  clock.move(TEN_MINUTES - 1);
  t.equal(host.stats().waits, 2);
  host.append(chunk([message('here')]));
  t.match(await content, { satisfied: true });
  t.match(await long, { satisfied: true });
  t.equal(clock.pending, idle, 'no timer is left of those that were content');
  const vain = host.wait(waitOf({ after: cursorAt(1), timeout: TEN_MINUTES }), new AbortController().signal);
  clock.move(TEN_MINUTES);
  t.match(await vain, { satisfied: false });
});

t.test('what comes while waits are behind is found, in order and once', async (t) => {
  const host = hostOf(t, A);
  const asked = Array.from({ length: 100 }, (_, n) =>
    host.wait(
      waitOf({ filter: { regex: `^${n % 50}[ab]$` }, count: 20, timeout: 60_000 }),
      new AbortController().signal,
    ),
  );
  await turn();
  for (let round = 0; round < 10; round++) {
    for (const letter of ['a', 'b']) host.append(chunk(Array.from({ length: 50 }, (_, i) => message(`${i}${letter}`))));
    await turn();
  }
  for (const [n, answer] of (await Promise.all(asked)).entries()) {
    const wanted = Array.from({ length: 20 }, (_, i) => `${n % 50}${'ab'[i % 2]}`);
    t.match(answer, { satisfied: true, matched: 20 }, { diagnostic: false });
    t.same(textsOf(answer), wanted, { diagnostic: false });
  }
});

t.test('what was evicted before a wait could look at it is told as a gap', async (t) => {
  const host = hostOf(t, A);
  host.configure({ listener: A, capture: { maxMessages: 10, maxBytes: 1e9, maxAge: null, overflow: 'dropOldest' } });
  const asked = Array.from({ length: 200 }, (_, n) =>
    host.wait(
      waitOf({ after: '0', filter: { regex: `^(x${n}|end)$` }, timeout: 60_000 }),
      new AbortController().signal,
    ),
  );
  await turn();
  for (let round = 0; round < 20; round++) {
    host.append(chunk(Array.from({ length: 20 }, (_, i) => message(`${round} ${i}`))));
  }
  host.append(chunk([message('end')]));
  for (const answer of await Promise.all(asked)) {
    t.same(textsOf(answer), ['end'], { diagnostic: false });
    t.equal(answer.next, cursorAt(401), { diagnostic: false });
    t.match(answer.gap, { reason: 'evicted' }, { diagnostic: false });
  }
});

t.test('there may be so many waits, on a listener and in all', async (t) => {
  const numbers = Array.from({ length: 7 }, (_, i) => i + 1);
  const host = hostOf(t, ...numbers);
  const callers: AbortController[] = [];
  const wait = (number: number): Promise<WaitResult> => {
    const caller = new AbortController();
    callers.push(caller);
    return host.wait(waitOf({ scope: { listener: number }, timeout: 60_000 }), caller.signal);
  };
  const refused = (number: number) => t.rejects(async () => wait(number), { code: 'limit_reached' });
  const asleep: Promise<unknown>[] = [];
  const fill = (number: number, waits: number) => {
    for (let i = 0; i < waits; i++) asleep.push(wait(number).catch(({ code }) => code));
  };
  fill(1, WAITS_A_LISTENER);
  await refused(1);
  for (const number of [2, 3, 4, 5]) fill(number, WAITS_A_LISTENER);
  t.equal(host.stats().waits, WAITS_IN_ALL);
  await refused(6);
  callers[0]!.abort();
  fill(1, 1);
  await refused(6);
  for (const caller of callers) caller.abort();
  t.equal(host.stats().waits, 0);
  t.same(new Set(await Promise.all(asleep)), new Set(['aborted']));
});

/** A host in this thread, with a journal in memory and these listeners. */
function hostOf(t: Test, ...listeners: number[]): JournalCommands {
  return hostAt(t, systemClock, ...listeners);
}

function hostAt(t: Test, clock: Clock, ...listeners: number[]): JournalCommands {
  const log = new Log(new SqliteStore(null), 1e9, clock);
  const host = new JournalCommands({ log, reserve: new DiskReserve(log, null), reader: null, postTails: () => {} });
  for (const number of listeners) host.register(listener(number));
  t.teardown(() => host.close());
  return host;
}

/** Twenty lines and twenty objects. */
function records(): Uint8Array<ArrayBuffer> {
  const lines = Array.from({ length: 20 }, (_, i) => [
    message(`user=${i};status=done`),
    message(JSON.stringify({ order: { id: i }, status: 'done', padding: 'x'.repeat(64) })),
  ]);
  return chunk(lines.flat());
}

/** Reads pages of B until it is asked for the milliseconds of work that the slowest took. */
function slowestPage(host: JournalCommands): () => Promise<number> {
  let reading = true;
  let slowest = 0;
  const read = (async () => {
    for (let n = 0; reading; n++) {
      const start = work();
      await turn();
      await host.read({ ...pullOf({ scope: { listener: B }, limit: 10 }), key: `${n}` }, new AbortController().signal);
      slowest = Math.max(slowest, work() - start);
    }
  })();
  return async () => {
    reading = false;
    await read;
    return Math.round(slowest);
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Milliseconds this thread has worked. */
function work(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
