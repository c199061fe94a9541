import { Command, CommanderError } from 'commander';
import t from 'tap';
import { addSettings, type Config, ConfigError, configOf, defaultConfig } from '../../../src/config/config.ts';

/** Parses flags with an environment of its own; answers the configuration or what was written to stderr. */
function parse(flags: string[], env: Record<string, string> = {}): { config?: Config; error?: string } {
  const before = { ...process.env };
  Object.assign(process.env, env);
  let written = '';
  const command = addSettings(
    new Command('serve').exitOverride().configureOutput({ writeErr: (text) => (written += text) }),
  );
  try {
    return { config: configOf(command.parse(flags, { from: 'user' }).opts()) };
  } catch (error) {
    if (error instanceof ConfigError) return { error: error.message };
    if (error instanceof CommanderError) return { error: written };
    throw error;
  } finally {
    process.env = before;
  }
}

t.test('defaults stand where nothing is said', async (t) => {
  t.match(defaultConfig(), { host: '127.0.0.1', port: 8080, data: null, allowBind: [], portRange: null });
  t.same(parse([]).config, defaultConfig());
});

t.test('flags beat the environment, the environment beats the defaults', async (t) => {
  const env = { LISTENPOST_PORT: '9000', LISTENPOST_LOG_LEVEL: 'debug' };
  t.match(parse([], env).config, { port: 9000, logLevel: 'debug' });
  t.match(parse(['--port', '9001'], env).config, { port: 9001, logLevel: 'debug' });
});

t.test('each form is read', async (t) => {
  const { config } = parse(
    ['--allow-bind', '0.0.0.0/0, ::/0', '--port-range', '20000-20999', '--journal-memory', '64MiB', '--data', '/d'],
    { LISTENPOST_ALLOW_HOST: 'a.example,b.example', LISTENPOST_ALLOW_SEND: '10.1.2.3' },
  );
  t.same(config?.allowBind, ['0.0.0.0/0', '::/0']);
  t.same(config?.allowSend, ['10.1.2.3']);
  t.same(config?.portRange, { first: 20000, last: 20999 });
  t.equal(config?.journalMemory, 64 * 1024 ** 2);
  t.equal(config?.data, '/d');
  t.same(config?.allowHost, ['a.example', 'b.example']);
});

t.test('a bad value is one line that names it', async (t) => {
  const bad: [string[], RegExp][] = [
    [['--port', '70000'], /--port.*70000/],
    [['--port', 'x'], /--port.*x.*whole number/],
    [['--port', '-1'], /--port/],
    [['--log-level', 'loud'], /--log-level.*loud/],
    [['--allow-bind', '10.0.0.0/33'], /--allow-bind.*10\.0\.0\.0\/33 is not a CIDR/],
    [['--port-range', '9-8'], /--port-range.*range of ports/],
    [['--journal-memory', 'lots'], /--journal-memory.*bytes/],
    [['--journal-memory', '1KiB'], /--journal-memory/],
    [['--threads', '0'], /--threads/],
    [['--nonsense'], /--nonsense/],
  ];
  for (const [flags, message] of bad) {
    const { error = '' } = parse(flags);
    t.match(error, message, flags.join(' '));
    t.equal(error.trim().split('\n').length, 1, 'one line');
  }
  t.match(parse([], { LISTENPOST_PORT: 'x' }).error, /LISTENPOST_PORT/, 'the variable is named');
});

t.test('an API that others reach needs a token', async (t) => {
  t.match(parse(['--host', '0.0.0.0']).error, /LISTENPOST_TOKEN or --token/);
  t.match(parse(['--host', 'build.example']).error, /token/);
  t.equal(parse(['--host', '0.0.0.0', '--token', 's']).config?.token, 's');
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost', '::ffff:127.0.0.1']) {
    t.equal(parse(['--host', host]).config?.host, host);
  }
});

t.test('more shared threads than the process may have are refused', async (t) => {
  t.match(parse(['--threads', '8', '--max-threads', '4']).error, /--threads 8.*--max-threads 4/);
});
