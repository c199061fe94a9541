import t from 'tap';
import { BindingCounters, createCounters, sumCounters } from '../../../src/runtime/counters.ts';

t.test('each binding writes its own row; the sum is the listener', async (t) => {
  const memory = createCounters(3);
  const rows = [0, 1, 2].map((binding) => new BindingCounters(memory, binding));
  rows.forEach((row, i) => {
    row.add('received', i + 1);
    row.set('lastRequestAt', 100 * (i + 1));
  });
  t.equal(sumCounters(memory).received, 6);
  t.equal(sumCounters(memory).lastRequestAt, 300, 'the last one, not the sum');
  t.equal(rows[1]!.get('received'), 2);
  t.same([rows[0]!.take('request'), rows[2]!.take('request'), rows[1]!.taken('request')], [1, 2, 2]);
});

t.test('connections are limited over all bindings', async (t) => {
  const memory = createCounters(2);
  const [one, two] = [new BindingCounters(memory, 0), new BindingCounters(memory, 1)];
  t.same([one.enter(3), two.enter(3), one.enter(3), two.enter(3)], [true, true, true, false]);
  t.equal(sumCounters(memory).connectionsOpen, 3);
  one.leave();
  t.equal(two.enter(3), true);
});

t.test('what a dead thread had open is settled, and its requests count as served', async (t) => {
  const memory = createCounters(2);
  const [dead, alive] = [new BindingCounters(memory, 0), new BindingCounters(memory, 1)];
  for (const row of [dead, dead, alive]) {
    row.enter(10);
    row.take('request');
    row.add('requests');
  }
  t.equal(alive.serve(3), false);
  alive.leave();
  t.equal(dead.inherit(3), true, 'the last of three requests has ended');
  t.equal(dead.inherit(3), false, 'told once');
  t.equal(sumCounters(memory).connectionsOpen, 0);
  t.equal(dead.serve(null), false);
});
