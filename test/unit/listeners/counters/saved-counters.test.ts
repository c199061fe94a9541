import t from 'tap';
import type { Traffic } from '../../../../src/journal/journal.ts';
import { ListenerCounters } from '../../../../src/listeners/counters/listener-counters.ts';
import { type SavedCounters, settledCounts } from '../../../../src/listeners/counters/saved-counters.ts';
import { BindingCounters } from '../../../../src/runtime/counters.ts';

t.setTimeout(120_000);

const NOTHING: Traffic = {
  captured: 0,
  full: 0,
  incomingBytes: 0,
  outgoing: 0,
  outgoingBytes: 0,
  dropped: { kernel: 0, overload: 0, paused: 0, closed: 0, lost: 0 },
};

function saved(counts: Partial<SavedCounters>): string {
  const taken = { request: 0, reply: 0, connection: 0 };
  return JSON.stringify({ sums: {}, taken, knowsKernelDrops: true, expiresAt: null, ...counts });
}

t.test('what is known for certain makes up for what is late', async (t) => {
  const dropped = { ...NOTHING.dropped, kernel: 9, paused: 4, lost: 1 };
  const known = { ...NOTHING, captured: 10, full: 2, incomingBytes: 100, outgoing: 3, outgoingBytes: 30, dropped };
  const sums = { received: 6, receivedBytes: 60, requests: 5, sent: 1, paused: 1, denied: 5, closed: 2 };
  const taken = { request: 2, reply: 1, connection: 0 };
  const counts = settledCounts(saved({ sums, taken }), known, 'udp');
  t.match(counts.sums, { kernel: 9, paused: 4, lost: 1, denied: 5, closed: 2, sent: 3, sentBytes: 30 });
  t.equal(counts.sums.received, 10 + 2 + 4 + 1 + 5 + 2, 'captured and all that was dropped after it was read');
  t.equal(counts.sums.receivedBytes, 100);
  t.equal(counts.sums.requests, 12, 'each datagram in the journal was a request');
  t.equal(counts.taken.request, 2 + 7, 'so they took numbers');
});

t.test('an orderly end is not touched', async (t) => {
  const sums = { received: 9, receivedBytes: 99, requests: 2, connectionsTotal: 2, sent: 4, sentBytes: 40, denied: 2 };
  const taken = { request: 2, reply: 4, connection: 2 };
  const known = { ...NOTHING, captured: 7, incomingBytes: 70, outgoing: 4, outgoingBytes: 40 };
  const counts = settledCounts(saved({ sums, taken }), known, 'tcp');
  t.match(counts.sums, sums);
  t.same(counts.taken, taken);
});

t.test('nothing saved: the journal alone', async (t) => {
  const counts = settledCounts(null, { ...NOTHING, captured: 3 }, 'tcp');
  t.match(counts, { sums: { received: 3 }, knowsKernelDrops: true, expiresAt: null });
});

t.test('counters go on from there, and renewed bindings number anew', async (t) => {
  const past = settledCounts(saved({ knowsKernelDrops: false }), { ...NOTHING, captured: 3 }, 'udp');
  const counters = new ListenerCounters(2, past);
  t.equal(counters.sums().requests, 3);
  t.equal(counters.taken('request'), 3);
  t.equal(counters.taken('served'), 3, 'requests in service have seen their end');
  t.equal(counters.knowsKernelDrops, false);
  counters.row(1).add('received', 2);
  t.match(counters.lasting(), { received: 5, requests: 3 });
  counters.row(0).take('connection', 4);
  const next = counters.prepare(1);
  t.equal(counters.taken('request'), 3, 'the old ones are in force still');
  new BindingCounters(next, 0).add('received');
  t.match(counters.sums(), { received: 6, requests: 3 });
  counters.abandon();
  t.match(counters.sums(), { received: 6, requests: 3 }, 'what came to nothing had read all the same');
  counters.prepare(1);
  counters.adopt();
  t.equal(counters.taken('request'), 0);
  t.equal(counters.taken('connection'), 4, 'connections are numbered on');
  t.match(counters.lasting(), { received: 6, requests: 3 });
  counters.settle();
  t.match(counters.lasting(), { received: 6, requests: 3 });
});
