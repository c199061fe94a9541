import t from 'tap';
import { DelayedActions, PENDING_ANSWERS } from '../../../../src/runtime/pipeline/delayed-actions.ts';
import { SerialQueue, WAITING } from '../../../../src/runtime/pipeline/serial-queue.ts';
import { until } from '../../workers/rig.ts';

const bytes = (text: string) => Uint8Array.from(Buffer.from(text));

t.test('steps are carried out in order', async (t) => {
  const answers = new DelayedActions();
  const log: string[] = [];
  const steps = [{ reply: bytes('a') }, { delay: 20 }, { reply: bytes('b') }, { reply: bytes('c') }];
  const begun = performance.now();
  answers.run(
    steps,
    (payload) => log.push(Buffer.from(payload).toString()),
    (complete) => log.push(`done ${complete}`),
  );
  t.same(log, ['a']);
  t.equal(answers.pending, 1);
  await answers.drain(5_000);
  t.same(log, ['a', 'b', 'c', 'done true']);
  t.ok(performance.now() - begun >= 19 && performance.now() - begun < 2_000, 'drained as soon as it was over');
});

t.test('what takes too long is given up', async (t) => {
  const answers = new DelayedActions();
  const log: string[] = [];
  const reply = () => log.push('reply');
  answers.run([{ delay: 60_000 }, { reply: bytes('x') }], reply, (complete) => log.push(`done ${complete}`));
  await answers.drain(10);
  t.equal(answers.pending, 1);
  t.equal(answers.cancel(), 1);
  t.same(log, ['done false']);
  t.equal(answers.pending, 0);
});

t.test('only so many wait', async (t) => {
  const answers = new DelayedActions();
  const run = () =>
    answers.run(
      [{ delay: 60_000 }],
      () => {},
      () => {},
    );
  for (let i = 0; i < PENDING_ANSWERS; i++) if (!run()) t.fail(`refused number ${i}`);
  t.equal(run(), false);
  t.equal(answers.cancel(), PENDING_ANSWERS);
  t.equal(run(), true);
  answers.cancel();
});

t.test('turns: one at a time, in order, however long each takes', async (t) => {
  const log: string[] = [];
  let busy = 0;
  const turns = new SerialQueue<number>((item, done) => {
    t.equal(++busy, 1) || t.bailout();
    log.push(`begin ${item}`);
    const end = () => {
      busy--;
      log.push(`end ${item}`);
      done();
    };
    if (item % 2 === 0) end();
    else setTimeout(end, 2);
  });
  for (const item of [1, 2, 3, 4, 5]) t.equal(turns.enter(item), true);
  t.equal(turns.waiting, 4);
  await until(() => log.length === 10);
  t.same(
    log,
    [1, 2, 3, 4, 5].flatMap((item) => [`begin ${item}`, `end ${item}`]),
  );
});

t.test('turns: a crowd served at once needs no stack, and places are limited', async (t) => {
  const held = new SerialQueue<number>(() => {});
  let entered = 0;
  while (held.enter(entered)) entered++;
  t.equal(entered, WAITING + 1, 'one is being served');
  t.equal(held.waiting, WAITING);
  t.equal(held.clear().length, WAITING);
  let served = 0;
  const quick = new SerialQueue<number>((_item, done) => {
    served++;
    done();
  });
  for (let i = 0; i < 50_000; i++) quick.enter(i);
  t.equal(served, 50_000);
});
