import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';

/** Milliseconds into the loading, which takes some 40 on a busy machine: each met it in one run of three before exits waited. */
const LOADER = fileURLToPath(new URL('./loader.js', import.meta.url));

t.test('a process that exits while its threads load native code exits as it meant to', async (t) => {
  for (let after = 9; after <= 36; after += 3) {
    const { status, signal, stderr } = spawnSync(process.execPath, [LOADER, `${after}`], { encoding: 'utf8' });
    t.same({ status, signal, stderr }, { status: 7, signal: null, stderr: '' }, `after ${after} ms`);
  }
});
