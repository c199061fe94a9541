/** `npm run kills` is the full one, with 200 kills. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { kill } from './kills.ts';

const KILLS = Number(process.env.LISTENPOST_KILLS ?? 8);

t.setTimeout(60_000 + KILLS * 10_000);

t.test(`${KILLS} kills under load lose and change nothing that was served`, async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'listenpost-'));
  t.teardown(() => rmSync(data, { recursive: true, force: true }));
  const figures = await kill(t, data, KILLS);
  t.comment(JSON.stringify(figures));
  t.ok(figures.stored > 0);
  t.equal(figures.served, figures.stored, 'everything that is there was checked');
});
