/** Reads beside the journal thread, of a journal in a file: the contract of pulls holds, and appends go on. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Log } from '../../../src/journal/log/log.ts';
import type { Journal } from '../../../src/journal/ports.ts';
import { Reader } from '../../../src/journal/reader/reader.ts';
import { SqliteStore } from '../../../src/journal/store/sqlite/sqlite-store.ts';
import { WalResetBarrier } from '../../../src/journal/store/sqlite/wal-reset-barrier.ts';
import { readPcapng } from '../../../src/pcap/pcapng-reader.ts';
import type { Read } from '../../../src/schemas/reads.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { A, B, chunk, cursorAt, itemsOf, listener, message, pullOf, texts, until } from './fixtures.ts';
import { open, port } from './journals.ts';

t.setTimeout(120_000);

const PER_CHUNK = 500;

/** A journal in a file, and a way to append so many chunks of numbered messages. */
async function filled(t: Test, chunks: number) {
  const journal = await open(t, { dataDir: temporaryDirectory(t) });
  await journal.register(listener(A));
  const { send, owed } = port(t, journal);
  let sent = 0;
  const append = async (more: number) => {
    for (let i = 0; i < more; i++)
      send(chunk(Array.from({ length: PER_CHUNK }, () => message(`${++sent} ${'x'.repeat(40)}`))));
    await until(() => owed() === 0);
  };
  await append(chunks);
  return { journal, append, sent: () => sent };
}

/** The seqs of an NDJSON export, and those that gaps tell of. */
async function exported(journal: Journal, more: Partial<Read> = {}): Promise<number[]> {
  const seqs: number[] = [];
  for (let after: string | null = '0', goesOn = true; goesOn; ) {
    const pulled = await journal.read(pullOf({ format: 'ndjson', after, limit: 2000, ...more }));
    const { gap } = pulled;
    if (gap !== undefined) for (let seq = gap.fromSeq!; seq <= gap.toSeq!; seq++) seqs.push(seq);
    const lines = Buffer.from(pulled.body).toString().trimEnd().split('\n').filter(Boolean);
    const items = lines.map((line) => JSON.parse(line));
    seqs.push(...items.filter(({ kind }) => kind === 'message').map(({ seq }) => seq as number));
    after = pulled.next;
    goesOn = pulled.hasMore;
  }
  return seqs;
}

const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

t.test('an export beside appends holds each message once, in order', async (t) => {
  const { journal, append } = await filled(t, 40);
  const going = exported(journal);
  await append(40);
  const seqs = await going;
  t.ok(seqs.length >= 40 * PER_CHUNK);
  t.same(seqs, upTo(seqs.length), { diagnostic: false });
  t.match((await journal.histories([A])).get(A), { unread: 80 * PER_CHUNK - seqs.length }, 'served is read');
});

t.test(
  'a long filter beside appends finds all that was there when it was asked, and passes over nothing',
  async (t) => {
    const { journal, append } = await filled(t, 60);
    for (const order of ['asc', 'desc'] as const) {
      for (const scope of [{ listener: A }, { listeners: null }]) {
        const { lastSeq } = (await journal.histories([A])).get(A)!;
        const going = journal.read(pullOf({ scope, order, filter: { regex: '^\\d*77 ' } }));
        await append(10);
        const page = await going;
        const seqs = itemsOf(page).map(({ seq }) => seq!);
        if (order === 'desc') seqs.reverse();
        t.ok(seqs.at(-1)! > lastSeq - 100);
        t.same(
          seqs,
          upTo(seqs.at(-1)!).filter((seq) => seq % 100 === 77),
          { diagnostic: false },
        );
      }
    }
  },
);

t.test('pcapng exports live with the reader, and end there', async (t) => {
  const { journal } = await filled(t, 4);
  const bodies: Uint8Array[] = [];
  const request = pullOf({ format: 'pcapng', limit: 300 });
  let after: string | null = null;
  for (let begins = true, more = true; more; begins = false) {
    const pulled = await journal.read({ ...request, after, export: { id: 7, begins } });
    bodies.push(pulled.body);
    after = pulled.next;
    more = pulled.hasMore;
  }
  t.equal(readPcapng(Buffer.concat(bodies)).items.length, 4 * PER_CHUNK);
  await journal.read({ ...request, export: { id: 8, begins: true } });
  await journal.endExport(8);
  await t.rejects(journal.read({ ...request, export: { id: 8, begins: false } }), { code: 'export_gone' });
});

t.test('what is cleared or evicted under an export is a gap in it', async (t) => {
  const { journal, append, sent } = await filled(t, 40);
  const going = exported(journal);
  await journal.clear(A, 10 * PER_CHUNK);
  await append(1);
  await journal.configure(A, { ...listener().capture, maxMessages: 2000 });
  t.same(await going, upTo(sent()), { diagnostic: false });
});

t.test('a cleared range is said to be cleared', async (t) => {
  const { journal } = await filled(t, 2);
  await journal.clear(A, 600);
  t.match(await journal.read(pullOf({ format: 'ndjson', after: '5' })), {
    gap: { reason: 'cleared', fromSeq: 6, toSeq: 599 },
  });
});

t.test('errors of a walk have their code', async (t) => {
  const { journal } = await filled(t, 1);
  await t.rejects(journal.read(pullOf({ format: 'ndjson', after: 'x' })), { code: 'cursor_invalid' });
  await t.rejects(journal.read(pullOf({ format: 'ndjson', after: '501' })), { code: 'cursor_ahead' });
  await t.rejects(journal.read(pullOf({ format: 'ndjson', scope: { listener: B } })), { code: 'unknown_listener' });
  await t.rejects(journal.read(pullOf({ format: 'ndjson', filter: { regex: '(' } })), { code: 'filter_invalid' });
});

t.test('a caller that leaves ends its walk, and others are served meanwhile', async (t) => {
  const { journal } = await filled(t, 100);
  const gone = new AbortController();
  const walks = [1, 2, 3, 4].map((n) => journal.read(pullOf({ filter: { regex: `y{${n}}z` } }), gone.signal));
  const settled = Promise.allSettled(walks);
  t.match(await journal.read(pullOf({ format: 'ndjson', limit: 1 })), { items: 1 });
  gone.abort();
  for (const { status, reason } of (await settled) as PromiseRejectedResult[]) {
    t.equal(status, 'rejected');
    t.equal(reason.code, 'aborted');
  }
  t.match(await journal.read(pullOf({ format: 'ndjson', limit: 1 })), { items: 1 });
});

t.test('what was committed before a read is in it, whichever thread reads', async (t) => {
  const journal = await open(t, { dataDir: temporaryDirectory(t) });
  await journal.register(listener(A));
  const { send } = port(t, journal);
  for (let i = 0; i < 100; i++) {
    send(texts(`${i}`)[0]!);
    const [format, other] = i % 2 === 0 ? (['ndjson', 'json'] as const) : (['json', 'ndjson'] as const);
    t.equal((await journal.read(pullOf({ format, after: `${i}` }))).items, 1, { diagnostic: false });
    t.equal((await journal.read(pullOf({ format: other, after: `${i}` }))).items, 1, { diagnostic: false });
  }
});

t.test('closing during a walk ends it', async (t) => {
  const { journal } = await filled(t, 100);
  const walks = [1, 2].map((n) => journal.read(pullOf({ filter: { regex: `y{${n}}z` } })));
  const settled = Promise.allSettled(walks);
  await journal.close();
  for (const result of await settled) {
    t.ok(result.status === 'fulfilled' || result.reason.code === 'closed', result.status);
  }
});

t.test('a long read leaves the log moments to begin anew', async (t) => {
  const file = join(temporaryDirectory(t), 'journal.db');
  const barrier = new WalResetBarrier();
  const store = new SqliteStore(file, { barrier });
  const log = new Log(store, 1e9);
  log.register(listener(A));
  for (let i = 0; i < 100; i++) log.append([chunk(Array.from({ length: PER_CHUNK }, () => message('x'.repeat(40))))]);
  log.commit();
  const reader = new Reader(file, barrier);
  const goal = log.histories.get(A)!.tail;
  await reader.read(pullOf({ limit: 1 }), goal, new AbortController().signal);
  const walks = [1, 2, 3].map((n) =>
    reader.read(pullOf({ filter: { regex: `y{${n}}z` } }), goal, new AbortController().signal),
  );
  for (let i = 0; i < 5; i++) {
    log.append(texts(`${i}`));
    log.commit();
    t.ok(store.checkpoint(60_000), 'nobody reads from the log, but perhaps a checkpoint beside for a moment');
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const { result } of await Promise.all(walks)) t.match(result, { items: 0, next: cursorAt(goal.major) });
  await reader.close();
  await store.close();
});
