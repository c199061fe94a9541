/** `listenpost export` and `replay`: captures as files, and back onto the network. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { cliFor, objects, refuses } from '../support/cli.ts';
import { type Service, startProcess } from '../support/process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

t.setTimeout(120_000);

const TEXTS = ['one', 'two', 'three'];
const SECTION_HEADER = 0x0a0d0d0a;

let service: Service;
t.before(async () => {
  service = await startProcess(t);
  await service.post('/v1/listeners', { protocol: 'udp', name: 'source', responder: { type: 'upper' } });
  for (const text of TEXTS) await service.post('/v1/sends', { protocol: 'udp', to: { listener: 'source' }, text });
  await service.until('/v1/listeners/source', ({ body }) => body.stats.lastSeq === 2 * TEXTS.length);
});

t.test('an export goes to standard output or to a file, in the form that its name says', async (t) => {
  const { run } = cliFor(t, service);
  const { code, stdout, stderr } = await run(['export', 'source', '--direction', 'in', '--after', '1']);
  t.match({ code, stderr }, { code: 0, stderr: /^exported 2 records, [\d.]+ (bytes|KiB)\n$/ });
  t.match(objects(stdout), [{ text: 'two' }, { text: 'three' }]);
  const file = join(temporaryDirectory(t), 'a.pcapng');
  t.match(await run(['export', 'source', '-o', file]), {
    code: 0,
    stdout: '',
    stderr: /^exported [\d.]+ KiB to .*a\.pcapng/,
  });
  t.equal(readFileSync(file).readUInt32LE(0), SECTION_HEADER);
  t.match(await run(['export', 'nobody', '-o', `${file}2`]), { code: 1, stderr: /no listener nobody/ });
  t.notOk(existsSync(`${file}2`), 'nothing is written');
  t.match(await run(['export', 'source', '-o', '/nowhere/a']), { code: 1, stderr: /ENOENT/ });
});

for (const format of ['pcapng', 'ndjson']) {
  t.test(`a capture as ${format} is sent again`, async (t) => {
    const { run } = cliFor(t, service);
    const file = join(temporaryDirectory(t), `capture.${format}`);
    await run(['export', 'source', '-o', file, '--format', format]);
    await service.post('/v1/listeners', { protocol: 'udp', name: format });
    const replay = await run(['replay', file, '--to', format, '--direction', 'in', '--scale', '0']);
    t.match(replay, { code: 0, stdout: '', stderr: /^sent 3 payloads, 11 bytes/ });
    t.same(await texts(format, 3), TEXTS);
  });
}

t.test('a capture from a pipe, with its result as JSON', async (t) => {
  const { run } = cliFor(t, service);
  const { stdout: input } = await run(['export', 'source']);
  await service.post('/v1/listeners', { protocol: 'udp', name: 'piped' });
  const { code, stdout } = await run(['replay', '-', '--to', 'piped', '--scale', '0.5', '--json'], { input });
  t.equal(code, 0);
  t.match(objects(stdout), [{ state: 'done', sent: 6 }]);
  t.equal((await texts('piped', 6)).length, 6);
});

t.test('a file that breaks off says what was sent of it', async (t) => {
  const { run } = cliFor(t, service);
  const file = join(temporaryDirectory(t, { 'cut.ndjson': '{"text":"a"}\n{"kind":"gap"}\n{"text":"b' }), 'cut.ndjson');
  const { code, stderr } = await run(['replay', file, '--to', 'source']);
  t.match(
    { code, stderr },
    { code: 0, stderr: /^sent 1 payload, .*; passed over: 1 no UDP .*; the file breaks off at byte 28\n/ },
  );
});

t.test('what can not be', async (t) => {
  const file = join(temporaryDirectory(t, { bad: 'garbage' }), 'bad');
  await refuses(t, service, [
    [['replay', file, '--to', 'source'], 2, /at byte 0/],
    [['replay', '/nowhere', '--to', 'source'], 1, /ENOENT/],
    [['replay', file], 2, /--to/],
    [['export', 'source', '--format', 'pdf'], 2, /ndjson, pcapng/],
  ]);
});

async function texts(name: string, count: number): Promise<string[]> {
  const { body } = await service.get(`/v1/listeners/${name}/messages?wait=10s&count=${count}`);
  return body.items.map(({ text }: { text: string }) => text);
}
