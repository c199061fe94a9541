import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseConfiguration } from '../../src/config/file.ts';
import { run, startProcess } from '../support/process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

t.setTimeout(120_000);

const FILE = `settings:
  threads: 2
  logLevel: info
listeners:
  - name: statsd
    protocol: udp
    labels: { suite: smoke }
  - name: shout
    protocol: udp
    responder: { type: upper }
`;

t.test('listeners come from a file, a reload touches only what changed, the export is such a file', async (t) => {
  const path = join(temporaryDirectory(t, { 'listenpost.yaml': FILE }), 'listenpost.yaml');
  const service = await startProcess(t, ['--config', path]);
  const before = (await service.get('/v1/listeners/statsd')).body;
  t.match(before, { labels: { suite: 'smoke' }, state: 'listening' });
  t.match((await service.get('/v1/info')).body, { limits: { sharedThreads: 2 } }, 'settings too');

  writeFileSync(path, FILE.replace('name: shout', 'name: loud').replace('type: upper', 'type: echo'));
  service.child.process.kill('SIGHUP');
  await service.until('/v1/listeners/loud', ({ status }) => status === 200);
  t.match(await service.get('/v1/listeners/shout'), { status: 404 }, 'what the file names no more is gone');
  const after = (await service.get('/v1/listeners/statsd')).body;
  t.same([after.id, after.address.port], [before.id, before.address.port], 'what did not change was not touched');

  writeFileSync(path, FILE.replace('smoke', 'more'));
  service.child.process.kill('SIGHUP');
  const changed = await service.until('/v1/listeners/statsd', ({ body }) => body.labels.suite === 'more');
  t.equal(changed.body.id, before.id, 'a change keeps the id');

  writeFileSync(path, 'listeners: 5');
  service.child.process.kill('SIGHUP');
  await service.child.line(/nothing is changed.*listenpost.yaml:1/);
  t.match(await service.get('/v1/listeners/statsd'), { status: 200 }, 'a wrong file changes nothing');

  const text = (await service.get('/v1/export')).body;
  writeFileSync(path, text);
  const again = await startProcess(t, ['--config', path]);
  t.equal((await again.get('/v1/export')).body, text, 'an export brings the same back');
});

t.test('flags beat the environment, the environment beats the file', async (t) => {
  const path = join(
    temporaryDirectory(t, { 'listenpost.yaml': 'settings: { threads: 2, maxListeners: 5, maxThreads: 7 }' }),
    'listenpost.yaml',
  );
  const service = await startProcess(t, ['--config', path, '--threads', '3'], {
    LISTENPOST_MAX_LISTENERS: '6',
    LISTENPOST_THREADS: '4',
  });
  t.match((await service.get('/v1/info')).body.limits, { sharedThreads: 3, listeners: 6, threads: 7 });
});

t.test('a listener that can not come up does not hold up the others', async (t) => {
  const text =
    'listeners: [{name: no, protocol: udp, host: 192.0.2.1}, {name: yes, protocol: udp}, {name: odd, protocol: udp, responder: {type: reply, text: "{{n}}"}}]';
  const path = join(temporaryDirectory(t, { 'listenpost.yaml': text }), 'listenpost.yaml');
  const service = await startProcess(t, ['--config', path]);
  t.match(await service.get('/v1/listeners/yes'), { status: 200 });
  t.match(await service.get('/readyz'), { status: 200 });
  t.match(service.child.stdout, /a configured listener is not up/);
  t.match(service.child.stdout, /"level":40.*"listener":"odd".*holds \{\{n\}\}/, 'nor is what is odd silent');
});

t.test('a bad file ends the start with its line and the reason', async (t) => {
  const cases: [text: string, line: RegExp][] = [
    ['listeners:\n  - name: a\n    protocol: udp\n    prt: 5\n', /listenpost.yaml:\d+: .*prt/],
    ['listeners:\n  - name: a\n    protocol: udp\n    port: 70000\n', /listenpost.yaml:4: .*port/],
    ['listeners:\n  - name: a\n    protocol: sctp\n', /listenpost.yaml:3: /],
    ['listeners:\n  - name: a\n    protocol: udp\n  - name: a\n    protocol: udp\n', /listenpost.yaml:4: .*used twice/],
    ['listeners:\n  - protocol: udp\n', /listenpost.yaml:2: .*name/],
    [
      'listeners:\n  - name: a\n    protocol: udp\n    responder: { type: reply, text: "{{nope}}", template: true }\n',
      /listenpost.yaml:4: .*nope/,
    ],
    ['listeners: [\n', /listenpost.yaml:\d+: /],
    ['settings: { threads: many }', /threads/],
  ];
  for (const [text, line] of cases) {
    const path = join(temporaryDirectory(t, { 'listenpost.yaml': text }), 'listenpost.yaml');
    const { code, stderr } = await run(t, ['serve', '--port', '0', '--config', path]);
    t.equal(code, 2, text);
    t.match(stderr, line);
    t.equal(stderr.trim().split('\n').length, 1, 'one line');
  }
  t.match(await run(t, ['serve', '--config', '/nowhere.yaml']), { code: 2, stderr: /nowhere.yaml.*ENOENT/ });
});

t.test('a wrong setting is told with what it may be', async (t) => {
  const cases: [settings: string, why: RegExp][] = [
    ['threads: many', /^f:1: \/settings\/threads must be a whole number$/],
    ['threads: 65', /must be at most 64/],
    ['logLevel: loud', /logLevel must be one of fatal, error, warn/],
    ['fsync: often', /fsync must be one of every, interval, never/],
    ['host: null', /host must be a string/],
    ['prot: 1', /prot is not a field here; did you mean port\?/],
    ['portRange: 5', /portRange must be a string or null/],
    ['portRange: 5-', /must be a range of ports such as 20000-20999/],
  ];
  for (const [text, message] of cases) {
    t.throws(() => parseConfiguration('f', `settings: { ${text} }`), { message }, text);
  }
  t.doesNotThrow(() => parseConfiguration('f', 'settings: { threads: "2", data: null, allowBind: ["::/0"] }'));
});

t.test('the JSON Schema for editors knows the words and bounds of settings', async (t) => {
  const { settings } = JSON.parse(readFileSync('openapi/listenpost.schema.json', 'utf8')).properties;
  t.match(settings.properties, {
    logLevel: { type: 'string', enum: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] },
    fsync: { enum: ['every', 'interval', 'never'], default: 'interval' },
    engine: { enum: ['auto', 'dgram'] },
    port: { minimum: 0, maximum: 65_535 },
    journalMemory: { pattern: /KiB/ },
    data: { type: ['string', 'null'] },
    host: { type: 'string' },
  });
  t.notOk('default' in settings.properties.threads, 'it depends on the machine');
});

t.test('the JSON Schema for editors is the one that files are checked with', async (t) => {
  const { configurationSchema } = await import('../../src/config/schema.ts');
  t.same(
    JSON.parse(readFileSync('openapi/listenpost.schema.json', 'utf8')),
    JSON.parse(JSON.stringify(configurationSchema())),
  );
});

t.test('validate says each problem with its line, and needs no service', async (t) => {
  const wrong = 'listeners:\n  - name: a\n    protocol: ucp\n  - name: b\n    protocol: udp\n    ttl: 0s\n';
  const folder = temporaryDirectory(t, { 'right.yaml': FILE, 'wrong.yaml': wrong });
  const [right, bad, none] = ['right.yaml', 'wrong.yaml', 'none.yaml'].map((name) => join(folder, name));
  const lines = `${bad}:3: /listeners/0/protocol must be one of udp, tcp\n${bad}:6: /listeners/1/ttl must be longer than 0\n`;
  t.match(await run(t, ['validate', right!]), { code: 0, stdout: '', stderr: `${right}: 2 listeners, no problem\n` });
  t.match(await run(t, ['validate', '-q', right!]), { code: 0, stdout: '', stderr: '' });
  t.match(await run(t, ['validate', bad!, right!]), { code: 2, stdout: lines, stderr: /right.yaml: 2 listeners/ });
  const { code, stdout, stderr } = await run(t, ['validate', '--json', none!, bad!]);
  t.equal(code, 2);
  t.match(stderr, /none.yaml can't be read: ENOENT/, 'the others are checked nevertheless');
  t.match(JSON.parse(stdout.split('\n')[0]!), { file: bad, line: 3, pointer: '/listeners/0/protocol' });
  t.match(await run(t, ['validate']), { code: 2, stderr: /missing required argument/ });
});
