/** What a start makes of the journal of another build: an older one is taken over, a newer one refused as it is. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t, { type Test } from 'tap';
import { journalV1 } from '../support/journal-v1.ts';
import { run, startProcess } from '../support/process.ts';

t.setTimeout(180_000);

function oldJournal(t: Test): string {
  const data = mkdtempSync(join(tmpdir(), 'listenpost-'));
  t.teardown(() => rmSync(data, { recursive: true, force: true }));
  writeFileSync(join(data, 'journal.db'), journalV1());
  return data;
}

function inDatabase<T>(data: string, action: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(join(data, 'journal.db'));
  try {
    return action(db);
  } finally {
    db.close();
  }
}

const versionOf = (data: string) =>
  inDatabase(data, (db) => (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version);

t.test('a journal of version 1 is taken over whole', async (t) => {
  const data = oldJournal(t);
  t.equal(versionOf(data), 0);
  for (const start of ['taken over', 'opened again']) {
    const service = await startProcess(t, ['--data', data]);
    const udp = await service.get('/v1/listeners/old-udp');
    t.match(
      udp.body,
      { labels: { suite: 'old' }, responder: { type: 'echo' }, stats: { captured: 3, lastSeq: 6 } },
      start,
    );
    const { body } = await service.get('/v1/listeners/old-udp/messages');
    t.same(
      body.items.map(({ text }: { text: string }) => text),
      ['one', 'two', 'three', 'one', 'two', 'three'],
    );
    const kinds = '/v1/listeners/old-tcp/messages?kind=connection,message';
    const { body: tcp } = await service.get(kinds);
    t.match(tcp.items.slice(0, 4), [
      { phase: 'opened', connectionId: 'c_1' },
      { seq: 1, text: 'hola' },
      { seq: 2, text: 'HOLA\n' },
      { phase: 'closed', connectionId: 'c_1' },
    ]);
    t.notOk('reason' in tcp.items[3] || 'mode' in tcp.items[3], 'why it was closed nobody knows');
    t.equal((await service.stop()).code, 0);
    t.equal(versionOf(data), 2);
  }
});

t.test('a newer journal is refused in one line, and stays as it is', async (t) => {
  const data = oldJournal(t);
  inDatabase(data, (db) => db.exec('PRAGMA user_version = 3'));
  const before = readFileSync(join(data, 'journal.db'));
  const { code, stderr } = await run(t, ['serve', '--port', '0', '--data', data]);
  t.equal(code, 1);
  t.match(stderr, /^error: .*data directory .*can't be used: it is of format version 3, and this build reads up to 2/);
  t.equal(stderr.trim().split('\n').length, 1);
  t.ok(readFileSync(join(data, 'journal.db')).equals(before));
});

t.test('a version that can not be is damage: the journal is made good', async (t) => {
  const data = oldJournal(t);
  inDatabase(data, (db) => db.exec('PRAGMA user_version = 1073741826'));
  const service = await startProcess(t, ['--data', data]);
  t.equal((await service.get('/v1/listeners/old-udp/messages/6')).body.text, 'three');
  t.match(service.child.stdout, /journal\.db was damaged \(its header names version 1073741826\)/);
  await service.stop();
  t.equal(versionOf(data), 2);
});

t.test('a stored spec of a newer version, or one that is not valid, is told and not half read', async (t) => {
  const data = oldJournal(t);
  const change = (name: string, edit: (stored: { version?: number; spec: Record<string, unknown> }) => void) =>
    inDatabase(data, (db) => {
      const row = db.prepare('SELECT number, spec FROM listener WHERE spec LIKE ?').get(`%"name":"${name}"%`);
      const { number, spec } = row as { number: number; spec: string };
      const stored = JSON.parse(spec);
      edit(stored);
      db.prepare('UPDATE listener SET spec = ? WHERE number = ?').run(JSON.stringify(stored), number);
    });
  change('old-udp', (stored) => {
    stored.version = 2;
  });
  change('old-tcp', ({ spec }) => {
    spec.maxRequests = 'many';
  });
  const service = await startProcess(t, ['--data', data]);
  t.same((await service.get('/v1/listeners')).body.items, []);
  t.match(service.child.stdout, /is not brought back, its messages stay: its spec is stored as version 2/);
  t.match(
    service.child.stdout,
    /is not brought back, its messages stay: its stored spec is not valid: \/spec\/maxRequests/,
  );
  t.equal((await service.stop()).code, 0);
  const count = inDatabase(data, (db) => db.prepare('SELECT count(*) AS n FROM chunk').get() as { n: number });
  t.equal(count.n, 8);
});
