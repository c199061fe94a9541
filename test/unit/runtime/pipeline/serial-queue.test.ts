/** The line in which actions wait: bounded, in order, and of what comes again and again one waits. */
import t from 'tap';
import { SerialQueue } from '../../../../src/runtime/pipeline/serial-queue.ts';

t.test('first come, first served, up to the bound', async (t) => {
  const queue = new SerialQueue<number>(3_000);
  for (let n = 0; n < 3_000; n++) queue.push(n);
  t.equal(queue.isFull, true);
  for (let n = 0; n < 2_000; n++) if (queue.shift() !== n) t.fail(`${n} is out of order`);
  t.equal(queue.waiting, 1_000);
  t.same(queue.clear().slice(0, 2), [2_000, 2_001]);
  t.equal(queue.shift(), undefined);
});

t.test('a turn is held from its push until it has come, or the line is cleared', async (t) => {
  const queue = new SerialQueue<string>();
  t.notOk(queue.holds(''), 'messages are of no turn');
  queue.push('message');
  queue.push('beat', 'every 10');
  t.ok(queue.holds('every 10'));
  t.notOk(queue.holds('every 20'));
  t.notOk(queue.holds(''));
  queue.shift();
  t.ok(queue.holds('every 10'));
  t.equal(queue.shift(), 'beat');
  t.notOk(queue.holds('every 10'));
  queue.push('beat', 'every 10');
  t.same(queue.clear(), ['beat']);
  t.notOk(queue.holds('every 10'));
});
