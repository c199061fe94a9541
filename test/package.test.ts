/** What the package holds and asks for. That it comes whole out of a fresh clone is tried by .ci/newcomer. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** The oldest Node that may install it: a Node 24 comes along there, see docs/decisions/0004-node-floor.md. */
const OLDEST = '20.19.0';

const manifest = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));

t.test('the package holds all that its manifest names, and is built before it is packed', async (t) => {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { stdout } = await promisify(execFile)('npm', args, { cwd: ROOT, env, maxBuffer: 16 * 1024 ** 2 });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  const paths = new Set(files.map(({ path }) => `./${path}`));
  const named = [...Object.values<string>(manifest.bin), ...manifest.man, ...filesIn(manifest.exports)];
  t.ok(named.length > 10);
  for (const file of named) t.ok(paths.has(file.replace(/^(?!\.)/, './')), file);
  t.ok(paths.has('./dist/commonjs/package.json'), 'what is required is CommonJS');
  t.notOk(
    [...paths].some((path) => /\/(test|bench|node_modules)\//.test(path)),
    'and nothing that nobody uses',
  );
  t.match(manifest.scripts.prepare, /prepare/);
});

t.test('npm ci warns of no engine', async (t) => {
  const { satisfies } = createRequire(import.meta.url)('semver');
  const lock = JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8'));
  const asked = Object.entries<{ engines?: { node?: string } }>(lock.packages);
  const newer = asked.filter(([, { engines }]) => engines?.node !== undefined && !satisfies(OLDEST, engines.node));
  t.same(Object.fromEntries(newer), {}, 'run `npm run engines` and commit the result');
  t.ok(satisfies(OLDEST, manifest.engines.node));
});

/** All paths in a tree of conditions. */
function filesIn(tree: object): string[] {
  return Object.values(tree).flatMap((value) => (typeof value === 'string' ? [value] : filesIn(value)));
}
