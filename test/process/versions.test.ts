/** An older Node is told in one line what it lacks. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import t from 'tap';
import { MAIN } from '../process.ts';

/** A Node on PATH that is too old, where the machine has one. */
const older = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((directory) => !directory.includes('node_modules'))
  .map((directory) => join(directory, 'node'))
  .find((node) => existsSync(node) && Number.parseInt(version(node).slice(1), 10) < 24);

t.test('an older Node', older === undefined ? { skip: 'this machine has none' } : {}, async (t) => {
  const { status, stderr, stdout } = spawnSync(older!, [MAIN, 'serve'], { encoding: 'utf8', env: {} });
  t.equal(status, 2);
  t.match(stderr, /^listenpost needs Node 24 or later; this is Node \d+\.\d+\.\d+\n$/);
  t.equal(stdout, '');
});

function version(node: string): string {
  return execFileSync(node, ['--version'], { encoding: 'utf8', env: {} });
}
