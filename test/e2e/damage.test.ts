/** `npm run damage` is the long one, with 200 copies. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { checkRefusal, makeOriginal, sweep } from './damage.ts';

const COPIES = Number(process.env.LISTENPOST_DAMAGES ?? 8);

t.setTimeout(120_000 + COPIES * 20_000);

for (const [signal, copies] of [
  ['SIGTERM', Math.ceil((COPIES * 3) / 4)],
  ['SIGKILL', Math.floor(COPIES / 4)],
] as const) {
  t.test(
    `${copies} copies of what ${signal} left, damaged all over: nothing wrong is served, nothing is missing unreported`,
    async (t) => {
      const scratch = mkdtempSync(join(tmpdir(), 'listenpost-'));
      t.teardown(() => rmSync(scratch, { recursive: true, force: true }));
      const original = await makeOriginal(t, join(scratch, 'original'), signal);
      const figures = await sweep(t, original, { copies, scratch });
      t.comment(JSON.stringify(figures));
      t.equal(figures.copies, copies);
      t.ok(figures.gaps + figures.missing + figures.refused > 0, 'there was damage');
    },
  );
}

t.test('an empty database beside its companions is one clear line', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'listenpost-'));
  t.teardown(() => rmSync(data, { recursive: true, force: true }));
  for (const [name, bytes] of [
    ['journal.db', ''],
    ['journal.db-wal', 'x'],
    ['journal.ballast', 'x'],
  ] as const)
    writeFileSync(join(data, name), bytes);
  t.match(await checkRefusal(t, data), /journal\.db is empty beside journal\.db-wal and journal\.ballast/);
});
