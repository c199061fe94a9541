/** The journal's ports: one contract for the journal in memory, in a file, and the fake that tests of the HTTP face use. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal } from '../../../src/journal/client.ts';
import { FakeJournal } from '../../support/fake/journal.ts';
import { journalContract } from './contract.ts';
import { open } from './journals.ts';

journalContract('in memory', (t) => open(t));
journalContract('in a file', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'journal-'));
  const journal = await openJournal({ dataDir, execArgv: [] });
  t.teardown(async () => {
    await journal.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return journal;
});
journalContract('fake', async () => new FakeJournal());
