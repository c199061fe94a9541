/** What all commands have in common: finding the service, colors, help, completions, the man page. */
import { execFile, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { definitionsOf } from '../../src/cli/completion/definitions.ts';
import { createProgram } from '../../src/cli/run.ts';
import { manPage } from '../../tools/man/page.ts';
import { Cli, cliFor } from '../support/cli.ts';
import { MAIN, startProcess } from '../support/process.ts';

t.setTimeout(120_000);

const COMMANDS = definitionsOf(createProgram());
const TOKEN = 'a-secret-of-this-test';

t.test('where the service is: flag, LISTENPOST_URL, or where serve listens', async (t) => {
  const service = await startProcess(t, ['--token', TOKEN]);
  const { host, port } = new URL(service.url);
  const run = (args: string[], env: NodeJS.ProcessEnv) => new Cli(t, ['ls', ...args], { env }).ended;
  const done = { code: 0, stderr: 'no listeners\n' };
  t.match(await run(['--url', host, '--token', TOKEN], { LISTENPOST_URL: 'http://127.0.0.1:1' }), done);
  t.match(await run([], { LISTENPOST_URL: service.url, LISTENPOST_TOKEN: TOKEN }), done);
  const beside = { LISTENPOST_URL: '', LISTENPOST_HOST: '0.0.0.0', LISTENPOST_PORT: port, LISTENPOST_TOKEN: TOKEN };
  t.match(await run([], beside), done);
  t.match(await run(['--url', host], {}), { code: 1, stderr: /^error: .*LISTENPOST_TOKEN or --token SECRET\n$/ });
  t.match(await run(['--url', 'ftp://x y'], {}), { code: 2, stderr: /Expected a URL/ });
});

t.test('nobody there: one line that says how to start it', async (t) => {
  const url = await deadUrl();
  const { code, stderr } = await cliFor(t, { url }).run(['ls']);
  t.equal(code, 1);
  const { port } = new URL(url);
  t.equal(
    stderr,
    `error: no service at ${url} (connection refused); start one with: listenpost serve --port ${port}\n`,
  );
  const lookalike = await cliFor(t, { url: await wrongServer(t) }).run(['ls']);
  t.match(lookalike, { code: 1, stderr: /^error: a teapot\n$/ });
});

t.test('help has examples, and colors where they are wanted', async (t) => {
  for (const { name } of COMMANDS.filter(({ name }) => !['serve', 'help'].includes(name))) {
    const command = createProgram().commands.find((one) => one.name() === name)!;
    let text = '';
    command.configureOutput({ writeOut: (piece) => (text += piece) }).outputHelp();
    t.match(text, new RegExp(`Examples:\n  # .*\n  \\$ .*listenpost ${name}`), name);
  }
  const { stdout } = await new Cli(t, ['ls', '--help'], { env: { FORCE_COLOR: '1' } }).ended;
  t.match(stdout, '\u001b[1mUsage:');
  const plain = await new Cli(t, ['ls', '--no-color', '--help'], { env: { FORCE_COLOR: '1' } }).ended;
  t.match(plain.stdout, /^Usage:/);
  t.match(await new Cli(t, [], {}).ended, { code: 2, stderr: /Commands:.*Exit codes:/s });
});

t.test('completions know every command and flag', async (t) => {
  const scripts = await Promise.all(
    ['bash', 'zsh', 'fish'].map(async (shell) => [shell, (await new Cli(t, ['completion', shell], {}).ended).stdout]),
  );
  for (const [shell, script] of scripts as [string, string][]) {
    for (const { name, options } of COMMANDS) {
      const words = [name, ...options.flatMap(({ flags }) => flags).map((flag) => flag.replace(/^-+/, ''))];
      t.same(
        words.filter((word) => !script.includes(word)),
        [],
        `${shell} ${name}`,
      );
    }
    const check = spawnSync(shell, ['-n'], { input: script, encoding: 'utf8' });
    if (check.error === undefined) t.equal(check.stderr, '', `${shell} takes it`);
  }
});

t.test('bash completes commands, flags, choices and names of listeners', async (t) => {
  const service = await startProcess(t);
  for (const name of ['statsd', 'syslog']) await service.post('/v1/listeners', { protocol: 'udp', name });
  const cases: [line: string, words: string[]][] = [
    ['listenpost li', ['listen']],
    ['listenpost wait s', ['statsd', 'syslog']],
    ['listenpost send u', ['udp']],
    ['listenpost ls --prot', ['--protocol']],
    ['listenpost ls --protocol ', ['udp', 'tcp']],
    ['listenpost send udp x --from sy', ['syslog']],
    ['listenpost export x -o ', []],
    ['listenpost replay ', []],
  ];
  const done = await completed(
    cases.map(([line]) => line),
    service.url,
  );
  for (const [i, [line, words]] of cases.entries()) t.same(done[i], words, line);
});

t.test('output that can not be written is a failure', { skip: !existsSync('/dev/full') }, async (t) => {
  const full = openSync('/dev/full', 'w');
  t.teardown(() => closeSync(full));
  const { status, stderr } = spawnSync(process.execPath, [MAIN, 'completion', 'bash'], {
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
  });
  t.match({ status, stderr }, { status: 1, stderr: /^error: ENOSPC.*\n$/ });
});

t.test('the man page is what docs/man/generate.ts writes', async (t) => {
  const committed = await readFile('docs/man/listenpost.1', 'utf8');
  t.equal(committed, manPage(), 'stale: npm run build && node dist/tools/man/generate.js');
  for (const { name, options } of COMMANDS.filter(({ name }) => name !== 'help')) {
    const flags = options.flatMap(({ flags }) => flags).filter((flag) => flag !== '--help');
    t.same(
      flags.filter((flag) => !committed.includes(flag.replaceAll('-', '\\-'))),
      [],
      name,
    );
  }
  const groff = spawnSync('groff', ['-man', '-ww', '-Tutf8', 'docs/man/listenpost.1'], { encoding: 'utf8' });
  if (groff.error === undefined) t.equal(groff.stderr, '', 'groff takes it without a warning');
});

/** What bash offers at the end of each line. */
async function completed(lines: string[], url: string): Promise<string[][]> {
  const script = `
    listenpost() { "${process.execPath}" "${MAIN}" "$@"; }
    source <(listenpost completion bash)
    complete() { :; }
    while IFS= read -r line; do
      IFS=' ' read -ra COMP_WORDS <<< "$line"
      case "$line" in *' ') COMP_WORDS+=('') ;; esac
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
      _listenpost
      echo "\${COMPREPLY[@]}"
    done <<'LINES'\n${lines.join('\n')}\nLINES`;
  const env = { ...process.env, LISTENPOST_URL: url };
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { env });
  return stdout.split('\n').map((line) => line.split(' ').filter((word) => word !== ''));
}

/** Where nobody listens. */
async function deadUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

/** Where somebody else listens. */
async function wrongServer(t: Test): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(418).end('a teapot')).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
