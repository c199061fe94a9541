import t from 'tap';
import {
  ActionRunner,
  PENDING_BYTES,
  PENDING_TASKS,
  type Task,
} from '../../../../src/runtime/pipeline/action-runner.ts';
import type { Action } from '../../../../src/runtime/pipeline/behavior.ts';
import type { Link } from '../../../../src/runtime/pipeline/link.ts';
import { Request } from '../../../../src/runtime/pipeline/request.ts';
import { SerialQueue } from '../../../../src/runtime/pipeline/serial-queue.ts';

const bytes = (text: string) => Uint8Array.from(Buffer.from(text));
const send = (text: string): Action => ({ do: 'send', payload: bytes(text) });
const delay = (ms: number): Action => ({ do: 'delay', ms });
const echo: Action = { do: 'send', payload: (request) => request.payload };

/** A runner that writes down what it does. */
function rig() {
  const log: string[] = [];
  const runner = new ActionRunner({
    done: () => log.push('done'),
    way: () => null,
    sendTo: ({ protocol, to }, payload) => log.push(`${Buffer.from(payload)} to ${protocol} ${to.host} ${to.port}`),
    suppressed: () => log.push('suppressed'),
    failed: (error) => log.push(String(error)),
  });
  const link: Link = {
    send: (payload, { answers }) => log.push(`${Buffer.from(payload)} to ${answers}`),
    close: () => {},
    hold: (reason, on) => log.push(`${on ? 'hold' : 'go on'} ${reason}`),
    keep: () => link,
  };
  const request = new Request({ thread: 'shared-1', listener: 'l', localPort: 1 });
  const start = (actions: readonly Action[], ordinal = 1, queue: SerialQueue<Task> | null = null) =>
    runner.start(actions, request, link, ordinal, queue);
  return { log, runner, request, start };
}

t.test('actions are carried out in order', async (t) => {
  const { log, runner, start } = rig();
  const begun = performance.now();
  start([send('a'), delay(20), send('b'), send('c')]);
  t.same(log, ['a to 1']);
  t.equal(runner.pending, 1);
  await runner.drain(3_600_000);
  t.same(log, ['a to 1', 'b to 1', 'c to 1', 'done'], 'drained as soon as it was over');
  t.ok(performance.now() - begun >= 19, 'after the delay');
});

t.test('what takes too long is given up, and counted', async (t) => {
  const { log, runner, start } = rig();
  start([delay(60_000), send('x')]);
  await runner.drain(10);
  t.equal(runner.pending, 1);
  runner.cancel();
  t.same(log, ['suppressed']);
  t.equal(runner.pending, 0);
});

t.test(
  'a message whose actions take time keeps its own payload, whatever its memory is used for meanwhile',
  async (t) => {
    const { log, runner, request, start } = rig();
    const slot = bytes('first');
    request.payload = slot;
    start([delay(5), echo]);
    slot.set(bytes('other'));
    request.payload = bytes('second');
    start([echo], 2);
    await runner.drain(5_000);
    t.same(log, ['second to 2', 'done', 'first to 1', 'done']);
  },
);

t.test('only so many wait, in number and in bytes', async (t) => {
  const { log, runner, request, start } = rig();
  for (let i = 0; i < PENDING_TASKS; i++) start([delay(60_000)]);
  t.same(log, []);
  start([delay(60_000)]);
  t.same(log, ['suppressed', 'done']);
  runner.cancel();
  t.equal(log.length, 2 + PENDING_TASKS);
  log.length = 0;
  request.payload = new Uint8Array(PENDING_BYTES / 4 + 1);
  for (let i = 0; i < 5; i++) start([delay(60_000)]);
  t.same(log, ['suppressed', 'done'], 'four are more than may wait');
  runner.cancel();
});

t.test('an action that throws is told, and the next message is answered', async (t) => {
  const { log, start } = rig();
  const broken: Action = {
    do: 'send',
    payload: () => {
      throw new Error('no such field');
    },
  };
  start([broken, send('never')]);
  start([send('b')], 2);
  t.same(log, ['Error: no such field', 'done', 'b to 2', 'done']);
});

t.test('in a queue answers keep the order of what they answer, however long each takes', async (t) => {
  const { log, runner, start } = rig();
  const queue = new SerialQueue<Task>();
  for (const n of [1, 2, 3, 4, 5]) start(n % 2 === 0 ? [send('now')] : [delay(2), send('late')], n, queue);
  t.equal(queue.waiting, 4);
  await runner.drain(5_000);
  while (runner.pending > 0) await runner.drain(5_000);
  t.same(
    log.filter((line) => line.includes(' to ')),
    ['late to 1', 'now to 2', 'late to 3', 'now to 4', 'late to 5'],
  );
  t.equal(log.filter((line) => line === 'done').length, 5);
  t.equal(log.at(-1), 'go on answering');
  t.equal(queue.isBusy, false);
});

t.test('in a queue a crowd needs no stack, and places are limited', async (t) => {
  const { log, runner, start } = rig();
  const queue = new SerialQueue<Task>(1_000);
  start([delay(1)], 0, queue);
  for (let i = 1; i <= 1_001; i++) start([send('x')], i, queue);
  t.same(log, ['hold answering', 'suppressed', 'done']);
  t.ok(queue.isFull);
  await runner.drain(5_000);
  t.equal(log.filter((line) => line.includes(' to ')).length, 1_000);
  t.equal(queue.waiting, 0);
});

t.test('what is held goes on when it is answered, or when its time is over', async (t) => {
  const { log, runner, start } = rig();
  const queue = new SerialQueue<Task>();
  start([send('a'), { do: 'hold', ms: 60_000 }, send('b')], 7, queue);
  start([send('c')], 8, queue);
  t.same(log, ['a to 7', 'hold answering']);
  t.equal(runner.release(8), false, 'that one is not held');
  t.equal(runner.release(7), true);
  t.same(log.splice(0), ['a to 7', 'hold answering', 'b to 7', 'done', 'c to 8', 'done', 'go on answering']);
  t.equal(runner.release(7), false);
  start([{ do: 'hold', ms: 5 }, send('d')], 9, queue);
  await runner.drain(5_000);
  t.same(log.splice(0), ['hold answering', 'd to 9', 'done', 'go on answering']);
});

t.test('with its peer a line is held no more, whatever stands in it', async (t) => {
  const { log, runner, start } = rig();
  const queue = new SerialQueue<Task>();
  const held: Action = { do: 'hold', ms: 60_000 };
  start([held, held, send('a')], 1, queue);
  start([held, send('b')], 2, queue);
  start([delay(5), held, send('c')], 3, queue);
  runner.releaseAll(queue);
  t.same(
    log.filter((line) => line.includes(' to ')),
    ['a to 1', 'b to 2'],
  );
  t.equal(runner.pending, 1, 'a delay takes its time');
  runner.cancel();
  t.equal(runner.release(3), false);
  t.equal(runner.pending, 0);
});
