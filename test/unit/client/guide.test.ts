/** Every program in the client's guide compiles and runs as it stands. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';

t.setTimeout(120_000);

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
/** Runs Node without what the test runner adds to it: that is slow, and the compiler does not bear it. */
const PLAIN = ['-u', 'NODE_OPTIONS', process.execPath];
const run = promisify(execFile);
const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...environment } = process.env;
const options = { cwd: ROOT, env: environment };

const guide = readFileSync(join(ROOT, 'docs/guides/client.md'), 'utf8');
const programs = [...guide.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code!);
/** Inside the package, so that it knows itself by its name. */
const folder = mkdtempSync(join(ROOT, 'dist/guide-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const files = programs.map((code, index) => {
  const file = join(folder, `program-${index + 1}.ts`);
  writeFileSync(file, code);
  return file;
});
t.jobs = 3;

t.test('there are programs', async (t) => {
  t.ok(programs.length > 5);
});

for (const [index, file] of files.entries()) {
  t.test(`program ${index + 1} runs`, async (t) => {
    const { code, stderr } = await run('env', [...PLAIN, file], options).catch((error) => error);
    t.equal(code, undefined, stderr);
  });
}

t.test('they compile', async (t) => {
  const config = join(folder, 'tsconfig.json');
  writeFileSync(config, '{ "extends": "../../examples/tsconfig.json", "include": ["*.ts"], "exclude": [] }');
  const ended = await run('env', [...PLAIN, TSC, '-p', config], options).catch((error) => error);
  t.strictSame(ended, { stdout: '', stderr: '' });
});
