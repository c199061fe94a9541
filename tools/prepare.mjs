/**
 * What npm runs before this folder becomes a package: on `npm pack`, on an installation from git or by its path, after
 * `npm ci`. It builds, and in a clone where nothing is installed yet it installs first what that takes.
 */
import { execSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const { npm_command: command, npm_config_local_prefix: prefix, npm_config_global: isGlobal } = process.env;
const hasCompiler = existsSync('node_modules/typescript');
/** npm has just installed here, and was told to leave out what only developers need. */
const isLeftOut = !hasCompiler && ['ci', 'install'].includes(command) && prefix === process.cwd() && isGlobal !== 'true';

if (isLeftOut) {
  process.stdout.write('not built: installed without development dependencies\n');
} else {
  if (!hasCompiler) run('npm ci --ignore-scripts --no-global');
  run('npm run --silent build');
}

function run(line) {
  execSync(line, { stdio: 'inherit' });
}
