/** `npm run kills` is the full one, with 200 kills. LISTENPOST_KILLS_SEED takes the seed that a run before has printed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { kill } from './kills.ts';
import { Draws } from './model/draws.ts';

const KILLS = Number(process.env.LISTENPOST_KILLS ?? 8);
const SEED = Number(process.env.LISTENPOST_KILLS_SEED ?? Math.floor(Math.random() * 2 ** 32));

t.setTimeout(60_000 + KILLS * 10_000);

t.test(`${KILLS} kills under load lose and change nothing that was served`, async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'listenpost-'));
  t.teardown(() => rmSync(data, { recursive: true, force: true }));
  t.comment(`seed ${SEED}`);
  const figures = await kill(t, data, KILLS, new Draws(SEED));
  t.comment(JSON.stringify(figures));
  t.ok(figures.stored > 0);
  t.equal(figures.served, figures.stored, 'everything that is there was checked');
});
