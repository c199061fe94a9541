/** Every example runs against the real service. One is skipped where the program that runs it is not installed. */
import { execFile, spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { parse, stringify } from 'yaml';
import { MAIN, startProcess } from '../support/process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
/** Runs Node without what the test runner adds to it: that is slow, and the compiler does not bear it. */
const PLAIN = ['-u', 'NODE_OPTIONS', process.execPath];
const run = promisify(execFile);

type Example = {
  name: string;
  command: string;
  args: string[];
  /** What it prints when it passes. */
  passes: RegExp;
  /** Lines of shell that succeed where it can run. */
  needs?: string[];
};

const PROGRAMS: Example[] = [
  {
    name: 'statsd and dns in TypeScript',
    command: 'env',
    args: [...PLAIN, '--test', '--test-reporter=tap', ...globSync('examples/{statsd,dns}/*.test.ts', { cwd: ROOT })],
    passes: /^# pass 7\n# fail 0$/m,
  },
  {
    name: 'syslog in Python',
    command: 'python3',
    args: ['-m', 'unittest', 'discover', 'examples/syslog'],
    passes: /Ran 4 tests[\s\S]*OK/,
    needs: ['python3 -c "import unittest, urllib.request, logging"'],
  },
  {
    name: 'retries in C, bash, curl and jq',
    command: 'bash',
    args: ['examples/retry/test.sh'],
    passes: /(ok: .*\n){4}/,
    needs: ['cc --version', 'curl --version', 'jq --version'],
  },
];

/** Peers that a listener plays: how many things the test of each says, and what its client needs. */
const PEERS: [folder: string, checks: number, ...needs: string[]][] = [
  ['smtp', 6, 'python3 -c "import smtplib"'],
  ['redis', 11, 'redis-cli --version'],
  ['dns', 11, 'dig -v'],
  ['http', 9],
  ['memcached', 9, 'memcping --version', 'memccat --version', 'memccp --version', 'memcrm --version'],
  ['syslog', 4, 'logger --version'],
  ['ntp', 6, '/usr/bin/python3 -c "import ntplib"'],
  ['modbus', 12, 'command -v mbpoll'],
  ['mqtt', 10, 'command -v mosquitto_sub', 'command -v mosquitto_pub'],
  ['hl7', 5, 'mllp_send --version'],
  ['lsp', 5, 'node --input-type=module -e \'import "vscode-jsonrpc/node"\''],
  ['postgresql', 9, 'psql --version'],
  ['tftp', 8, 'curl --version | grep -w tftp'],
  ['coap', 7, 'command -v coap-client-notls'],
];

const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...inherited } = process.env;
const { url } = await startProcess(t, ['--token', 'only-for-tests']);
const env = { ...inherited, PYTHONDONTWRITEBYTECODE: '1', LISTENPOST_URL: url, LISTENPOST_TOKEN: 'only-for-tests' };

/** These measure times: the peers come after them. */
t.test('programs under test', { jobs: PROGRAMS.length }, async (t) => {
  for (const program of PROGRAMS) play(t, program);
});

t.test('peers', { jobs: 4 }, async (t) => {
  for (const [folder, checks, ...needs] of PEERS) {
    play(t, {
      name: folder,
      command: 'bash',
      args: [`examples/${folder}/test.sh`],
      passes: new RegExp(`^(ok: .*\n){${checks}}$`),
      needs: [...needs, 'curl --version', 'jq --version'],
    });
  }
});

function play(t: Test, { name, command, args, passes, needs = [] }: Example): void {
  const missing = needs.find((line) => spawnSync('sh', ['-c', line], { cwd: ROOT, env }).status !== 0);
  t.test(name, { skip: missing !== undefined && `fails here: ${missing}` }, async (t) => {
    const { stdout, stderr } = await run(command, args, { cwd: ROOT, env }).catch((error) => error);
    t.match(`${stdout}${stderr}`, passes);
  });
}

t.test('the examples in TypeScript compile', async (t) => {
  const ended = await run('env', [...PLAIN, TSC, '-p', 'examples'], { cwd: ROOT, env }).catch((error) => error);
  t.strictSame(ended, { stdout: '', stderr: '' });
});

t.test('the workflow runs what is there', async (t) => {
  const workflow = parse(readFileSync(join(ROOT, 'examples/ci/github-actions.yml'), 'utf8'));
  const steps: { run?: string }[] = workflow.jobs.test.steps;
  const paths = steps.flatMap(({ run = '' }) => run.match(/examples\/\S+/g) ?? []);
  t.ok(paths.length >= 4);
  for (const path of paths) t.ok(globSync(path, { cwd: ROOT }).length > 0, path);
});

t.test('the compose file mounts what is there', async (t) => {
  const { services } = parse(readFileSync(join(ROOT, 'examples/ci/compose.yaml'), 'utf8'));
  const folder = join(ROOT, 'examples/ci');
  t.match(readFileSync(join(folder, services.listenpost.build, 'Dockerfile'), 'utf8'), /HEALTHCHECK/);
  t.equal(services.listenpost.environment.LISTENPOST_TOKEN, services.tests.environment.LISTENPOST_TOKEN);
  const [mounted] = services.tests.volumes[0].split(':');
  t.ok(globSync('test_*.py', { cwd: join(folder, mounted) }).length > 0, dirname(mounted));
});

t.test('every folder of examples is told of and run', async (t) => {
  const folders = globSync('examples/*/', { cwd: ROOT }).map((path) => path.split(/[\\/]/)[1]!);
  const readme = readFileSync(join(ROOT, 'examples/README.md'), 'utf8');
  const told = [...readme.matchAll(/^\| \[(\w+)\]\(\1\/\)/gm)].map(([, name]) => name!);
  t.same([...new Set(told)].sort(), folders.sort());
});

t.test('every peer can stand in a configuration file', async (t) => {
  const listeners = PEERS.map(([folder]) =>
    JSON.parse(readFileSync(join(ROOT, 'examples', folder, 'listener.json'), 'utf8')),
  );
  const file = join(temporaryDirectory(t, { 'peers.yaml': stringify({ listeners }) }), 'peers.yaml');
  const { stderr } = await run('env', [...PLAIN, MAIN, 'validate', file], { cwd: ROOT, env }).catch((error) => error);
  t.match(stderr, `${PEERS.length} listeners, no problem`);
});

t.test('every peer is played and told of', async (t) => {
  const readme = readFileSync(join(ROOT, 'examples/README.md'), 'utf8');
  const folders = globSync('examples/*/listener.json', { cwd: ROOT }).map((path) => path.split(/[\\/]/)[1]!);
  t.same(folders.sort(), PEERS.map(([folder]) => folder).sort());
  for (const folder of folders) t.match(readme.split('## Peers')[1], `| [${folder}](${folder}/) |`);
});
