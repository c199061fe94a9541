/** The client runs where there is no Node, and on older Nodes than the service. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { VERSION } from '../../../src/version.ts';
import { startProcess } from '../../support/process.ts';

t.setTimeout(120_000);

const run = promisify(execFile);
const CLIENT = new URL('../../../src/client/', import.meta.url);
const FLOOR = 20;

t.test('what browsers load imports nothing but its own files', async (t) => {
  const files = closure(new URL('index.js', CLIENT));
  t.ok(files.size > 10, 'the files were found');
  for (const [url, { foreign, text }] of files) {
    t.same(foreign, [], url);
    t.notMatch(text, /\bBuffer\b|\brequire\(|\bprocess\.(?!env\?)/, `${url} uses what only Node has`);
  }
});

t.test('the service is loaded by start alone', async (t) => {
  const files = [...closure(new URL('node.js', CLIENT)).keys()];
  t.same(
    files.filter((url) => !/\/src\/(client|schemas|json)\//.test(url)),
    [],
  );
});

t.test('the package gives browsers the one and Node the other', async (t) => {
  const manifest = JSON.parse(readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8'));
  const entry = manifest.exports['./client'];
  for (const way of ['import', 'require']) {
    t.match(entry.node[way].default, /node\.js$/);
    t.match(entry[way].default, /index\.js$/);
    for (const file of [...Object.values(entry[way]), ...Object.values(manifest.exports['./client/test'][way])]) {
      t.ok(existsSync(new URL(`../../../../${file}`, import.meta.url)), String(file));
    }
  }
});

const older = await olderNode();
t.test('an older Node', { skip: older === undefined && 'no other Node here' }, async (t) => {
  const { url } = await startProcess(t, ['--threads', '1']);
  const script = `
    import { connect, start, WaitError } from ${JSON.stringify(new URL('node.js', CLIENT).href)};
    const service = await connect(${JSON.stringify(url)});
    const scope = service.scope('old');
    const listener = await scope.listen({ protocol: 'udp' });
    await scope.send({ to: listener, text: 'a' });
    const said = [(await listener.waitFor()).text];
    await scope.send({ to: listener, text: 'b' });
    for await (const { text } of listener.messages()) { said.push(text); break; }
    said.push(await listener.waitFor({ timeout: 10 }).catch((error) => error instanceof WaitError));
    said.push((await scope.close()).deleted);
    const own = await start({ threads: 1 });
    said.push((await own.info()).version);
    await own.close();
    await service[Symbol.asyncDispose]();
    console.log(JSON.stringify(said));`;
  const { stdout } = await run(older!, ['--input-type=module', '-e', script], { env: plainEnvironment() });
  const said = JSON.parse(stdout);
  t.same(said.slice(0, 4), ['a', 'b', true, 1]);
  t.equal(said[4], VERSION, 'the Node that came along runs the service');
});

type Loaded = { foreign: string[]; text: string };

/** A compiled file and all it imports when it is loaded. */
function closure(entry: URL, found = new Map<string, Loaded>()): Map<string, Loaded> {
  if (found.has(entry.href)) return found;
  const text = readFileSync(entry, 'utf8');
  const imports = [...text.matchAll(/^(?:import|export) .*?from '([^']+)'|^import '([^']+)'/gm)].map(
    (m) => m[1] ?? m[2]!,
  );
  found.set(entry.href, { foreign: imports.filter((name) => !name.startsWith('.')), text });
  for (const name of imports) if (name.startsWith('.')) closure(new URL(name, entry), found);
  return found;
}

/** Another Node in the PATH, from the floor of the client on. */
async function olderNode(): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'node');
    if (!existsSync(path) || realpathSync(path) === realpathSync(process.execPath)) continue;
    const { stdout } = await run(path, ['--version'], { env: plainEnvironment() }).catch(() => ({ stdout: '' }));
    const major = Number.parseInt(stdout.slice(1), 10);
    if (major >= FLOOR && major < Number.parseInt(process.versions.node, 10)) return path;
  }
  return undefined;
}

/** Without what the test runner adds to every Node it knows of. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH };
}
