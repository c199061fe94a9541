/** What readers get of a journal whose file is not what was written, and what of such a file a start makes good. */
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t, { type Test } from 'tap';
import type { CaptureLimits } from '../../../src/journal/journal.ts';
import { Log } from '../../../src/journal/log/log.ts';
import type { Journal } from '../../../src/journal/ports.ts';
import { QueryRunner } from '../../../src/journal/query/query-runner.ts';
import { TimeSlicer } from '../../../src/journal/query/time-slicer.ts';
import { openStore } from '../../../src/journal/store/sqlite/begin.ts';
import { IS_WRONG } from '../../../src/journal/store/sqlite/notes.ts';
import { SqliteStore } from '../../../src/journal/store/sqlite/sqlite-store.ts';
import { beginSession, endSession } from '../../../src/journal/thread/session.ts';
import { KIND_GAP, KIND_MESSAGE, KIND_PROBLEM } from '../../../src/records/chunk.ts';
import type { Read, ReadResult } from '../../../src/schemas/reads.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import {
  A,
  B,
  chunk,
  cursorAt,
  itemsOf,
  listener,
  message,
  pullOf,
  texts,
  textsOf,
  until,
  waitOf,
} from './fixtures.ts';
import { open } from './journals.ts';

const BOTH = { filter: { kinds: (1 << KIND_GAP) | (1 << KIND_MESSAGE) } };
const PROBLEMS = { filter: { kinds: 1 << KIND_PROBLEM } };
const GAP = { reason: 'damaged', dropped: 3, fromSeq: 2, toSeq: 4 };
const PAGE = 8192;
t.setTimeout(120_000);
const never = new AbortController().signal;

/** A directory with the journal of two listeners: A has `one`, the chunk two to four, `five`; B has `other`. */
async function directory(t: Test): Promise<{ data: string; file: string }> {
  const data = mkdtempSync(join(tmpdir(), 'listenpost-'));
  t.teardown(() => rmSync(data, { recursive: true, force: true }));
  const file = join(data, 'journal.db');
  const store = new SqliteStore(file);
  const log = new Log(store, 1e9);
  beginSession(log, 'this boot');
  for (const number of [A, B]) log.register(listener(number));
  log.append(texts('one'));
  log.append([chunk([message('two'), message('three'), message('four')])]);
  log.append([chunk([message('other')], B)]);
  log.append(texts('five'));
  log.commit();
  store.saveSpec(A, JSON.stringify({ spec: { protocol: 'udp', host: '127.0.0.1', port: 0 }, keptPort: 2323 }));
  endSession(log);
  await store.close();
  return { data, file };
}

/** Changes a file by SQL, without its own checks being made anew. */
function damage(file: string, sql: string, ...values: (Uint8Array | number | string)[]): void {
  const db = new DatabaseSync(file);
  db.prepare(sql).run(...values);
  db.close();
}

function flipBit(file: string, row = 2): void {
  const db = new DatabaseSync(file);
  const { data } = db.prepare('SELECT data FROM chunk WHERE row = ?').get(row) as { data: Uint8Array };
  data[150]! ^= 4;
  db.prepare('UPDATE chunk SET data = ? WHERE row = ?').run(data, row);
  db.close();
}

async function opened(t: Test, data: string): Promise<{ journal: Journal; told: string[] }> {
  const told: string[] = [];
  const journal = await open(t, { dataDir: data, onNotice: (line) => told.push(line) });
  return { journal, told };
}

/** The same in this thread, without a reader beside. */
function openedHere(t: Test, { file }: { file: string }) {
  const told: string[] = [];
  const store = openStore(file, {}, (line) => told.push(line));
  t.teardown(() => store.close());
  const log = new Log(store, 1e9);
  beginSession(log, 'this boot');
  const walks = new QueryRunner(log, new TimeSlicer(() => {}));
  const read = async (request: Read) => (await walks.run(request, new AbortController().signal)).result;
  return { log, store, told, read };
}

const whatOf = (item: Record<string, unknown>) => (item.kind === 'gap' ? `${item.fromSeq}-${item.toSeq}` : item.text);
const linesOf = ({ body }: ReadResult) =>
  Buffer.from(body)
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const shown = async (journal: { read(request: Read): Promise<ReadResult> }, more: Partial<Read> = {}) =>
  itemsOf(await journal.read(pullOf(more))).map(whatOf);

t.test('a flipped bit in a chunk is a gap, told once, and everything else is served', async (t) => {
  const { data, file } = await directory(t);
  flipBit(file);
  const { journal, told } = await opened(t, data);

  t.same(await shown(journal, BOTH), ['one', '2-4', 'five'], 'in its place');
  t.same(await shown(journal, { ...BOTH, order: 'desc' }), ['five', '2-4', 'one'], 'downward');
  t.same(await shown(journal, { ...BOTH, after: '3' }), ['4-4', 'five'], 'to a cursor inside');
  t.same(await shown(journal, { ...BOTH, before: '4' }), ['one', '2-3']);
  t.same(await shown(journal, { ...BOTH, before: '4', order: 'desc' }), ['2-3', 'one']);
  t.same(await shown(journal, { ...BOTH, scope: { listeners: null } }), ['one', '2-4', 'other', 'five']);

  const first = await journal.read(pullOf());
  t.same(textsOf(first), ['one'], 'a page without gaps ends before it');
  t.match(first, { hasMore: true, next: cursorAt(1) });
  const second = await journal.read(pullOf({ after: first.next }));
  t.match(second, { gap: GAP, hasMore: false });
  t.same(textsOf(second), ['five']);
  t.match(await journal.read(pullOf({ order: 'desc', before: '5' })), { gap: GAP, items: 1 });
  t.match(await journal.read(pullOf({ after: '3', before: '5' })), {
    gap: { dropped: 1, fromSeq: 4, toSeq: 4 },
    items: 0,
  });

  const wait = await journal.wait(waitOf({ count: 2, limit: 2 }), never);
  t.match(wait, { satisfied: true, matched: 2, gap: GAP });
  t.same(textsOf(wait), ['one', 'five']);
  const late = await journal.wait(waitOf({ count: 3, timeout: 20 }), never);
  t.match(late, { satisfied: false, matched: 2, gap: GAP });

  const lines = linesOf(await journal.read(pullOf({ format: 'ndjson' })));
  t.same(lines.map(whatOf), ['one', '2-4', 'five'], 'an export');
  const events = Buffer.from((await journal.read(pullOf({ ...BOTH, format: 'sse' }))).body).toString();
  t.match(events, /event: gap\nid: 1\.1~.*\ndata: .*"damaged","dropped":3/, 'a stream');

  t.equal(await journal.payload(A, 3), undefined);
  t.match(await journal.peer(A, 5), { direction: 'in' });
  await until(async () => (await journal.read(pullOf(PROBLEMS))).items === 1);
  t.match(itemsOf(await journal.read(pullOf(PROBLEMS))), [{ code: 'damaged', detail: /^messages 2 to 4 are damaged/ }]);
  t.match(told, [/^listener l_.*: messages 2 to 4 are damaged on the disk/], 'one line for the log');
  t.equal(told.length, 1);
  t.same((await journal.histories([A])).get(A)!.captured, 5);
  await journal.append(texts('six')[0]!);
  t.same(await shown(journal, BOTH), ['one', '2-4', 'five', 'six'], 'it goes on');
  await journal.close();

  const again = await opened(t, data);
  t.same(await shown(again.journal, BOTH), ['one', '2-4', 'five', 'six'], 'the gap lasts');
  t.equal((await again.journal.read(pullOf(PROBLEMS))).items, 1, 'and is not told again');
  t.same(again.told, []);
  t.equal((await again.journal.read(pullOf({ filter: { kinds: 1 << KIND_GAP } }))).items, 1, 'it is found as a gap');
});

t.test('bounds hold over a damaged chunk', async (t) => {
  const made = await directory(t);
  flipBit(made.file);
  const { log, read } = openedHere(t, made);
  const history = log.histories.get(A)!;
  const bind = (limits: Partial<CaptureLimits>) => log.configure(history, { ...listener().capture, ...limits });
  bind({ maxMessages: 3 });
  t.same(await shown({ read }, BOTH), ['3-4', 'five'], 'by count, in the middle of it');
  bind({ maxBytes: 200 });
  t.same(await shown({ read }, BOTH), ['five'], 'by bytes, with all of it');
  bind({ maxAge: 0 });
  t.same(await shown({ read }, BOTH), [], 'by age');
});

t.test('a chunk in the place of another one is not shown as that', async (t) => {
  const made = await directory(t);
  const db = new DatabaseSync(made.file);
  const { data: other } = db.prepare('SELECT data FROM chunk WHERE row = 3').get() as { data: Uint8Array };
  db.prepare('UPDATE chunk SET data = ? WHERE row = 4').run(other);
  db.close();
  t.same(await shown(openedHere(t, made), BOTH), ['one', 'two', 'three', 'four', '5-5']);
});

const CHANGES = ['last = last + 9', 'start = start + 1000000', 'listener = 5', 'kinds = kinds | 2', 'smallest = 9'];
for (const change of CHANGES) {
  t.test(`notes that were changed are made anew of the chunk: ${change}`, async (t) => {
    const made = await directory(t);
    damage(made.file, `UPDATE chunk SET ${change} WHERE row = 2`);
    const here = openedHere(t, made);
    t.same(await shown(here, BOTH), ['one', 'two', 'three', 'four', 'five']);
    t.match(here.told, [/journal\.db was damaged \(what is noted of 1 chunk/]);
    t.ok(existsSync(`${made.file}.damaged`));
    endSession(here.log);
    await here.store.close();
    t.same(openedHere(t, made).told, [], 'once');
  });
}

for (const column of ['state', 'spec']) {
  t.test(`a ${column} of a listener that was changed is made of the rest`, async (t) => {
    const made = await directory(t);
    damage(made.file, `UPDATE listener SET ${column} = replace(${column}, '2323', '2324') WHERE number = ?`, A);
    const here = openedHere(t, made);
    t.match(here.told, [/of listeners l_\w+ only the messages and the port are left/]);
    t.same(await shown(here, BOTH), ['one', 'two', 'three', 'four', 'five']);
    t.match(here.store.savedSpecs().get(A), /"keptPort":2323/);
    const { log } = here;
    t.match(log.history(log.histories.get(A)!), { firstSeq: 1, lastSeq: 5, captured: 5 });
    log.append(texts('six'));
    log.commit();
    t.same((await shown(here)).at(-1), 'six');
  });
}

t.test('a listener of which nothing is left is told as lost, the others are there', async (t) => {
  const made = await directory(t);
  damage(made.file, "UPDATE listener SET state = replace(state, '5', '6'), spec = 'x' WHERE number = ?", A);
  const here = openedHere(t, made);
  t.match(here.told, [/listeners l_\w+ are lost/]);
  t.same(await shown(here, { scope: { listener: B } }), ['other']);
});

t.test('rows that are gone are gaps; an index that does not fit is made anew', async (t) => {
  const made = await directory(t);
  damage(made.file, 'DELETE FROM chunk WHERE row = 2');
  damage(made.file, 'UPDATE chunk SET rest = 1 WHERE row = 1');
  const here = openedHere(t, made);
  t.same(await shown(here, BOTH), ['one', '2-4', 'five']);
  t.match(await here.read(pullOf({ after: '1', filter: { minSize: 4, text: 'five' } })), { gap: GAP, items: 1 });
});

t.test('a page of the file that is overwritten: what is shown is right, and it is told', async (t) => {
  const { file } = await directory(t);
  const bytes = readFileSync(file);
  const right = ['one', 'two', 'three', 'four', 'five'];
  for (let page = 2; page <= bytes.length / PAGE; page++) {
    const copy = Buffer.from(bytes).fill(0xa5, (page - 1) * PAGE, page * PAGE);
    const made = { file: join(temporaryDirectory(t), `${page}.db`) };
    writeFileSync(made.file, copy);
    const here = openedHere(t, made);
    t.ok(here.told.length > 0, `page ${page} is told`);
    const items = here.log.histories.has(A) ? itemsOf(await here.read(pullOf(BOTH))) : [];
    for (const { kind, seq, text } of items) if (kind === 'message') t.equal(text, right[seq! - 1]);
    const there = items.reduce((sum, { kind, dropped }) => sum + (kind === 'gap' ? Number(dropped) : 1), 0);
    if (items.length > 0) t.equal(there, 5, 'each is there, or told');
  }
});

t.test('a file that is overwritten while it is in use ends nothing and shows nothing wrong', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'listenpost-'));
  t.teardown(() => rmSync(data, { recursive: true, force: true }));
  const deaths: Error[] = [];
  const journal = await open(t, { dataDir: data, onDeath: (error) => deaths.push(error) });
  await journal.register(listener());
  const long = 'x'.repeat(50_000);
  const CHUNKS = 300;
  for (let i = 1; i <= CHUNKS; i++) await journal.append(chunk([message(`${i} ${long}`)]));
  const file = openSync(join(data, 'journal.db'), 'r+');
  const noise = Buffer.alloc(1024 * 1024, 0xa5);
  const { size } = fstatSync(file);
  for (let at = PAGE; at < size; at += noise.length) writeSync(file, noise, 0, noise.length, at);
  closeSync(file);

  const codes = new Set<string>();
  const isRight = ({ kind, seq, text }: { kind: string; seq?: number; text?: string }) =>
    kind !== 'message' || text === `${seq} ${long}`;
  const read = async (more: Partial<Read>) => {
    const answer = await journal.read(pullOf(more)).catch(({ code }) => void codes.add(code));
    if (answer === undefined) return;
    const items = more.format === 'ndjson' ? linesOf(answer) : itemsOf(answer);
    t.ok(items.every(isRight), 'what is shown is right');
  };
  for (let seq = 0; seq < CHUNKS; seq += 25) {
    for (const order of ['asc', 'desc'] as const) await read({ ...BOTH, after: `${seq}`, limit: 25, order });
    await read({ format: 'ndjson', after: `${seq}`, limit: 25 });
    await read({ ...BOTH, scope: { listeners: null }, limit: 10 });
    await journal.payload(A, seq + 1).catch(({ code }) => codes.add(code));
    await journal.wait(waitOf({ after: `${seq}`, timeout: 1 }), never).catch(({ code }) => codes.add(code));
  }
  for (const change of [
    () => journal.append(texts('new')[0]!),
    () => journal.configure(A, { ...listener().capture, maxMessages: 10 }),
    () => journal.clear(A),
    () => journal.histories([A]),
    () => journal.forget(A),
  ])
    await change().catch(({ code }) => codes.add(code));
  t.ok((await journal.stats()).engine);
  t.strictSame(
    [...codes].filter((code) => !['storage', 'unknown_listener'].includes(code)),
    [],
    'the disk is at fault, and nothing else',
  );
  await journal.close();
  t.same(deaths, []);
});

t.test('a database that is empty beside its companions is refused in one line', async (t) => {
  const { data, file } = await directory(t);
  truncateSync(file);
  writeFileSync(join(data, 'journal.ballast'), 'x');
  await t.rejects(open(t, { dataDir: data }), { message: /journal\.db is empty beside journal\.ballast: put it back/ });
  t.equal(statSync(join(data, 'journal.ballast')).size, 1, 'nothing was changed');
  rmSync(join(data, 'journal.ballast'));
  const { told } = await opened(t, data);
  t.match(told, [/journal\.db is empty .*: a new journal is begun/]);
  const missing = await directory(t);
  rmSync(missing.file);
  writeFileSync(`${missing.file}-wal`, 'x');
  await t.rejects(open(t, { dataDir: missing.data }), { message: /journal\.db is missing beside journal\.db-wal/ });
});

t.test('a log that is damaged in the middle: numbers are passed over, and it is told', async (t) => {
  const { file } = await directory(t);
  const db = new DatabaseSync(file);
  db.exec('PRAGMA wal_autocheckpoint = 0');
  for (const value of [1, 2]) db.exec(`INSERT OR REPLACE INTO meta VALUES ('x', '${value}')`);
  const made = { file: join(temporaryDirectory(t), 'journal.db') };
  writeFileSync(made.file, readFileSync(file));
  const log = readFileSync(`${file}-wal`);
  db.close();
  for (const [at, told] of [
    [32 + 24 + 100, 1],
    [20, 1],
    [log.length - 1, 0],
  ] as const) {
    const copy = Buffer.from(log);
    copy[at]! ^= 1;
    writeFileSync(`${made.file}-wal`, told === 0 ? log : copy);
    const here = openedHere(t, made);
    t.equal(here.told.filter((line) => line.includes('-wal is damaged')).length, told, `byte ${at}`);
    if (told === 1 && at > 32) {
      here.log.append(texts('six'));
      here.log.commit();
      const items = itemsOf(await here.read(pullOf(BOTH)));
      t.match(items.at(-1), { kind: 'message', text: 'six' });
      t.match(items.at(-2), { kind: 'gap', reason: 'damaged' });
      t.equal(items.at(-1)!.seq, (items.at(-2)!.afterSeq as number) + 1);
      t.ok(items.at(-1)!.seq! > 1_000_000);
    }
    await here.store.close();
  }
});

t.test('the checks of notes are the same in SQL and here, and rows of an older version have none', async (t) => {
  const { file } = await directory(t);
  const db = new DatabaseSync(file);
  t.same({ ...db.prepare(`SELECT count(*) AS n FROM chunk WHERE ${IS_WRONG}`).get() }, { n: 0 });
  db.exec('UPDATE chunk SET kinds = kinds % 65536, smallest = 1');
  t.same({ ...db.prepare(`SELECT count(*) AS n FROM chunk WHERE ${IS_WRONG}`).get() }, { n: 0 });
  db.close();
});
