/** On an older Node the program goes on with the newer one that came along; without one it says what to do. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { MAIN } from '../support/process.ts';

t.setTimeout(120_000);

const SOURCES = fileURLToPath(new URL('../../src/', import.meta.url));
/** A Node on PATH that is too old, where the machine has one. */
const older = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((directory) => !directory.includes('node_modules'))
  .map((directory) => join(directory, 'node'))
  .find((node) => existsSync(node) && Number.parseInt(version(node).slice(1), 10) < 24);
const options = older === undefined ? { skip: 'this machine has no older Node' } : {};

t.test('an older Node goes on with the one that came along', options, async (t) => {
  t.match(await run([MAIN, '--version']), { code: 0, stdout: /^\d+\.\d+\.\d+\n$/, stderr: '' });
  t.match(await run([MAIN, 'serve', '--port', 'none']), { code: 2, stderr: /--port/ }, 'arguments and exit code');
});

t.test('it is the same process: signals reach the service', options, async (t) => {
  const child = spawn(older!, [MAIN, 'serve', '--port', '0'], { env: {} });
  const [line] = await once(createInterface(child.stdout), 'line');
  const { url } = JSON.parse(line) as { url: string };
  t.equal((await fetch(`${url}/readyz`)).status, 200);
  t.match(
    execFileSync('ps', ['-o', 'args=', '-p', String(child.pid)], { encoding: 'utf8' }),
    /node-linux-\w+\/bin\/node/,
  );
  child.kill('SIGTERM');
  t.same(await once(child, 'exit'), [0, null]);
});

t.test('where exec can not be had, the other is a child', options, async (t) => {
  const alone = copyOf(t, ['cli/exec.js', 'cli/signals.js']);
  const script = `
    import { exec } from ${JSON.stringify(join(alone, 'src/cli/exec.js'))};
    await exec(${JSON.stringify(process.execPath)}, ['-e', 'console.log(process.ppid); setInterval(() => {}, 1000)']);`;
  const child = spawn(older!, ['--input-type=module', '-e', script], { env: {} });
  const [parent] = await once(createInterface(child.stdout), 'line');
  t.equal(Number(parent), child.pid);
  child.kill('SIGTERM');
  t.same(await once(child, 'exit'), [null, 'SIGTERM'], 'signals are passed on, and the end is the same');
});

t.test('with none beside it, it says what to do', options, async (t) => {
  const alone = copyOf(t, ['cli/main.js', 'client/own-node.js', 'client/start-place.js', 'cli/signals.js']);
  t.match(await run([join(alone, 'src/cli/main.js'), 'serve']), {
    code: 2,
    stdout: '',
    stderr:
      /^listenpost needs Node 24 or later; this is Node \d+\.\d+\.\d+\. Install it(, or .*: npm install --save-dev node-\w+-\w+@24)?\n$/,
  });
});

/** These files and no packages beside them: in a folder outside of the project. */
function copyOf(t: Test, files: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'listenpost-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const file of files) cpSync(join(SOURCES, file), join(folder, 'src', file));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  return folder;
}

function run(args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(older!, args, { env: {} }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

function version(node: string): string {
  return execFileSync(node, ['--version'], { encoding: 'utf8', env: {} });
}
