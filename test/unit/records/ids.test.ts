import fc from 'fast-check';
import t from 'tap';
import { THREAD_DEDICATED } from '../../../src/records/chunk.ts';
import {
  connectionId,
  connectionNumber,
  listenerId,
  listenerNumber,
  randomListenerNumber,
  threadName,
  threadOf,
} from '../../../src/records/ids.ts';

t.test('a listener id and its number stand for each other', (t) => {
  fc.assert(
    fc.property(fc.nat(2 ** 48 - 1), (number) => {
      const id = listenerId(number);
      t.match(id, /^l_[0-9a-hjkmnp-tv-z]{10}$/);
      t.equal(listenerNumber(id), number);
    }),
    { numRuns: 200 },
  );
  t.equal(listenerId(0), 'l_0000000000');
  t.equal(listenerNumber('l_zzzzzzzzzz'), undefined, 'more than 48 bits');
  for (const other of ['statsd', 'l_', 'l_000000000', 'l_000000000i', 'c_0000000000', '']) {
    t.equal(listenerNumber(other), undefined, other);
  }
  t.not(randomListenerNumber(), randomListenerNumber());
  t.end();
});

t.test('a connection id and its number stand for each other', (t) => {
  for (const number of [1, 35, 36, 0xffff_ffff]) t.equal(connectionNumber(connectionId(number)), number);
  t.equal(connectionNumber('c_'), undefined);
  t.equal(connectionNumber('l_1'), undefined);
  t.end();
});

t.test('threads have names, and names threads', (t) => {
  t.equal(threadName(0, 1), 'main');
  t.equal(threadName(3, 1), 'shared-3');
  t.equal(threadName(THREAD_DEDICATED | 2, 77), `${listenerId(77)}-2`);
  for (const thread of [0, 3, THREAD_DEDICATED | 2]) t.equal(threadOf(threadName(thread, 77)), thread);
  t.equal(threadOf('nobody'), -1);
  t.end();
});
