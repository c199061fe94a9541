/** What the model looks for is found when it is there. */
import t from 'tap';
import { Draws } from './draws.ts';
import { Trail } from './trail.ts';
import { Known, World } from './world.ts';

function trail(from?: number): { world: World; known: Known; trail: Trail } {
  const world = new World();
  const known = world.add(new Known('l_1', 'plain', { host: '127.0.0.1', port: 1 }));
  return {
    world,
    known,
    trail: new Trail(world, known, { who: 'a reader', ...(from !== undefined && { last: from }) }),
  };
}

const item = (seq: number, more: object = {}) => ({
  ...{ seq, listenerId: 'l_1', direction: 'in', at: '2026', size: 1, text: `${seq}`, ...more },
});

t.test('a hole, a repetition, a change and a gap that is none', async (t) => {
  const found = (items: object[], from?: number) => {
    const made = trail(from);
    for (const each of items) made.trail.message(each);
    return made.world.violations.length;
  };
  t.equal(found([item(1), item(2)], 0), 0);
  t.equal(found([item(5), item(6)]), 0, 'a reader that begins in the middle');
  t.equal(found([item(2)], 0), 1, 'a hole at the beginning');
  t.equal(found([item(1), item(3)], 0), 1, 'a hole');
  t.equal(found([item(1), item(1)], 0), 1, 'twice');
  t.equal(found([item(1, { listenerId: 'l_2' })], 0), 1, 'of another listener');
  const { world, known, trail: first } = trail(0);
  first.message(item(1));
  new Trail(world, known, { who: 'another', last: 0 }).message(item(1, { text: 'other' }));
  t.match(world.violations, [/was in 2026 1 1, and is in 2026 1 other/]);
});

t.test('a gap is right where something was forgotten, and where it begins', async (t) => {
  const told = (forgets: boolean, gap: { dropped: number; fromSeq: number; toSeq: number }) => {
    const { world, known, trail: reader } = trail(0);
    known.forgets = forgets;
    reader.message(item(1));
    reader.gap({ reason: 'cleared', ...gap });
    reader.message(item(5));
    return world.violations.length;
  };
  t.equal(told(true, { dropped: 3, fromSeq: 2, toSeq: 4 }), 0);
  t.equal(told(false, { dropped: 3, fromSeq: 2, toSeq: 4 }), 1);
  t.equal(told(true, { dropped: 2, fromSeq: 2, toSeq: 4 }), 1);
  t.equal(told(true, { dropped: 2, fromSeq: 3, toSeq: 4 }), 1);
  t.equal(told(true, { dropped: 2, fromSeq: 2, toSeq: 3 }), 1);
});

t.test('a name that two have, and one that is refused though nobody has it', async (t) => {
  const { names, violations } = new World();
  const first = names.ask('x');
  names.given('x', first, 'l_1');
  names.refused('x', names.ask('x'));
  t.same(violations, []);
  const left = names.giveUp('l_1');
  const second = names.ask('x');
  names.given('x', second, 'l_2');
  names.gone(left);
  t.same(violations, [], 'one after the other');
  names.given('x', names.ask('x'), 'l_3');
  t.match(violations, [/l_2 and l_3 are both named x/]);
  names.refused('y', names.ask('y'));
  t.match(violations[1], /y was refused/);
});

t.test('a seed draws the same', async (t) => {
  const drawn = (seed: number) => {
    const draws = new Draws(seed);
    return Array.from({ length: 100 }, () => draws.below(1000));
  };
  t.same(drawn(1), drawn(1));
  t.notSame(drawn(1), drawn(2));
  t.ok(new Set(drawn(1)).size > 80);
});
