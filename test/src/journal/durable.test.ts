/** What a journal in a file is after its process was killed, after the power failed, and while the disk is full. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t, { type Test } from 'tap';
import { KIND_GAP, KIND_MESSAGE } from '../../../src/journal/chunk.ts';
import { Ledger } from '../../../src/journal/ledger.ts';
import { beginSession, endSession } from '../../../src/journal/session.ts';
import { SqliteStore } from '../../../src/journal/sqlite/sqliteStore.ts';
import { A, chunk, itemsOf, listener, message, pullOf, texts, textsOf, until } from './fixtures.ts';
import { open, port } from './journals.ts';

const GAPS = { filter: { kinds: 1 << KIND_GAP } };
const BOTH = { filter: { kinds: (1 << KIND_GAP) | (1 << KIND_MESSAGE) } };

function directory(t: Test): string {
  const made = mkdtempSync(join(tmpdir(), 'listenpost-'));
  t.teardown(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A ledger on the file, as a process of a machine started as `boot` opens it. */
function ledgerAt(file: string, boot: string): { ledger: Ledger; store: SqliteStore } {
  const store = new SqliteStore(file);
  const ledger = new Ledger(store, 1e9);
  beginSession(ledger, boot);
  return { ledger, store };
}

t.test('numbers go on after a kill, and beyond all that were set aside after a loss of power', async (t) => {
  const data = directory(t);
  const file = join(data, 'journal.db');
  const first = ledgerAt(file, 'boot 1');
  first.ledger.register(listener());
  for (const each of texts('one', 'two')) first.ledger.append(each);
  first.ledger.commit();
  first.store.close();

  const killed = ledgerAt(file, 'boot 1');
  t.equal(killed.ledger.books.get(A)!.lastSeq, 2, 'no hole while the machine stayed up');
  killed.ledger.append(texts('three')[0]!);
  killed.ledger.commit();
  killed.store.close();

  const powerless = ledgerAt(file, 'boot 2');
  powerless.ledger.append(texts('four')[0]!);
  powerless.ledger.commit();
  const book = powerless.ledger.books.get(A)!;
  t.equal(book.lastSeq, 1_000_002, 'the first number not set aside');
  t.match(powerless.ledger.history(book), { captured: 4, firstSeq: 1 });
  t.equal(book.kept, 4);
  endSession(powerless.ledger);
  powerless.store.close();

  const orderly = ledgerAt(file, 'boot 3');
  t.equal(orderly.ledger.books.get(A)!.lastSeq, 1_000_002, 'no hole after an orderly end');
  orderly.store.close();

  const journal = await open(t, { dataDir: data });
  t.match(itemsOf(await journal.pull(pullOf(BOTH))), [
    { seq: 1, text: 'one' },
    { seq: 2, text: 'two' },
    { seq: 3, text: 'three' },
    { kind: 'gap', reason: 'restart' },
    { seq: 1_000_002, text: 'four' },
    { kind: 'gap', reason: 'restart' },
  ]);
  const [gap] = itemsOf(await journal.pull(pullOf(GAPS)));
  t.equal(gap!.dropped, 1_000_001 - 3, 'as many as numbers are missing');
});

t.test('the bound by count does not count the numbers passed over', async (t) => {
  const file = join(directory(t), 'journal.db');
  const first = ledgerAt(file, 'boot 1');
  first.ledger.register(listener(A, { maxMessages: 3 }));
  for (const each of texts('a', 'b', 'c')) first.ledger.append(each);
  first.ledger.commit();
  first.store.close();
  const { ledger, store } = ledgerAt(file, 'boot 2');
  t.teardown(() => store.close());
  ledger.append(texts('d')[0]!);
  ledger.commit();
  const book = ledger.books.get(A)!;
  t.match(ledger.history(book), { firstSeq: 2, evicted: 1 });
  for (const each of texts('e', 'f')) ledger.append(each);
  ledger.commit();
  t.equal(book.kept, 3);
  t.equal(book.evicted, 3);
  ledger.append(texts('g')[0]!);
  t.equal(book.kept, 3);
  t.equal(book.evicted, 4);
});

t.test('a chunk that is not whole is skipped and told', async (t) => {
  const data = directory(t);
  const file = join(data, 'journal.db');
  const { ledger, store } = ledgerAt(file, 'boot 1');
  ledger.register(listener());
  ledger.append(texts('one')[0]!);
  ledger.append(chunk([message('two'), message('three')]));
  ledger.append(texts('four')[0]!);
  ledger.commit();
  store.close();
  const db = new DatabaseSync(file);
  const { data: bytes } = db.prepare('SELECT data FROM chunk WHERE row = 2').get() as { data: Uint8Array };
  bytes[100]! ^= 1;
  db.prepare('UPDATE chunk SET data = ? WHERE row = 2').run(bytes);
  db.close();
  const again = ledgerAt(file, 'boot 1');
  again.store.close();
  const journal = await open(t, { dataDir: data });
  t.match(itemsOf(await journal.pull(pullOf(BOTH))), [
    { seq: 1, text: 'one' },
    { seq: 4, text: 'four' },
    { kind: 'gap', reason: 'restart', dropped: 2 },
  ]);
  t.ok((await journal.pull(pullOf({ order: 'desc' }))).items === 2);
});

t.test('every commit can be on the disk before it shows', async (t) => {
  const journal = await open(t, { dataDir: directory(t), fsync: 'every' });
  await journal.register(listener());
  await journal.append(texts('one')[0]!);
  t.same(textsOf(await journal.pull(pullOf())), ['one']);
});

t.test('a full disk: what is stored is served, what arrives is held, and all goes on when there is room', async (t) => {
  const data = smallDisk(t);
  if (data === null) {
    t.comment('skipped: no small disk can be mounted here');
    return;
  }
  const journal = await open(t, { dataDir: data });
  await journal.register(listener(A, { maxBytes: 1e9 }));
  const { send, owed } = port(t, journal);
  send(texts('first')[0]!);
  await until(() => owed() === 0);
  writeFileSync(join(data, 'other'), Buffer.alloc(3_000_000));
  const big = 'x'.repeat(50_000);
  let sent = 1;
  while ((await journal.stats()).fault === null) {
    send(texts(`${++sent} ${big}`)[0]!);
    await until(async () => owed() === 0 || (await journal.stats()).fault !== null);
  }
  t.match((await journal.stats()).fault, { code: 'disk_full', detail: /can't be stored/ });
  for (let i = 0; i < 5; i++) send(texts(`${++sent} held`)[0]!);
  const before = await journal.pull(pullOf());
  t.ok(before.items >= 1 && before.items < sent, 'reads go on');
  t.ok(owed() > 0, 'held without credit');

  rmSync(join(data, 'other'));
  await until(async () => (await journal.stats()).fault === null);
  await until(() => owed() === 0);
  const all = itemsOf(await journal.pull(pullOf()));
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

/** A disk of 6 MB of its own, null where this user may not mount one. */
function smallDisk(t: Test): string | null {
  const at = mkdtempSync(join(tmpdir(), 'listenpost-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', at], { stdio: 'ignore' });
  } catch {
    rmSync(at, { recursive: true });
    return null;
  }
  t.teardown(() => {
    execFileSync('umount', ['-l', at]);
    rmSync(at, { recursive: true });
  });
  return at;
}
