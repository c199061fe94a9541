/** The stores there are: in memory, and in a file with each way to bring it onto the disk, read beside too. */
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t, { type Test } from 'tap';
import { SqliteReads } from '../../../../src/journal/store/sqlite/sqlite-reads.ts';
import { SqliteStore } from '../../../../src/journal/store/sqlite/sqlite-store.ts';
import { Statements } from '../../../../src/journal/store/sqlite/statements.ts';
import { FSYNCS, type Fsync } from '../../../../src/journal/store/sqlite/wal-sync.ts';
import { betweenLooks } from '../../../support/waiting.ts';
import { type OpenedStore, storeContract } from './store-contract.ts';

storeContract('in memory', (t) => {
  const store = new SqliteStore(null);
  t.teardown(() => store.close());
  return { store, readers: [] };
});
for (const fsync of FSYNCS) storeContract(`in a file, fsync ${fsync}`, (t) => inFile(t, fsync));

/** A store in a directory that must be empty of all that uses it before it is removed. */
function inFile(t: Test, fsync: Fsync): OpenedStore {
  const directory = mkdtempSync(join(tmpdir(), 'listenpost-'));
  const file = join(directory, 'journal.db');
  const stores: SqliteStore[] = [];
  const open = () => {
    const store = new SqliteStore(file, { fsync });
    stores.push(store);
    return store;
  };
  const store = open();
  const beside = new DatabaseSync(file, { readOnly: true });
  t.teardown(async () => {
    beside.close();
    for (const each of stores) await each.close();
    rmSync(directory, { recursive: true });
  });
  return { store, readers: [new SqliteReads(new Statements(beside))], reopen: open };
}

t.test('closed, nothing has its files open, whatever the thread beside was at', async (t) => {
  for (const looks of [0, 1, 5, 20, 60]) {
    const directory = mkdtempSync(join(tmpdir(), 'listenpost-'));
    const store = new SqliteStore(join(directory, 'journal.db'));
    store.setNote('key', 'value');
    store.commit(true);
    for (let i = 0; i < looks; i++) await betweenLooks(2);
    await store.close();
    t.same(openFilesIn(directory), [], `after ${looks} looks`);
    rmSync(directory, { recursive: true });
  }
});

/** What this process has open there; none where that can't be told. */
function openFilesIn(directory: string): string[] {
  let files: string[] = [];
  try {
    files = readdirSync('/proc/self/fd');
  } catch {}
  return files.flatMap((file) => {
    try {
      const target = readlinkSync(join('/proc/self/fd', file));
      return target.startsWith(directory) ? [target] : [];
    } catch {
      return [];
    }
  });
}
