/**
 * Failures at the n-th write, fsync and post of the journal thread, n swept over a life of a journal: create, capture,
 * page, clear, delete, close. After each the thread goes on or ends with a word, and the next one finds what was served,
 * and nothing half. `npm run faults` sweeps every n; else a few are looked at.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openJournal } from '../../src/journal/client.ts';
import type { Journal } from '../../src/journal/ports.ts';
import { FAULTS, type Fault, faultArguments } from '../support/faults.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { A, B, chunk, itemsOf, listener, message, pullOf, until } from '../unit/journal/fixtures.ts';
import { port } from '../unit/journal/journals.ts';

/** Every so manieth n is looked at. */
const STEP = process.env.LISTENPOST_FAULTS === 'all' ? 1 : 9;
/** More than there are in the scenario. */
const MOST = 2000;
/** Milliseconds a step may take; one that takes longer hangs. */
const STEP_TIMEOUT_MS = 60_000;

t.setTimeout(1_800_000);

type Seen = { served: Map<number, string>; cleared: number; forgotten: boolean; failures: string[] };

for (const what of FAULTS) {
  t.test(`a failure at any ${what}`, async (t) => {
    let n = 1;
    // The first is the only one: with the clock they come once a second.
    if (what === 'fsync beside') {
      t.ok(await survives(t, what, 1));
      return;
    }
    while (n < MOST && (await survives(t, what, n))) n += STEP;
    t.ok(n > 1 && n < MOST, `up to the ${n}th`);
  });
}

/** False when there are fewer than n. */
async function survives(t: Test, what: Fault, n: number): Promise<boolean> {
  const dataDir = temporaryDirectory(t);
  const mark = join(dataDir, 'mark');
  const seen: Seen = { served: new Map(), cleared: 0, forgotten: false, failures: [] };
  const fsync = what === 'fsync beside' ? 'interval' : 'every';
  await live(t, { dataDir, mark, execArgv: faultArguments(what, n, mark), fsync }, seen);
  const happened = existsSync(mark);
  if (!happened && seen.failures.length > 0) t.fail(`without a failure: ${seen.failures}`);
  await checkNext(t, `${what} ${n}`, dataDir, seen);
  rmSync(dataDir, { recursive: true });
  return happened;
}

type Options = { dataDir: string; mark: string; execArgv: string[]; fsync: 'every' | 'interval' };

async function live(t: Test, options: Options, seen: Seen): Promise<void> {
  let died = false;
  const onDeath = () => {
    died = true;
  };
  const step = async (act: () => Promise<unknown>) => {
    const done = await bounded(act(), seen);
    return done && !died;
  };
  let journal: Journal | undefined;
  await step(async () => {
    journal = await openJournal({ ...options, onDeath });
  });
  if (journal === undefined) return;
  const { send } = port(t, journal);
  const page = async () => {
    for (const { seq, text } of itemsOf(await journal!.read(pullOf()))) seen.served.set(seq!, text!);
  };
  await step(() => journal!.register(listener(A)));
  await step(() => journal!.register(listener(B)));
  for (let round = 0; round < 3; round++) {
    send(chunk([message(`a${round}`), message(`b${round}`)], A, { ordinal: 2 * round }));
    send(chunk([message('other')], B, { ordinal: round }));
    await step(page);
  }
  if (await step(() => journal!.clear(A, 3))) seen.cleared = 2;
  seen.forgotten = await step(() => journal!.forget(B));
  await step(() => journal!.saveSpec(A, '{}'));
  await step(page);
  // The sync beside comes with the clock of the thread.
  if (options.fsync === 'interval') await step(() => until(() => existsSync(options.mark), 10_000));
  await step(() => journal!.close());
}

/** False when the step failed, which is noted. One that neither fails nor ends is no way to go on. */
async function bounded(step: Promise<unknown>, { failures }: Seen): Promise<boolean> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new RangeError('a step hangs')), STEP_TIMEOUT_MS);
  try {
    await Promise.race([step, late]);
    return true;
  } catch (error) {
    if (error instanceof RangeError) throw error;
    failures.push((error as Error).message);
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** The next process finds what was served and was not cleared, in order, once, unaltered. */
async function checkNext(t: Test, name: string, dataDir: string, seen: Seen): Promise<void> {
  const journal = await openNext(dataDir);
  const wrong: string[] = [];
  const histories = await journal.histories([A, B]);
  const items = histories.has(A) ? itemsOf(await journal.read(pullOf())) : [];
  const kept = new Map(items.map(({ seq, text }) => [seq!, text!]));
  for (const [seq, text] of seen.served) {
    if (seq > 2 && kept.get(seq) !== text) wrong.push(`seq ${seq} was ${text}, and is ${kept.get(seq)}`);
  }
  if (seen.cleared > 0 && items.some(({ seq }) => seq! <= seen.cleared)) wrong.push('what was cleared is there');
  const texts = items.map(({ text }) => text!);
  if (new Set(texts).size < texts.length) wrong.push(`twice: ${texts}`);
  const order = texts.toSorted((x, y) => x[1]!.localeCompare(y[1]!) || x.localeCompare(y));
  if (`${texts}` !== `${order}`) wrong.push(`not in order: ${texts}`);
  if (seen.forgotten && histories.has(B)) wrong.push('what was deleted is there');
  const history = histories.get(A);
  if (history !== undefined && history.captured - history.evicted - history.cleared !== items.length)
    wrong.push(`the law: ${JSON.stringify(history)} with ${items.length} messages`);
  await journal.close();
  t.same(wrong, [], name);
}

/** A thread that could not say that it is closing still is: its directory is free in a moment. */
async function openNext(dataDir: string): Promise<Journal> {
  const deadline = performance.now() + STEP_TIMEOUT_MS;
  for (;;) {
    try {
      return await openJournal({ dataDir, execArgv: [] });
    } catch (error) {
      if (!/in use by another process/.test((error as Error).message) || performance.now() > deadline) throw error;
    }
  }
}
