/** What YAML can do to a configuration: each way out of the usual is taken as it was meant, or is one line of its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ConfigError } from '../../../src/config/config.ts';
import { parseConfiguration, readConfigurationFile } from '../../../src/config/file.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** Nine of nine of nine of … */
const BOMB = ['a: &a [x, x, x, x, x, x, x, x, x]']
  .concat([...'bcdefghi'].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[i]}`).join(', ')}]`))
  .join('\n');

const WRONG: [text: string, line: string][] = [
  [BOMB, 'f.yaml:2: its aliases multiply beyond reason; write out what they stand for'],
  [
    'listeners:\n  - &a\n    <<: *a\n    name: a\n',
    'f.yaml:3: its aliases multiply beyond reason; write out what they stand for',
  ],
  ['listeners: []\nsettings: *no\n', 'f.yaml:2: Unresolved alias (the anchor must be set before the alias): no'],
  ['listeners:\n  - <<: 5\n    name: a\n', 'f.yaml:1: Merge sources must be maps or map aliases'],
  [
    'listeners: []\n---\nlisteners: []\n',
    'f.yaml:2: a second document begins here; a configuration is one document, without ---',
  ],
  [
    'listeners: []\n...\nfoo\n',
    'f.yaml:3: a second document begins here; a configuration is one document, without ---',
  ],
  [`listeners: ${'['.repeat(20_000)}`, 'f.yaml:1: it is nested too deeply'],
  [`listeners: ${'{a: '.repeat(5000)}`, 'f.yaml:1: it is nested too deeply'],
  ['listeners: !js []\n', 'f.yaml:1: Unresolved tag: !js'],
  ['%YAML 9.9\n---\nlisteners: []\n', 'f.yaml:1: Unsupported YAML version 9.9'],
  ['? [a]\n: 5\n', 'f.yaml:1: /[ a ] is not a field here; known are settings, listeners'],
  ['__proto__: {}\n', 'f.yaml:1: /__proto__ is not a field here; known are settings, listeners'],
  ['listeners: []\nlisteners: []\n', 'f.yaml:2: Map keys must be unique'],
  ['5', 'f.yaml:1: the file must be an object, e.g. {"listeners":[{"name":"statsd","protocol":"udp"}]}'],
];

t.test('what can not be taken is one line that names the line', async (t) => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  process.on('warning', onWarning);
  for (const [text, message] of WRONG) {
    t.throws(() => parseConfiguration('f.yaml', text), { constructor: ConfigError, message }, text.slice(0, 60));
  }
  await new Promise(setImmediate);
  process.off('warning', onWarning);
  t.same(warnings, [], 'and nothing else is said');
});

t.test('anchors, aliases and merge keys are taken', async (t) => {
  const text = `listeners:
  - &plain { name: a, protocol: udp, labels: &labels { suite: smoke } }
  - { <<: *plain, name: b }
  - { name: c, protocol: tcp, labels: *labels }
`;
  const labels = { suite: 'smoke' };
  t.match(parseConfiguration('f.yaml', text).listeners, [
    { name: 'a', protocol: 'udp', labels },
    { name: 'b', protocol: 'udp', labels },
    { name: 'c', protocol: 'tcp', labels },
  ]);
});

t.test('JSON, an empty file and one with a byte order mark are files too', async (t) => {
  const empty = { settings: {}, listeners: [] };
  for (const text of ['', '# nothing\n', '{"listeners": []}', '\ufefflisteners: []\r\n']) {
    t.match(parseConfiguration('f.yaml', text), empty, JSON.stringify(text));
  }
});

t.test('what can not be read is told', async (t) => {
  const folder = temporaryDirectory(t);
  const path = join(folder, 'latin-1.yaml');
  writeFileSync(path, Buffer.from('listeners: [{name: a, protocol: udp, labels: {town: K\xf6ln}}]', 'latin1'));
  t.throws(() => readConfigurationFile(path), { message: `${path} can't be read: it is not UTF-8` });
  mkdirSync(join(folder, 'folder'));
  t.throws(() => readConfigurationFile(join(folder, 'folder')), { message: /can't be read: EISDIR$/ });
  const long = join(folder, 'long.yaml');
  writeFileSync(long, `# ${'x'.repeat(16 * 1024 * 1024)}`);
  t.throws(() => readConfigurationFile(long), { message: `${long} can't be read: it is longer than 16 MiB` });
  writeFileSync(long, `#${'x'.repeat(16 * 1024 * 1024 - 1)}`);
  t.match(readConfigurationFile(long), { listeners: [] }, 'the bound itself');
});
