/** What a start costs: which modules the command line loads, and where compiled code is kept. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { MAIN } from '../support/process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Milliseconds; a start that never ends is what is looked for. */
const TIMEOUT_MS = 60_000;

/** Writes the packages that were loaded to stderr at the end. */
const SPY = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  const loaded = new Set();
  registerHooks({ load(url, context, next) {
    const name = /.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1];
    if (name) loaded.add(name);
    return next(url, context);
  } });
  process.on('exit', () => process.stderr.write('loaded: ' + [...loaded].sort().join(' ') + '\\n'));
`)}`;

/** Without what the caller's own environment says of caches. */
function run(args: string[], env: NodeJS.ProcessEnv, { flags = [], cwd }: { flags?: string[]; cwd?: string } = {}) {
  const { NODE_COMPILE_CACHE: _, NODE_DISABLE_COMPILE_CACHE: __, XDG_CACHE_HOME: ___, ...rest } = process.env;
  const options = { env: { ...rest, ...env }, encoding: 'utf8', timeout: TIMEOUT_MS, cwd } as const;
  return spawnSync(process.execPath, [...flags, MAIN, ...args], options);
}

t.test('help and the commands of a client load two packages', async (t) => {
  for (const args of [['--help'], ['serve', '--help'], ['ls', '--url', 'http://127.0.0.1:1']]) {
    const { stderr } = run(args, {}, { flags: ['--import', SPY] });
    t.match(stderr, /^loaded: commander ipaddr\.js$/m, args.join(' '));
  }
});

t.test('compiled code is kept in the folder of the user', async (t) => {
  const home = temporaryDirectory(t);
  t.equal(run(['--help'], { HOME: home }).status, 0);
  t.ok(readdirSync(join(home, '.cache/listenpost')).length > 0, 'in .cache');
  t.equal(run(['--help'], { HOME: home, XDG_CACHE_HOME: join(home, 'other') }).status, 0);
  t.ok(existsSync(join(home, 'other/listenpost')), 'or where the user keeps such things');
});

t.test('what the user says to Node counts', async (t) => {
  const home = temporaryDirectory(t);
  run(['--help'], { HOME: home, NODE_DISABLE_COMPILE_CACHE: '1' });
  run(['--help'], { HOME: home, NODE_COMPILE_CACHE: join(home, 'given') });
  t.same(readdirSync(home), ['given']);
});

t.test('a home that takes nothing is no obstacle', async (t) => {
  const home = temporaryDirectory(t);
  writeFileSync(join(home, 'file'), '');
  for (const place of ['/proc/none', join(home, 'file'), join(home, 'missing/deeper'), ''])
    t.match(run(['--help'], { HOME: place }, { cwd: home }), { status: 0, stderr: '' }, place);
  t.same(readdirSync(home), ['file'], 'nothing in the current folder');
});
