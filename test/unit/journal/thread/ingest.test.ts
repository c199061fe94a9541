/** Ingest while writes fail: on a file, in the thread of the test, so that it is certain what is held when. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import t, { type Test } from 'tap';
import { JournalError } from '../../../../src/journal/journal-error.ts';
import { Log } from '../../../../src/journal/log/log.ts';
import { SqliteStore } from '../../../../src/journal/store/sqlite/sqlite-store.ts';
import { DiskReserve } from '../../../../src/journal/thread/disk-reserve.ts';
import { Ingest } from '../../../../src/journal/thread/ingest.ts';
import { PortLink } from '../../../../src/journal/thread/port-link.ts';
import { withFailedWrites } from '../../../support/faults.ts';
import { A, B, chunk, listener, message } from '../fixtures.ts';

/** More writes than a clear makes, with what it takes before. */
const MOST = 50;

/** An ingest with two links to it, and what its log holds of a listener. */
function open(t: Test) {
  const directory = mkdtempSync(join(tmpdir(), 'listenpost-'));
  const log = new Log(new SqliteStore(join(directory, 'journal.db')), 1e9);
  for (const number of [A, B]) log.register(listener(number));
  log.commit();
  const ingest = new Ingest({ log, reserve: new DiskReserve(log, null), onCommit: () => {} });
  const ports = [0, 1].map(() => {
    const { port1, port2 } = new MessageChannel();
    ingest.attach(new PortLink(port2));
    return port1;
  });
  t.teardown(async () => {
    ingest.end();
    await log.store.close();
    rmSync(directory, { recursive: true });
  });
  const send = (text: string, number = A, port = 0) => ports[port]!.postMessage(chunk([message(text)], number));
  const kept = (number = A) => {
    const history = log.histories.get(number)!;
    const seqs = Array.from({ length: history.kept }, (_, i) => history.firstSeq + i);
    return seqs.map((seq) => Buffer.from(log.find(history, seq)!.payload).toString());
  };
  /** The command again until it is carried out, then what is held. */
  const insist = (step: () => unknown) => {
    for (let done = false; !done; ) {
      try {
        step();
        done = true;
      } catch (error) {
        if (!(error instanceof JournalError && error.code === 'storage')) throw error;
      }
    }
    while (ingest.fault !== null) ingest.tend();
    ingest.drain();
  };
  return { log, ingest, send, kept, insist };
}

t.test('what was posted before a clear is cleared, whichever write fails', (t) => {
  const { log, ingest, send, kept, insist } = open(t);
  let n = 0;
  let happened = true;
  while (happened && n < MOST) {
    n++;
    send(`stored ${n}`);
    ingest.drain();
    send(`held ${n}`);
    send(`other ${n}`, B);
    send(`held beside ${n}`, A, 1);
    happened = withFailedWrites(n, () => {
      insist(() => ingest.clear(A));
    });
    t.same(kept(), [], `write ${n}`);
    send(`later ${n}`);
    ingest.drain();
    t.same(kept(), [`later ${n}`], 'what comes later stays');
  }
  t.ok(n > 5 && n < MOST, `${n} writes`);
  t.equal(kept(B).length, n, 'of another listener nothing goes');
  const history = log.histories.get(A)!;
  t.match(history.history(), { captured: 4 * n, cleared: 4 * n - 1, evicted: 0 });
  t.end();
});

t.test('a clear up to a message takes of what is held what lies before that', (t) => {
  for (const n of [1, 2, 3, 4, 5, 6]) {
    const { ingest, send, kept, insist } = open(t);
    for (const text of ['1', '2', '3', '4']) send(text);
    t.ok(withFailedWrites(n, () => insist(() => ingest.clear(A, 3))));
    t.same(kept(), ['3', '4'], `write ${n}`);
  }
  t.end();
});

t.test('a clear that is refused takes nothing of what is held', (t) => {
  const { ingest, send, kept, insist } = open(t);
  send('stored');
  ingest.drain();
  send('held');
  withFailedWrites(1, () => t.throws(() => ingest.clear(A), { code: 'storage' }), Number.POSITIVE_INFINITY);
  insist(() => ingest.change(() => {}));
  t.same(kept(), ['stored', 'held']);
  t.end();
});
