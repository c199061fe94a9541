import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import t from 'tap';
import { startFailure } from '../../src/cli/start-failure.ts';
import { MAIN, run, startProcess } from '../support/process.ts';

t.setTimeout(120_000);

t.test('help lists each flag with its variable and default', async (t) => {
  const { code, stdout } = await run(t, ['serve', '--help']);
  const text = stdout.replace(/\s+/g, ' ');
  t.equal(code, 0);
  const flags = ['host', 'port', 'threads', 'data', 'log-level', 'token', 'allow-bind', 'allow-send', 'allow-host'];
  for (const flag of [...flags, 'port-range', 'max-threads', 'allow-origin', 'advertised-host', 'journal-memory']) {
    const variable = `LISTENPOST_${flag.replaceAll('-', '_').toUpperCase()}`;
    t.match(text, new RegExp(`--${flag} <[^>]+> [^()]*\\([^()]*default: [^()]*env: ${variable}\\)`), flag);
  }
  t.match((await run(t, ['--help'])).stdout, /serve.*healthcheck/s);
  t.match((await run(t, ['--version'])).stdout, /^\d+\.\d+\.\d+/);
});

t.test('a bad value ends with one line that names it, and code 2', async (t) => {
  const bad: [string[], NodeJS.ProcessEnv, RegExp][] = [
    [['serve', '--port', 'x'], {}, /--port.*'x'/],
    [['serve'], { LISTENPOST_THREADS: 'many' }, /'many'.*LISTENPOST_THREADS/],
    [['serve', '--what'], {}, /--what/],
    [['serve', '--allow-send'], {}, /--allow-send <cidrs>.*missing; write e\.g\. --allow-send 10\.0\.0\.0\/8$/m],
    [['serve', '--journal-memory'], {}, /missing; write e\.g\. --journal-memory 512MiB$/m],
    [['serve', '--token'], {}, /--token <secret>' argument missing$/m],
    [['serve', '--host', '0.0.0.0'], {}, /token/],
    [['srve'], {}, /srve/],
    [['healthcheck', '--wait', 'soon'], {}, /--wait.*soon/],
    [['healthcheck', '--url', 'no where'], {}, /--url.*no where/],
  ];
  for (const [args, env, message] of bad) {
    const { code, stderr, stdout } = await run(t, args, env);
    t.equal(code, 2, args.join(' '));
    t.match(stderr, message);
    t.equal(stderr.trim().split('\n').length, 1, `one line: ${stderr}`);
    t.equal(stdout, '');
  }
});

t.test('a port that is taken ends the start with a reason', async (t) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.teardown(() => taken.close());
  const { port } = taken.address() as { port: number };
  const { code, stderr } = await run(t, ['serve', '--port', String(port)]);
  t.equal(code, 1);
  t.match(stderr, /can't start: 127\.0\.0\.1:\d+ is in use by another program \(EADDRINUSE\)/);
  t.match(stderr, `take another port: listenpost serve --port ${port + 1} (or LISTENPOST_PORT;`);
  const byNpm = await run(t, ['serve', '--port', String(port)], { npm_lifecycle_event: 'start' });
  t.match(byNpm.stderr, `npm start -- --port ${port + 1}`, 'npm passes flags on only after --');
});

t.test('a port below 1024, a strange address, an unknown name: what to do', async (t) => {
  const failed = (code: string, port: number, syscall = 'listen') =>
    startFailure(Object.assign(new Error('plain'), { code, syscall }), { host: '::1', port });
  t.match(failed('EACCES', 80), /^\[::1\]:80 may not .*below 1024 need root or CAP_NET_BIND_SERVICE.*--port 8080$/);
  t.match(failed('EACCES', 65_535), /the system denies it; take another port: .*--port 8080$/);
  t.match(failed('EADDRNOTAVAIL', 1), /not an address of this machine.*--host 127\.0\.0\.1/);
  t.equal(failed('EIO', 1), 'plain');
  t.equal(failed('EACCES', 1, 'open'), 'plain', 'of a file');
  const unknown = await run(t, ['serve', '--port', '0', '--host', 'no-such.invalid', '--token', 'x']);
  t.match(unknown, { code: 1, stderr: /host name no-such\.invalid can't be resolved .*--host 127\.0\.0\.1/ });
  const drop = spawnSync(
    'setpriv',
    ['--bounding-set', '-net_bind_service', process.execPath, MAIN, 'serve', '--port', '1'],
    {
      encoding: 'utf8',
      timeout: 30_000,
    },
  );
  const isRefused = drop.error === undefined && /EACCES/.test(drop.stderr);
  if (isRefused) t.match(drop.stderr, /can't start: 127\.0\.0\.1:1 may not be bound.*--port 8080/);
  else t.pass('the machine can not take the privilege away', { skip: true });
});

t.test('healthcheck says by its exit code whether a service is ready', async (t) => {
  const nobody = await run(t, ['healthcheck', '--url', 'http://127.0.0.1:1']);
  t.equal(nobody.code, 1);
  t.match(nobody.stderr, /is not ready/);
  const service = await startProcess(t);
  t.equal((await run(t, ['healthcheck', '--url', service.url, '--wait', '10s'])).code, 0);
  const { port } = new URL(service.url);
  t.equal(
    (
      await run(t, ['healthcheck'], {
        LISTENPOST_PORT: port,
        LISTENPOST_HOST: '0.0.0.0',
      })
    ).code,
    0,
  );
  t.equal((await run(t, ['healthcheck'], { LISTENPOST_PORT: port })).code, 0);
  const told = await run(t, ['healthcheck', '--json', '--token', 'any'], { LISTENPOST_URL: service.url });
  t.equal(told.code, 0);
  t.match(JSON.parse(told.stdout), { status: 'ok', checks: [{ ok: true }] });
  const stranger = await run(t, ['healthcheck', '--url', `${service.url}/v1/nothing`]);
  t.match([stranger.code, stranger.stderr], [1, /is not ready: status 404/]);
});

t.test('a variable that is no setting gets a log line, those of Kubernetes none', async (t) => {
  const env = {
    LISTENPOST_THREDS: '2',
    LISTENPOST_SERVICE_HOST: '10.0.0.1',
    LISTENPOST_CONFIG: '',
    LISTENPOST_URL: '',
  };
  const service = await startProcess(t, [], { ...env, LISTENPOST_CONFIG: undefined });
  const [warning, start, ...more] = service.child.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.match(warning, {
    level: 40,
    msg: 'LISTENPOST_THREDS is not a setting and has no effect; did you mean LISTENPOST_THREADS?',
  });
  t.match(start, { url: service.url });
  t.same(more, []);
});

t.test('one log line at the start says URL, docs and policy', async (t) => {
  const service = await startProcess(t, ['--allow-bind', '0.0.0.0/0', '--threads', '2']);
  const lines = service.child.stdout.trim().split('\n');
  t.equal(lines.length, 1);
  const line = JSON.parse(lines[0]!);
  t.equal(line.docs, `${service.url}/docs`);
  t.match(line.policy, {
    bind: ['127.0.0.0/8', '::1', '0.0.0.0/0'],
    token: false,
  });
  t.match(line.msg, service.url);
  const { body } = await service.get('/v1/info');
  t.match(body, {
    version: /^\d/,
    limits: { sharedThreads: 2 },
    policy: line.policy,
  });
});
