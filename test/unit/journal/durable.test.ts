/** What a journal in a file is after its process was killed, after the power failed, and while the disk is full. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t, { type Test } from 'tap';
import { openJournal } from '../../../src/journal/client.ts';
import { Log } from '../../../src/journal/log/log.ts';
import { FILE_PRAGMAS, TABLES } from '../../../src/journal/store/sqlite/schema.ts';
import { SqliteStore } from '../../../src/journal/store/sqlite/sqlite-store.ts';
import { beginSession, endSession } from '../../../src/journal/thread/session.ts';
import { KIND_GAP, KIND_MESSAGE } from '../../../src/records/chunk.ts';
import { smallDisk } from '../../support/small-disk.ts';
import { A, B, chunk, itemsOf, listener, message, pullOf, texts, textsOf, until } from './fixtures.ts';
import { open, port } from './journals.ts';

t.setTimeout(120_000);

const GAPS = { filter: { kinds: 1 << KIND_GAP } };
const BOTH = { filter: { kinds: (1 << KIND_GAP) | (1 << KIND_MESSAGE) } };

function directory(t: Test): string {
  const made = mkdtempSync(join(tmpdir(), 'listenpost-'));
  t.teardown(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A log on the file, as a process of a machine started as `boot` opens it. */
function ledgerAt(file: string, boot: string): { log: Log; store: SqliteStore } {
  const store = new SqliteStore(file);
  const log = new Log(store, 1e9);
  beginSession(log, boot);
  return { log, store };
}

t.test('numbers go on after a kill, and beyond all that were set aside after a loss of power', async (t) => {
  const data = directory(t);
  const file = join(data, 'journal.db');
  const first = ledgerAt(file, 'boot 1');
  first.log.register(listener());
  for (const each of texts('one', 'two')) first.log.append([each]);
  first.log.commit();
  await first.store.close();

  const killed = ledgerAt(file, 'boot 1');
  t.equal(killed.log.histories.get(A)!.lastSeq, 2, 'no hole while the machine stayed up');
  killed.log.append(texts('three'));
  killed.log.commit();
  await killed.store.close();

  const powerless = ledgerAt(file, 'boot 2');
  powerless.log.append(texts('four'));
  powerless.log.commit();
  const book = powerless.log.histories.get(A)!;
  t.equal(book.lastSeq, 1_000_002, 'the first number not set aside');
  t.match(powerless.log.history(book), { captured: 4, firstSeq: 1 });
  t.equal(book.kept, 4);
  endSession(powerless.log);
  await powerless.store.close();

  const orderly = ledgerAt(file, 'boot 3');
  t.equal(orderly.log.histories.get(A)!.lastSeq, 1_000_002, 'no hole after an orderly end');
  await orderly.store.close();

  const journal = await open(t, { dataDir: data });
  t.match(itemsOf(await journal.read(pullOf(BOTH))), [
    { seq: 1, text: 'one' },
    { seq: 2, text: 'two' },
    { seq: 3, text: 'three' },
    { kind: 'gap', reason: 'restart' },
    { seq: 1_000_002, text: 'four' },
    { kind: 'gap', reason: 'restart' },
  ]);
  const [gap] = itemsOf(await journal.read(pullOf(GAPS)));
  t.equal(gap!.dropped, 1_000_001 - 3, 'as many as numbers are missing');
});

t.test('the bound by count does not count the numbers passed over', async (t) => {
  const file = join(directory(t), 'journal.db');
  const first = ledgerAt(file, 'boot 1');
  first.log.register(listener(A, { maxMessages: 3 }));
  for (const each of texts('a', 'b', 'c')) first.log.append([each]);
  first.log.commit();
  await first.store.close();
  const { log, store } = ledgerAt(file, 'boot 2');
  t.teardown(() => store.close());
  log.append(texts('d'));
  log.commit();
  const book = log.histories.get(A)!;
  t.match(log.history(book), { firstSeq: 2, evicted: 1 });
  log.append(texts('e', 'f'));
  log.commit();
  t.equal(book.kept, 3);
  t.equal(book.evicted, 3);
  log.append(texts('g'));
  t.equal(book.kept, 3);
  t.equal(book.evicted, 4);
});

t.test('every commit can be on the disk before it shows', async (t) => {
  const journal = await open(t, { dataDir: directory(t), fsync: 'every' });
  await journal.register(listener());
  await journal.append(texts('one')[0]!);
  t.same(textsOf(await journal.read(pullOf())), ['one']);
});

t.test('a full disk: what is stored is served, what arrives is held, and all goes on when there is room', async (t) => {
  const data = smallDisk(t, 6);
  if (data === null) return;
  const journal = await open(t, { dataDir: data });
  await journal.register(listener(A, { maxBytes: 1e9 }));
  const { send, owed } = port(t, journal);
  send(texts('first')[0]!);
  await until(() => owed() === 0);
  writeFileSync(join(data, 'other'), Buffer.alloc(2_000_000));
  const big = 'x'.repeat(50_000);
  let sent = 1;
  while ((await journal.stats()).fault === null) {
    send(texts(`${++sent} ${big}`)[0]!);
    await until(async () => owed() === 0 || (await journal.stats()).fault !== null);
  }
  t.match((await journal.stats()).fault, { code: 'disk_full', detail: /can't be stored/ });
  for (let i = 0; i < 5; i++) send(texts(`${++sent} held`)[0]!);
  const before = await journal.read(pullOf());
  t.ok(before.items >= 1 && before.items < sent, 'reads go on');
  t.ok(owed() > 0, 'held without credit');

  rmSync(join(data, 'other'));
  await until(async () => (await journal.stats()).fault === null);
  await until(() => owed() === 0);
  const all = itemsOf(await journal.read(pullOf()));
  t.same(
    all.map(({ seq }) => seq),
    Array.from({ length: sent }, (_, i) => i + 1),
  );
  t.same(
    all.slice(1).map(({ text }) => Number.parseInt(text!, 10)),
    Array.from({ length: sent - 1 }, (_, i) => i + 2),
  );
  t.equal(await journal.accounted(A, 0, 0), sent, 'counted once');
  t.match((await journal.histories([A])).get(A), { captured: sent, lastSeq: sent });
});

t.test('a full disk: what is removed makes room for what is held', async (t) => {
  const data = smallDisk(t, 24);
  if (data === null) return;
  const journal = await open(t, { dataDir: data });
  for (const number of [A, B]) await journal.register(listener(number, { maxMessages: 1e7 }));
  const { send, owed } = port(t, journal);
  const counts = { [A]: 0, [B]: 0 };
  const fill = async (number: typeof A | typeof B) => {
    send(chunk([message(`${++counts[number]} ${'x'.repeat(60_000)}`)], number));
    if (owed() > 1e6) await until(async () => owed() === 0 || (await journal.stats()).fault !== null);
  };
  for (let i = 0; (await journal.stats()).fault === null; i++) await fill(i % 2 === 0 ? A : B);
  t.match(await journal.stats(), { fault: { code: 'disk_full' }, disk: { ballast: 8 * 1024 * 1024 } });
  t.ok(await journal.clear(A, 20));
  await until(async () => owed() === 0 && (await journal.stats()).fault === null);
  t.match((await journal.histories([B])).get(B), { captured: counts[B], lastSeq: counts[B] });

  while ((await journal.stats()).fault === null) await fill(B);
  await journal.forget(A);
  await until(async () => owed() === 0 && (await journal.stats()).fault === null);
  t.equal((await journal.histories([A])).size, 0);
  t.match((await journal.histories([B])).get(B), { captured: counts[B], lastSeq: counts[B], firstSeq: 1 });
  const numbers: number[] = [];
  for (let after: string | null = null, more = true; more; ) {
    const page = await journal.read(pullOf({ scope: { listener: B }, after, limit: 50 }));
    numbers.push(...textsOf(page).map((text) => Number.parseInt(text, 10)));
    after = page.next;
    more = page.hasMore;
  }
  t.same(
    numbers,
    Array.from({ length: counts[B] }, (_, i) => i + 1),
    'each once, in order',
  );
  await journal.forget(B);
  await until(async () => (await journal.stats()).disk.ballast > 4 * 1024 * 1024, 20_000);
});

t.test('a full disk: messages beyond their age go all the same', async (t) => {
  const data = smallDisk(t, 24);
  if (data === null) return;
  const journal = await open(t, { dataDir: data });
  await journal.register(listener(A, { maxAge: 1500, maxMessages: 1e7 }));
  await journal.register(listener(B, { maxMessages: 1e7 }));
  const { send, owed } = port(t, journal);
  let sent = 0;
  while ((await journal.stats()).fault === null) {
    send(chunk([message(`${++sent} ${'x'.repeat(60_000)}`)], A));
    if (owed() > 1e6) await until(async () => owed() === 0 || (await journal.stats()).fault !== null);
  }
  send(chunk([message('other')], B));
  await until(async () => owed() === 0 && (await journal.stats()).fault === null, 20_000);
  t.match((await journal.histories([B])).get(B), { captured: 1 });
  t.match((await journal.histories([A])).get(A), { captured: sent });
});

t.test('a full disk: what is held at the end is stored with the ballast, and the next process comes up', async (t) => {
  const data = smallDisk(t, 24);
  if (data === null) return;
  const journal = await openJournal({ dataDir: data, execArgv: [] });
  await journal.register(listener(A, { maxMessages: 1e7 }));
  const { send, owed } = port(t, journal);
  let sent = 0;
  while ((await journal.stats()).fault === null) {
    send(chunk([message(`${++sent} ${'x'.repeat(60_000)}`)], A));
    if (owed() > 1e6) await until(async () => owed() === 0 || (await journal.stats()).fault !== null);
  }
  for (let i = 0; i < 20; i++) send(chunk([message(`${++sent} ${'x'.repeat(60_000)}`)], A));
  await journal.histories([A]);
  await journal.close();
  const again = await open(t, { dataDir: data });
  t.match((await again.histories([A])).get(A), { captured: sent, lastSeq: sent });
  await again.clear(A);
  await until(async () => (await again.stats()).fault === null);
});

t.test('the file stays bounded under retention, and shrinks when a listener goes', async (t) => {
  const file = join(directory(t), 'journal.db');
  const store = new SqliteStore(file);
  const log = new Log(store, 1e9);
  const book = log.register(listener(A, { maxMessages: 200 }));
  const turnover = async () => {
    for (let i = 0; i < 200; i++) {
      log.append([chunk([message('x'.repeat(30_000))])]);
      log.commit();
    }
    return sizeAfterCheckpoint(store);
  };
  await turnover();
  const after2 = await turnover();
  for (let i = 2; i < 9; i++) await turnover();
  const after10 = await turnover();
  t.ok(after10 <= 2 * after2, `${after10} bytes after 10 turnovers, ${after2} after 2`);
  log.forget(book);
  do log.commit();
  while (log.isReclaiming);
  const full = await sizeAfterCheckpoint(store);
  store.shrink();
  store.commit(false);
  t.equal(await sizeAfterCheckpoint(store), full - 128 * 8192, 'a step is 1 MiB');
  t.equal(store.rows, 0);
  await store.close();
});

t.test('the log is bounded where checkpoints do not keep up', async (t) => {
  const store = new SqliteStore(join(directory(t), 'journal.db'));
  const log = new Log(store, 1e9);
  log.register(listener(A, { maxMessages: 50 }));
  const big = 'x'.repeat(60_000);
  let longest = 0;
  for (let i = 0; i < 2200; i++) {
    log.append([chunk([message(big)])]);
    log.commit();
    longest = Math.max(longest, store.disk.log);
  }
  t.ok(longest <= 72 * 1024 * 1024, `${longest} bytes`);
  await store.close();
});

/** Bytes of the file once all is in it; the thread that makes checkpoints beside may be at it. */
async function sizeAfterCheckpoint(store: SqliteStore): Promise<number> {
  await until(() => {
    store.checkpoint();
    return store.disk.log === 0;
  });
  return store.disk.file;
}

t.test('a file of an older version, which can not shrink, goes on', async (t) => {
  const data = directory(t);
  const db = new DatabaseSync(join(data, 'journal.db'));
  db.exec(FILE_PRAGMAS.replace(/PRAGMA auto_vacuum = \d; /, ''));
  db.exec(TABLES);
  t.match(db.prepare('PRAGMA auto_vacuum').get(), { auto_vacuum: 0 });
  db.close();
  const store = new SqliteStore(join(data, 'journal.db'));
  const log = new Log(store, 1e9);
  const book = log.register(listener());
  for (let i = 0; i < 200; i++) log.append([chunk([message('x'.repeat(50_000))])]);
  log.commit();
  log.clear(book);
  do log.commit();
  while (log.isReclaiming);
  const file = await sizeAfterCheckpoint(store);
  store.shrink();
  store.commit(false);
  for (let i = 0; i < 100; i++) log.append([chunk([message('x'.repeat(50_000))])]);
  log.commit();
  t.ok((await sizeAfterCheckpoint(store)) <= file, 'what is free is used again');
  await store.close();
});
