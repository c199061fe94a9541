/** A data directory whose disk is full, gives errors or can't be written: what users and their senders see of that. */
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { MAIN, run, type Service, startProcess } from '../support/process.ts';
import { smallDisk } from '../support/small-disk.ts';

t.setTimeout(180_000);

const MIB = 1024 * 1024;
const LARGE = { protocol: 'udp', capture: { maxMessages: 10_000_000, maxBytes: '1GiB' } };
/** Takes from root the right to write everywhere. Another user would not do: that one may not even read this program. */
const WITHOUT_RIGHTS = ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'];

function directory(t: Test): string {
  const made = mkdtempSync(join(tmpdir(), 'listenpost-'));
  t.teardown(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A sender of numbered datagrams of a size, from 0. */
class Sender {
  readonly #socket = createSocket({ type: 'udp4', sendBufferSize: MIB });
  readonly #port: number;
  readonly #size: number;
  sent = 0;

  constructor(t: Test, port: number, size: number) {
    this.#port = port;
    this.#size = size;
    t.teardown(() => this.#socket.close());
  }

  async send(count: number): Promise<void> {
    const sends = Array.from({ length: count }, () => {
      const payload = Buffer.alloc(this.#size, 'x');
      payload.write(`${this.sent++} `);
      return new Promise<void>((resolve, reject) => {
        this.#socket.send(payload, this.#port, '127.0.0.1', (error) => (error ? reject(error) : resolve()));
      });
    });
    await Promise.all(sends);
  }
}

type Stats = { received: number; captured: number; dropped: Record<string, number> };

async function statsOf(service: Service, name: string): Promise<Stats> {
  return (await service.get(`/v1/listeners/${name}`)).body.stats;
}

const droppedOf = ({ dropped }: Stats) => Object.values(dropped).reduce((sum, count) => sum + count, 0);

async function readyDetail(service: Service): Promise<string | undefined> {
  const { body } = await service.get('/readyz?verbose');
  return body.checks.find(({ name }: { name: string }) => name === 'journal').detail;
}

/** Sends until the service says that it can't store; answers with the reason. */
async function fillUp(service: Service, sender: Sender): Promise<string> {
  for (;;) {
    const detail = await readyDetail(service);
    if (detail !== undefined) return detail;
    await sender.send(500);
  }
}

/** Numbers of all datagrams kept, in journal order, and what the gap records say is missing. */
async function everything(service: Service, name: string): Promise<{ numbers: number[]; gaps: number }> {
  const numbers: number[] = [];
  let gaps = 0;
  for (let after = '', more = true; more; ) {
    const { body } = await service.get(`/v1/listeners/${name}/messages?kind=message,gap&limit=1000${after}`);
    for (const item of body.items) {
      if (item.kind === 'gap') gaps += item.dropped;
      else numbers.push(Number.parseInt(item.text, 10));
    }
    more = body.hasMore;
    after = `&after=${body.next}`;
  }
  return { numbers, gaps };
}

t.test('a full disk: the law holds, reading works, and it goes on by itself when there is room', async (t) => {
  const data = smallDisk(t, 96);
  if (data === null) return;
  const filler = join(data, 'filler');
  writeFileSync(filler, Buffer.alloc(64 * MIB));
  const service = await startProcess(t, ['--data', data, '--threads', '1']);
  const { body } = await service.put('/v1/listeners/flooded', LARGE);
  const sender = new Sender(t, body.address.port, 1200);
  t.match(await fillUp(service, sender), /can't be stored: database or disk is full/);
  t.equal((await service.get('/readyz')).status, 503);

  const before = await statsOf(service, 'flooded');
  const flood = 25_000;
  for (let i = 0; i < flood; i += 500) await sender.send(500);
  await service.until('/v1/listeners/flooded', ({ body: { stats } }) => stats.received >= before.received + 5000);
  t.ok((await statsOf(service, 'flooded')).received > before.received, 'counting goes on');
  t.equal((await service.get('/readyz')).status, 503);
  const page = await service.get('/v1/listeners/flooded/messages?limit=5');
  t.match(
    page.body.items.map(({ text }: { text: string }) => Number.parseInt(text, 10)),
    [0, 1, 2, 3, 4],
  );
  t.match((await service.get('/metrics')).body, /listenpost_journal_up 0\n/);

  rmSync(filler);
  await service.until('/readyz', ({ status }) => status === 200);
  await service.until(
    '/v1/listeners/flooded',
    ({ body: { stats } }) => stats.captured + droppedOf(stats) >= sender.sent,
  );
  const last = sender.sent;
  await sender.send(1);
  await service.until('/v1/listeners/flooded', ({ body: { stats } }) => stats.captured + droppedOf(stats) > last);
  const stats = await statsOf(service, 'flooded');
  t.equal(stats.captured + droppedOf(stats), sender.sent, 'sent = captured + dropped');
  t.ok(droppedOf(stats) > 0, `the disk was full for long: ${JSON.stringify(stats.dropped)}`);
  const { numbers, gaps } = await everything(service, 'flooded');
  t.equal(numbers.length, stats.captured);
  t.ok(
    numbers.every((number, i) => i === 0 || number > numbers[i - 1]!),
    'in order, none twice',
  );
  t.equal(numbers.at(-1), last, 'what came later is captured');
  t.equal(sender.sent - numbers.length, gaps, 'as many are missing as the gaps say');
});

t.test('a full disk: DELETE works and makes room', async (t) => {
  const data = smallDisk(t, 48);
  if (data === null) return;
  const service = await startProcess(t, ['--data', data, '--threads', '1']);
  const { body: old } = await service.put('/v1/listeners/old', LARGE);
  const { body: fresh } = await service.put('/v1/listeners/fresh', LARGE);
  const sender = new Sender(t, old.address.port, 1200);
  await fillUp(service, sender);
  t.equal((await service.delete('/v1/listeners/old/messages')).status, 200);
  await service.until('/readyz', ({ status }) => status === 200);
  await new Sender(t, fresh.address.port, 100).send(1);
  await service.until('/v1/listeners/fresh', ({ body }) => body.stats.captured === 1);

  await fillUp(service, sender);
  t.equal((await service.delete('/v1/listeners/old')).status, 204);
  await service.until('/readyz', ({ status }) => status === 200);
  const taken = () => statSync(join(data, 'journal.db')).size + statSync(join(data, 'journal.db-wal')).size;
  await service.until('/readyz', () => taken() < 16 * MIB, 30_000);
  t.match((await service.get('/metrics')).body, /listenpost_journal_disk_bytes\{part="ballast"\} 8388608\n/);
  t.equal((await service.get('/v1/listeners/fresh')).body.stats.captured, 1);
});

t.test('a full disk: a new process comes up on it', async (t) => {
  const data = smallDisk(t, 32);
  if (data === null) return;
  const first = await startProcess(t, ['--data', data, '--threads', '1']);
  const { body } = await first.put('/v1/listeners/kept', LARGE);
  await fillUp(first, new Sender(t, body.address.port, 1200));
  const { captured } = await statsOf(first, 'kept');
  await first.stop('SIGKILL');
  const second = await startProcess(t, ['--data', data, '--threads', '1']);
  t.ok((await statsOf(second, 'kept')).captured >= captured);
  t.equal((await second.get('/v1/listeners/kept/messages?limit=3')).body.items.length, 3);
  t.equal((await second.delete('/v1/listeners/kept/messages')).status, 200);
  await second.until('/readyz', ({ status }) => status === 200);
});

// A disk with open files can't be made read-only by a mount, so errors of writing stand for that too.
t.test('a disk that gives errors: told, held, and over when they are', async (t) => {
  // Node ignores the signal that comes with the error; what tap puts into a process would end it.
  const service = await startProcess(t, ['--data', directory(t), '--threads', '1'], { NODE_OPTIONS: '' });
  const { body } = await service.put('/v1/listeners/struck', LARGE);
  const sender = new Sender(t, body.address.port, 100);
  await sender.send(10);
  await service.until('/v1/listeners/struck', ({ body }) => body.stats.captured === 10);
  const limit = (bytes: string) => {
    execFileSync('prlimit', ['--pid', `${service.child.process.pid}`, `--fsize=${bytes}:`], { stdio: 'ignore' });
  };
  try {
    limit('1');
  } catch {
    t.comment('skipped: no prlimit here');
    return;
  }
  t.match(await fillUp(service, sender), /can't be stored: disk I\/O error/);
  t.equal((await service.get('/readyz')).status, 503);
  t.equal((await service.get('/v1/listeners/struck/messages?limit=10')).body.items.length, 10);
  t.match(await service.delete('/v1/listeners/struck/messages'), { status: 507, body: { code: 'storage_full' } });
  limit('unlimited');
  await service.until('/readyz', ({ status }) => status === 200);
  await service.until('/v1/listeners/struck', ({ body }) => body.stats.captured === sender.sent);
  const { numbers, gaps } = await everything(service, 'struck');
  t.same([numbers.length, gaps], [sender.sent, 0], 'nothing is missing');
});

t.test('a directory that may not be written ends the start with one line', async (t) => {
  const data = directory(t);
  chmodSync(data, 0o555);
  const ended = await serveWithoutRights(data);
  chmodSync(data, 0o755);
  t.equal(ended.code, 1);
  t.match(ended.stderr, /^error: .*data directory .* can't be used: EACCES: permission denied.*\n$/);

  const inside = directory(t);
  await (await startProcess(t, ['--data', inside])).stop();
  chmodSync(inside, 0o555);
  const again = await serveWithoutRights(inside);
  chmodSync(inside, 0o755);
  t.equal(again.code, 1);
  t.match(
    again.stderr,
    /^error: .*data directory .* can't be used: EACCES: permission denied.*\n$/,
    'also where a journal is already',
  );
});

t.test('a read-only disk ends the start with one line', async (t) => {
  const data = smallDisk(t, 32);
  if (data === null) return;
  await (await startProcess(t, ['--data', data])).stop();
  execFileSync('mount', ['-o', 'remount,ro', data]);
  const ended = await run(t, ['serve', '--port', '0', '--data', data]);
  t.equal(ended.code, 1);
  t.match(ended.stderr, /^error: .*data directory .* can't be used: EROFS: read-only file system.*\n$/);
  execFileSync('mount', ['-o', 'remount,rw', data]);
  t.equal((await (await startProcess(t, ['--data', data])).get('/readyz')).status, 200);
});

t.test('a full disk without ballast ends the start with one line', async (t) => {
  const data = smallDisk(t, 1);
  if (data === null) return;
  try {
    writeFileSync(join(data, 'filler'), Buffer.alloc(MIB));
  } catch {}
  const ended = await run(t, ['serve', '--port', '0', '--data', data]);
  t.equal(ended.code, 1);
  t.match(ended.stderr, /^error: .*data directory .* can't be used: database or disk is full\n$/);
});

/** Runs the service without the right to write everywhere, which root has. */
async function serveWithoutRights(data: string): Promise<{ code: number | null; stderr: string }> {
  const before = process.getuid?.() === 0 ? WITHOUT_RIGHTS : ['env'];
  const [command, ...args] = [...before, process.execPath, MAIN, 'serve', '--port', '0', '--data', data];
  const child = spawn(command!, args);
  const stderr: Buffer[] = [];
  child.stderr.on('data', (text) => stderr.push(text));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stderr: Buffer.concat(stderr).toString() };
}
