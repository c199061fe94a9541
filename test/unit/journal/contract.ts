/** What every journal promises who uses its ports. `open` gives a fresh one; what is asked for stays within what a fake can do. */
import t, { type Test } from 'tap';
import type { Journal } from '../../../src/journal/ports.ts';
import { A, B, chunk, itemsOf, listener, message, pullOf, texts, textsOf, until, waitOf } from './fixtures.ts';
import { port } from './journals.ts';

const never = () => new AbortController().signal;

export function journalContract(name: string, open: (t: Test) => Promise<Journal>): void {
  const test = (title: string, run: (t: Test, journal: Journal) => Promise<void>) =>
    t.test(`${name}: ${title}`, async (t) => {
      const journal = await open(t);
      await journal.register(listener(A));
      await journal.register(listener(B));
      await run(t, journal);
    });
  const fill = async (journal: Journal, ...all: string[]) => {
    for (const one of texts(...all)) await journal.append(one);
  };

  test('writer: what a link or the main thread hands over is numbered in order, and its credit comes back', async (t, journal) => {
    const { send, owed } = port(t, journal);
    for (const one of texts('a', 'b')) send(one);
    await until(() => owed() === 0);
    await fill(journal, 'c');
    const page = await journal.read(pullOf());
    t.same(textsOf(page), ['a', 'b', 'c']);
    t.same(
      itemsOf(page).map(({ seq }) => seq),
      [1, 2, 3],
    );
  });

  test('reader: pages go on where the one before ended, up and down', async (t, journal) => {
    await fill(journal, 'a', 'b', 'c');
    const first = await journal.read(pullOf({ limit: 2 }));
    t.same([textsOf(first), first.hasMore, first.items, first.messages], [['a', 'b'], true, 2, 2]);
    const second = await journal.read(pullOf({ limit: 2, after: first.next }));
    t.same([textsOf(second), second.hasMore], [['c'], false]);
    const nothing = await journal.read(pullOf({ after: second.next }));
    t.same([nothing.items, nothing.next], [0, second.next]);
    t.same(textsOf(await journal.read(pullOf({ order: 'desc', limit: 2 }))), ['c', 'b']);
    t.same(textsOf(await journal.read(pullOf({ filter: { text: 'b' } }))), ['b']);
  });

  test('reader: the end of a scope is where what comes next begins', async (t, journal) => {
    await fill(journal, 'a');
    await journal.append(chunk([message('other')], B));
    for (const scope of [{ listener: A }, { listeners: null }]) {
      const after = await journal.end(scope);
      t.equal((await journal.read(pullOf({ scope, after }))).items, 0);
      await fill(journal, 'b');
      t.same(textsOf(await journal.read(pullOf({ scope, after }))), ['b']);
    }
    t.same(textsOf(await journal.read(pullOf({ scope: { listeners: null } }))), ['a', 'other', 'b', 'b']);
  });

  test('reader: a cursor beyond the end is refused', async (t, journal) => {
    await fill(journal, 'a');
    await t.rejects(journal.read(pullOf({ after: '2' })), { code: 'cursor_ahead' });
  });

  test('reader: reads of the same in one turn are one', async (t, journal) => {
    await fill(journal, 'a');
    const gone = new AbortController();
    const [first, second] = [journal.read(pullOf()), journal.read(pullOf())];
    const third = t.rejects(journal.read(pullOf(), gone.signal), { code: 'aborted' });
    gone.abort();
    t.equal(await first, await second);
    await third;
    await fill(journal, 'b');
    t.same(textsOf(await journal.read(pullOf())), ['a', 'b'], 'a later one is another');
  });

  test('reader: waits end by what comes, at their time, or when taken back', async (t, journal) => {
    const wait = journal.wait(waitOf({ count: 2 }), never());
    await fill(journal, 'a', 'b');
    const found = await wait;
    t.match(found, { satisfied: true, matched: 2, gone: false });
    t.same(textsOf(found), ['a', 'b']);
    t.match(await journal.wait(waitOf({ count: 3, timeout: 10 }), never()), { satisfied: false, matched: 2 });
    const gone = new AbortController();
    const left = t.rejects(journal.wait(waitOf({ count: 3 }), gone.signal), { code: 'aborted' });
    gone.abort();
    await left;
  });

  test('reader: payloads, clearing, histories and tails', async (t, journal) => {
    const tails: (number | undefined)[] = [];
    const stop = journal.onTails((all) => tails.push(all.get(A)));
    await fill(journal, 'a', 'b');
    await until(() => tails.at(-1) === 2);
    stop();
    t.equal(Buffer.from((await journal.payload(A, 2))!).toString(), 'b');
    t.equal(await journal.payload(A, 3), undefined);
    t.equal(await journal.clear(A, 2), 1);
    t.same(textsOf(await journal.read(pullOf())), ['b']);
    t.match((await journal.histories([A, B])).get(A), { lastSeq: 2 });
    await fill(journal, 'c');
    await journal.read(pullOf());
    t.equal(tails.at(-1), 2, 'stopped');
  });

  test('catalog: what is saved with a listener is there until it is forgotten', async (t, journal) => {
    await journal.saveSpec(A, 'spec');
    await journal.saveCounts(new Map([[A, 'counts']]));
    t.equal((await journal.savedCounts()).get(A)?.counts, 'counts');
    t.equal((await journal.savedCounts()).get(B)?.counts, null);
    await journal.forget(A);
    await journal.saveSpec(A, 'too late');
    t.notOk((await journal.savedSpecs()).has(A));
    t.notOk((await journal.savedCounts()).has(A));
  });

  test('catalog: forgetting ends reads and waits on a listener, and drops its messages', async (t, journal) => {
    await fill(journal, 'a');
    const wait = journal.wait(waitOf({ count: 2 }), never());
    await journal.forget(A);
    t.match(await wait, { satisfied: false, gone: true });
    await t.rejects(journal.read(pullOf()), { code: 'unknown_listener' });
    t.notOk((await journal.histories([A])).has(A));
    await journal.register(listener(A));
    t.same(textsOf(await journal.read(pullOf())), []);
  });

  test('catalog: waits on a listener that serves no more end at once, with what there is', async (t, journal) => {
    await fill(journal, 'a');
    const wait = journal.wait(waitOf({ count: 2 }), never());
    await journal.complete(A, true);
    t.match(await wait, { satisfied: false, matched: 1, gone: false });
    t.match(await journal.wait(waitOf({ count: 2 }), never()), { satisfied: false, matched: 1 });
    await journal.complete(A, false);
    const later = journal.wait(waitOf({ count: 2 }), never());
    await fill(journal, 'b');
    t.match(await later, { satisfied: true });
  });

  test('admin: closed, it ends once', async (t, journal) => {
    await journal.close();
    await journal.close();
    t.pass('ended');
  });
}
