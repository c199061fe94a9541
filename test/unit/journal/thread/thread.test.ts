/** The journal as the main thread has it: a real thread, real ports. */
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { JournalClient, openJournal } from '../../../../src/journal/client.ts';
import type { JournalStart } from '../../../../src/journal/protocol.ts';
import { lostRecord } from '../../../../src/listeners/records.ts';
import { type Draft, KIND_GAP } from '../../../../src/records/chunk.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import {
  A,
  B,
  chunk,
  cursorAt,
  itemsOf,
  listener,
  message,
  pullOf,
  ROOMY,
  seqsOf,
  textsOf,
  until,
  waitOf,
} from '../fixtures.ts';
import { open, port } from '../journals.ts';

t.setTimeout(120_000);

const one = (text: string, more: Partial<Draft> = {}, number = A) => chunk([message(text, more)], number);
const never = new AbortController().signal;

t.test('what was posted before a pull is in its answer', async (t) => {
  const journal = await open(t);
  await journal.register(listener());
  const ports = [port(t, journal), port(t, journal), port(t, journal)];
  for (let i = 0; i < 600; i++) {
    ports[i % 3]!.send(one(`${i}`));
    const page = await journal.read(pullOf({ after: `${i}` }));
    t.same(textsOf(page), [`${i}`], { diagnostic: false });
  }
  t.match((await journal.histories([A, B])).get(A), { lastSeq: 600, captured: 600, unread: 0 });
  await until(() => ports.every(({ owed }) => owed() === 0));
});

t.test('the order of a port is kept', async (t) => {
  const journal = await open(t);
  await journal.register(listener());
  const { send } = port(t, journal);
  for (let i = 0; i < 5000; i++) send(one(`${i}`));
  const seen: string[] = [];
  for (let after: string | null = null, more = true; more; ) {
    const page = await journal.read(pullOf({ after }));
    seen.push(...textsOf(page));
    after = page.next;
    more = page.hasMore;
  }
  t.same(
    seen,
    Array.from({ length: 5000 }, (_, i) => `${i}`),
  );
});

t.test('heads tell of new ends, and not more often than every 5 ms', async (t) => {
  const journal = await open(t);
  await journal.register(listener());
  const { send } = port(t, journal);
  let posts = 0;
  let last = 0;
  const stop = journal.onTails((heads) => {
    posts++;
    last = heads.get(A) ?? last;
  });
  const start = performance.now();
  for (let i = 0; i < 300; i++) {
    send(one('x'));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => last === 300);
  t.ok(posts <= (performance.now() - start) / 5 + 2, `${posts} posts`);
  stop();
  send(one('x'));
  await journal.read(pullOf());
  t.equal(last, 300);
});

t.test('a wait is woken by what it waits for', async (t) => {
  const journal = await open(t);
  await journal.register(listener());
  const { send } = port(t, journal);
  send(one('yes 1'));
  const wait = journal.wait(waitOf({ filter: { text: 'yes' }, count: 3 }), never);
  send(one('no'));
  send(one('yes 2', { direction: 1 }));
  send(chunk([message('yes 3'), message('no'), message('yes 4'), message('yes 5')]));
  const answer = await wait;
  t.match(answer, {
    satisfied: true,
    matched: 3,
    items: 3,
    messages: 3,
    next: cursorAt(6),
    gone: false,
    nearMisses: [],
  });
  t.same(textsOf(answer), ['yes 1', 'yes 3', 'yes 4'], 'only what came in');
  t.same(
    textsOf(await journal.wait(waitOf({ after: answer.next, timeout: 1000 }), never)),
    ['yes 5'],
    'nothing between is lost',
  );
});

t.test('a wait that gives up tells what came close', async (t) => {
  const journal = await open(t);
  await journal.register(listener());
  const { send } = port(t, journal);
  send(one('early abc'));
  send(one('abd'));
  send(one('abc', { direction: 1 }));
  send(one('xyz', { size: 3 }));
  const filter = { text: 'abc', minSize: 3 };
  const answer = await journal.wait(waitOf({ after: '1', filter, timeout: 20, count: 2 }), never);
  t.match(answer, { satisfied: false, matched: 0, next: cursorAt(4), items: 0, hasMore: false });
  t.same(answer.nearMisses, [
    { seq: 1, why: 'arrived before the cursor' },
    { seq: 4, why: 'text does not contain "abc"' },
    { seq: 2, why: 'text does not contain "abc"' },
  ]);
  const out = waitOf({ filter: { text: 'xyz', direction: 'out' }, timeout: 5 });
  t.same((await journal.wait(out, never)).nearMisses, [{ seq: 3, why: 'text does not contain "xyz"' }]);
  const over = await journal.wait(waitOf({ scope: { listeners: null }, filter, timeout: 5, count: 2 }), never);
  t.match(over, { satisfied: false, matched: 1 });
  t.match(over.nearMisses[0], { listenerId: listener().id });
});

t.test('a wait over all listeners', async (t) => {
  const journal = await open(t);
  await journal.register(listener(A));
  await journal.register(listener(B));
  const { send } = port(t, journal);
  const all = journal.wait(waitOf({ scope: { listeners: null }, count: 2, filter: { text: 'x' } }), never);
  const some = journal.wait(waitOf({ scope: { listeners: [B] }, count: 1, filter: { text: 'x' } }), never);
  send(one('x', {}, A));
  send(one('x', {}, B));
  t.equal((await all).matched, 2);
  const answer = await some;
  t.equal(answer.matched, 1);
  t.equal(itemsOf(answer)[0]?.listenerId, listener(B).id);
});

t.test('a wait counts beyond what its answer holds', async (t) => {
  const journal = await open(t);
  await journal.register(listener());
  const { send } = port(t, journal);
  const wait = journal.wait(waitOf({ limit: 2, count: 5 }), never);
  for (let i = 1; i <= 5; i++) send(one(`${i}`));
  const answer = await wait;
  t.match(answer, { satisfied: true, matched: 5, items: 2, next: cursorAt(2), hasMore: true });
});

t.test('a wait ends with its listener, its caller, or its listener’s service', async (t) => {
  const journal = await open(t);
  await journal.register(listener(A));
  await journal.register(listener(B));
  const { send } = port(t, journal);
  const gone = new AbortController();
  const waits = {
    aborted: journal.wait(waitOf({ count: 9 }), gone.signal),
    forgotten: journal.wait(waitOf({ count: 9 }), never),
    completed: journal.wait(waitOf({ scope: { listener: B }, count: 9 }), never),
  };
  send(one('b', {}, B));
  t.equal((await journal.stats()).waits, 3);
  gone.abort();
  await t.rejects(waits.aborted, { code: 'aborted' });
  await until(async () => (await journal.stats()).waits === 2);
  await journal.forget(A);
  t.match(await waits.forgotten, { gone: true, satisfied: false });
  t.match(await journal.wait(waitOf(), never), { gone: true }, 'one that comes too late');
  send(one('last', {}, B));
  await journal.complete(B, true);
  t.match(await waits.completed, { gone: false, satisfied: false, matched: 2 });
  t.match(
    await journal.wait(waitOf({ scope: { listener: B }, count: 9 }), never),
    { matched: 2 },
    'at once from now on',
  );
  t.equal((await journal.stats()).waits, 0);
  await t.rejects(journal.wait(waitOf({ scope: { listener: B } }), AbortSignal.abort()), { code: 'aborted' });
});

t.test('2,000 waits, each for its own text, are each woken by theirs', async (t) => {
  const journal = await open(t);
  await journal.register(listener());
  const { send } = port(t, journal);
  const texts = Array.from({ length: 2000 }, (_, i) => `id=${String(i).padStart(5, '0')};`);
  const waits = texts.map((text) => journal.wait(waitOf({ filter: { text } }), never));
  await until(async () => (await journal.stats()).waits === 2000);
  for (let i = 0; i < 2000; i += 50) send(chunk(texts.slice(i, i + 50).map((text) => message(`GET ${text}`))));
  const answers = await Promise.all(waits);
  t.ok(answers.every((answer, i) => answer.satisfied && textsOf(answer)[0] === `GET ${texts[i]}`));
  t.equal((await journal.stats()).waits, 0);
});

t.test('waits that ask the same are answered alike', async (t) => {
  const journal = await open(t);
  await journal.register(listener());
  const { send } = port(t, journal);
  const hex = ['616263', '61??63', '??6263'];
  const waits = Array.from({ length: 60 }, (_, i) => journal.wait(waitOf({ filter: { hex: hex[i % 3]! } }), never));
  await until(async () => (await journal.stats()).waits === 60);
  send(one('xxabcxx'));
  t.ok((await Promise.all(waits)).every(({ satisfied }) => satisfied));
});

t.test('what main appends comes after what the ports hold', async (t) => {
  const journal = await open(t);
  await journal.register(listener());
  const { send } = port(t, journal);
  send(one('a'));
  const gap = { ...message(''), kind: KIND_GAP, reason: 'lost' as const, reference: 3 };
  await journal.append(chunk([gap]));
  t.same(
    itemsOf(await journal.read(pullOf({ filter: { kinds: 63 } }))).map(({ kind }) => kind),
    ['message', 'gap'],
  );
  t.equal(await journal.accounted(A, 0, 0), 1);
  t.equal(await journal.accounted(B, 0, 0), 0);
});

t.test('payload and peer of one message', async (t) => {
  const journal = await open(t);
  await journal.register(listener());
  const { send } = port(t, journal);
  send(chunk([message('a'), message('bb', { connection: 7, direction: 1 })]));
  t.equal(Buffer.from((await journal.payload(A, 2))!).toString(), 'bb');
  t.same(await journal.peer(A, 2), {
    direction: 'out',
    remote: { address: '127.0.0.1', port: 5000 },
    connection: 7,
    thread: 'shared-1',
    recorded: { listener: A, binding: 0, incarnation: 0, ordinal: 1 },
  });
  for (const seq of [0, 3]) {
    t.equal(await journal.payload(A, seq), undefined);
    t.equal(await journal.peer(A, seq), undefined);
  }
  t.equal(await journal.payload(B, 1), undefined);
  await journal.clear(A, 2);
  t.equal(await journal.payload(A, 1), undefined);
});

t.test('bounds hold at once and exactly', async (t) => {
  const journal = await open(t);
  await journal.register(listener(A, { maxMessages: 100 }));
  const { send } = port(t, journal);
  for (let i = 0; i < 50; i++) send(chunk(Array.from({ length: 7 }, (_, j) => message(`${i * 7 + j}`))));
  t.equal((await journal.read(pullOf())).items, 100);
  await journal.configure(A, { ...ROOMY, maxMessages: 5 });
  t.same(seqsOf(await journal.read(pullOf())), [346, 347, 348, 349, 350]);
  await journal.configure(A, { ...ROOMY, maxAge: 30 });
  await until(async () => (await journal.read(pullOf())).items === 0);
  t.match((await journal.histories([A])).get(A), { firstSeq: 351, lastSeq: 350, evicted: 350, bytes: 0 });
  t.equal(await journal.clear(A), 0);
  t.equal(await journal.end({ listener: A }), cursorAt(350));
});

t.test('ages pass without anybody reading', async (t) => {
  const journal = await open(t);
  await journal.register(listener(A, { maxAge: 20 }));
  const { send } = port(t, journal);
  send(one('a'));
  await until(async () => (await journal.stats()).appends === 1 && (await journal.stats()).chunks === 0);
  t.match((await journal.histories([A])).get(A), { evicted: 1, captured: 1 });
});

t.test('the cap on all histories together', async (t) => {
  const maxBytes = 1024 * 1024;
  const journal = await open(t, { maxBytes });
  await journal.register(listener(A));
  await journal.register(listener(B));
  const { send } = port(t, journal);
  for (let i = 0; i < 300; i++)
    send(
      chunk(
        Array.from({ length: 60 }, () => message('x'.repeat(64))),
        i % 2 ? A : B,
      ),
    );
  const { bytes, maxBytes: shown } = await journal.stats().then((stats) => stats);
  const histories = await journal.histories([A, B]);
  const after = await journal.stats();
  t.equal(shown, maxBytes);
  t.ok(bytes <= maxBytes && after.bytes <= maxBytes && after.bytes > maxBytes / 2, `${after.bytes} bytes`);
  for (const { captured, evicted, lastSeq, firstSeq } of histories.values()) {
    t.equal(captured, 9000);
    t.ok(evicted > 0);
    t.equal(lastSeq - firstSeq + 1, captured - evicted);
  }
});

t.test('errors have a code', async (t) => {
  const journal = await open(t);
  await t.rejects(journal.read(pullOf()), { code: 'unknown_listener' });
  await t.rejects(journal.configure(A, ROOMY), { code: 'unknown_listener' });
  await t.rejects(journal.end({ listener: A }), { code: 'unknown_listener' });
  await journal.register(listener());
  await t.rejects(journal.read(pullOf({ after: '1' })), { code: 'cursor_ahead' });
  await t.rejects(journal.read(pullOf({ after: 'x' })), { code: 'cursor_invalid' });
  await t.rejects(journal.read(pullOf({ filter: { regex: '(' } })), { code: 'filter_invalid' });
  await t.rejects(journal.wait(waitOf({ filter: { hex: '1' } }), never), { code: 'filter_invalid' });
});

t.test('bytes that are no chunk cost their sender nothing', async (t) => {
  const journal = await open(t);
  await journal.register(listener());
  const { send, owed } = port(t, journal);
  send(new Uint8Array(500));
  send(one('a'));
  t.same(textsOf(await journal.read(pullOf())), ['a']);
  await until(() => owed() === 0);
});

t.test('readers that ask the same at the same time share one answer', async (t) => {
  const journal = await open(t);
  await journal.register(listener());
  const { send } = port(t, journal);
  send(one('a'));
  const gone = new AbortController();
  const [first, second, third] = [journal.read(pullOf()), journal.read(pullOf()), journal.read(pullOf(), gone.signal)];
  gone.abort();
  await t.rejects(third, { code: 'aborted' });
  t.equal(await first, await second);
  t.same(textsOf(await first), ['a']);
  t.same(textsOf(await journal.read(pullOf())), ['a'], 'and later from what was kept');
  send(one('b'));
  t.same(textsOf(await journal.read(pullOf())), ['a', 'b']);
});

t.test('a long scan is taken back when its reader goes, and holds nobody up', async (t) => {
  const journal = await open(t);
  await journal.register(listener(A));
  await journal.register(listener(B));
  const { send } = port(t, journal);
  const template = chunk(Array.from({ length: 500 }, () => message('x'.repeat(64))));
  for (let i = 0; i < 400; i++) send(template.slice());
  await journal.histories([A]);
  const gone = new AbortController();
  const scans = Array.from({ length: 4 }, (_, i) =>
    journal.read(pullOf({ filter: { regex: `y{${i + 1}}z` } }), gone.signal),
  );
  let ended = 0;
  const settled = Promise.allSettled(scans.map((scan) => scan.finally(() => ended++)));
  send(one('quick', {}, B));
  t.same(textsOf(await journal.read(pullOf({ scope: { listener: B } }))), ['quick']);
  t.equal(ended, 0, 'before any of the scans');
  gone.abort();
  t.ok((await settled).every(({ status }) => status === 'rejected'));
});

t.test('no promise outlives the thread', async (t) => {
  const deaths: Error[] = [];
  const workerData: JournalStart = { dataDir: null, maxBytes: 1e6, fsync: 'interval' };
  const worker = new Worker(new URL('../../../../src/journal/thread/thread.js', import.meta.url), {
    workerData,
    execArgv: [],
  });
  const journal = new JournalClient(worker, (error) => deaths.push(error));
  await journal.ready;
  await journal.register(listener());
  const wait = journal.wait(waitOf(), never);
  const caught = t.rejects(wait, { code: 'closed' });
  await worker.terminate();
  await caught;
  await t.rejects(journal.stats(), { code: 'closed' });
  t.equal(deaths.length, 1);
  await journal.close();
});

t.test('closing answers the waits, ends the thread and is no death', async (t) => {
  const deaths: Error[] = [];
  const journal = await openJournal({ dataDir: null, execArgv: [], onDeath: (error) => deaths.push(error) });
  await journal.register(listener());
  const wait = journal.wait(waitOf(), never);
  await journal.close();
  t.match(await wait, { satisfied: false });
  await t.rejects(journal.stats(), { code: 'closed' });
  await journal.close();
  t.equal(deaths.length, 0);
});

t.test('with a directory it goes on where it ended', async (t) => {
  const dataDir = temporaryDirectory(t);
  const first = await openJournal({ dataDir, execArgv: [] });
  await first.register(listener(A, { maxMessages: 3 }));
  await first.register(listener(B));
  const { send } = port(t, first);
  send(chunk(['a', 'b', 'c', 'd'].map((text) => message(text))));
  send(chunk([message('x'), { ...message(''), kind: KIND_GAP, reference: 1 }], B));
  await first.read(pullOf({ limit: 1 }));
  const histories = await first.histories([A, B]);
  const end = await first.end({ listeners: null });
  await first.forget(B);
  await first.close();

  const journal = await open(t, { dataDir });
  t.same((await journal.histories([A])).get(A), histories.get(A));
  t.same((await journal.histories([B])).size, 0);
  await journal.register(listener(A, { maxMessages: 3 }));
  t.same(textsOf(await journal.read(pullOf())), ['b', 'c', 'd']);
  const again = port(t, journal);
  again.send(one('e'));
  t.same(
    itemsOf(await journal.read(pullOf())).map(({ seq, text }) => [seq, text]),
    [
      ...[
        [3, 'c'],
        [4, 'd'],
        [5, 'e'],
      ],
    ],
  );
  t.same(textsOf(await journal.read(pullOf({ scope: { listeners: null }, after: end }))), ['e'], 'cursors stay good');
  t.equal((await journal.stats()).engine, 'file');
});

t.test('a directory that can’t be written is an error at the start', async (t) => {
  await t.rejects(openJournal({ dataDir: '/dev/null/nowhere', execArgv: [] }), {
    message: /data directory .* can't be used: ENOTDIR/,
  });
});

t.test('what gap records told is summed, kept or not, and what is counted beside comes back', async (t) => {
  const journal = await open(t);
  const { number, capture } = listener();
  await journal.register({ ...listener(), capture: { ...capture, maxMessages: 0 } });
  const origin = { listener: number, openedAt: 0, binding: 0, thread: 1, incarnation: 0 };
  for (const lost of [5, 2]) await journal.append(lostRecord(origin, lost));
  await journal.saveCounts(
    new Map([
      [number, 'counts'],
      [number + 1, 'of nobody'],
    ]),
  );
  const saved = await journal.savedCounts();
  t.equal(saved.size, 1);
  t.match(saved.get(number), {
    counts: 'counts',
    traffic: { captured: 0, outgoing: 0, dropped: { lost: 7, closed: 0 } },
  });
});
